// An image that a tool of an MCP server returns, through the adapter, the graph and every provider's real package: the
// model sees it where it is known to take images, and reads what was there where it is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToolConnection } from '../../agent/mcp/connection.ts';
import { loadTools } from '../../agent/mcp/tools.ts';
import { startConversation } from './conversation.ts';
import { FORMATS } from './doubles/index.ts';

/** One pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const NOTE = 'image of type image/png; left out, since this model does not take it';

/** What becomes of the image. A model is known to take it, or it is not shown any. */
const SEES: Readonly<Record<string, boolean>> = {
  'openai (chat completions)': true,
  'openai (responses)': true,
  anthropic: true,
  google: true,
  // Which of its models take images, only the server knows.
  ollama: false,
  openrouter: true,
  // The name of a deployment says nothing about the model.
  azure: false,
  mistral: false,
  groq: false,
  'openai-compatible': false,
  bedrock: true,
  deepseek: false,
  xai: false,
};

/** A server that draws, without a server. */
const camera: ToolConnection = {
  name: 'camera',
  url: 'http://127.0.0.1:1/mcp',
  protocolVersion: '2026-07-28',
  listTools: async () => [{ name: 'draw', inputSchema: { type: 'object', properties: {} } }],
  callTool: async () => ({
    content: [
      { type: 'text', text: 'Here it is.' },
      { type: 'image', data: PNG, mimeType: 'image/png' },
    ],
  }),
  close: async () => undefined,
};

for (const format of FORMATS)
  test(`an image of a tool ${SEES[format.id] ? 'reaches' : 'is named to'} the model of ${format.id}`, async (context) => {
    const tools = (await loadTools([camera])).map(({ tool }) => tool);
    const calls = [
      { name: 'draw', args: {} },
      { name: 'draw', args: {} },
    ];
    const conversation = await startConversation(
      format,
      [{ calls }, { text: 'A pixel.' }, { text: 'Two.' }],
      {},
      tools,
    );
    context.after(() => conversation.close());
    assert.equal((await conversation.say('Draw, twice.')).end.answer, 'A pixel.');
    assert.equal((await conversation.say('How many?')).end.answer, 'Two.');
    assert.deepEqual(conversation.double.refusals, []);
    for (const { body } of conversation.double.requests.slice(1)) {
      const sent = JSON.stringify(body);
      assert.equal(sent.split(PNG).length - 1, SEES[format.id] ? 2 : 0);
      assert.equal(sent.split(NOTE).length - 1, SEES[format.id] ? 0 : 2);
      assert.equal(sent.split('Here it is.').length - 1, 2);
    }
  });
