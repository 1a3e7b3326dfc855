// The tool that the README shows is whole: it is this file's neighbour, and it runs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createMcpHandler } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { createChangeFeed } from '../mcp-server/change-feed.ts';
import { createServerFactory } from '../mcp-server/create-server.ts';
import { createLog } from '../mcp-server/log.ts';
import { openNotebook } from '../mcp-server/notebook/notebook.ts';
import { IN_MEMORY } from '../mcp-server/notebook/store.ts';
import { defineTool } from '../mcp-server/tools/tool.ts';
import { countWords } from './fixtures/count-words.ts';
import { buildRequest, messagesOf } from './support/app.ts';

const read = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8');

function createHandler(tools: readonly ReturnType<typeof defineTool>[]) {
  const notebook = openNotebook({ file: IN_MEMORY });
  notebook.of('["i","s"]').create({ title: 'Milk', body: 'two litres of milk' });
  const log = createLog({ sink: { write: () => true } });
  const handler = createMcpHandler(createServerFactory({ log, changes: createChangeFeed(), notebook, tools }));
  return (params: Record<string, unknown>, scopes: string[]) =>
    handler.fetch(buildRequest('tools/call', params), {
      authInfo: { token: 'canary', clientId: 'c', scopes, extra: { issuer: 'i', subject: 's' } },
    });
}

describe('adding a tool', () => {
  test('takes the file that the README shows', () => {
    const example = /## Add a tool[\s\S]*?```ts\n([\s\S]*?)```/.exec(read('../README.md'))?.[1];
    const file = read('fixtures/count-words.ts').replace('../../mcp-server/tools/tool.ts', './tool.ts');
    assert.equal(example, file);
  });

  test('gives a tool its scope, the caller’s notes, progress and a structured answer', async () => {
    const send = createHandler([countWords]);
    const params = { name: 'count_words', arguments: { query: 'milk' }, _meta: { progressToken: 1 } };
    assert.equal((await send(params, ['read:add'])).status, 403);
    const [progress, answer] = await messagesOf(await send(params, ['read:notes']));
    assert.equal(progress.params.progress, 1);
    assert.deepEqual(answer.result.structuredContent, { notes: 1, words: 4 });
    assert.deepEqual(answer.result.content, [{ type: 'text', text: '4 words in 1 notes' }]);
  });

  test('R3.several, R9.tool: may need several scopes; the challenge names them all, and the tool never sees the token', async () => {
    let context: unknown;
    const both = defineTool({
      name: 'both',
      title: 'Both',
      description: 'Needs two scopes.',
      scopes: ['read:add', 'delete:notes'],
      annotations: {},
      inputSchema: z.object({}),
      outputSchema: z.object({}),
      run: (_input, given) => {
        context = given;
        return {};
      },
      text: () => 'done',
    });
    const send = createHandler([both]);
    const call = (scopes: string[]) => send({ name: 'both', arguments: {} }, scopes);
    const refused = await call(['read:add']);
    assert.equal(refused.status, 403);
    assert.match(refused.headers.get('www-authenticate') ?? '', /scope="read:add delete:notes"/);
    assert.equal((await call(['read:add', 'delete:notes'])).status, 200);
    assert.deepEqual(Object.keys(context ?? {}).toSorted(), ['log', 'notes', 'principal', 'progress', 'signal']);
    assert.doesNotMatch(JSON.stringify(context), /canary|authorization/i);
  });
});
