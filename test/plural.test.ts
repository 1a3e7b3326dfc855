// One of something is said as one, wherever a number may be 1 in what people or the model read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import { listServers } from '../agent/commands/mcp-report.ts';
import { findExceeded } from '../agent/graph/limits.ts';
import { readableContent } from '../agent/mcp/tool-result.ts';
import { cleanText } from '../agent/mcp/tool-text.ts';
import { ProviderError } from '../agent/models/provider-error.ts';
import { describeModelError } from '../agent/models/registry.ts';

const answer = Object.assign(
  new AIMessage({ content: '', tool_calls: [{ id: '1', name: 'add', args: {}, type: 'tool_call' }] }),
  { usage_metadata: { input_tokens: 1, output_tokens: 0, total_tokens: 1 } },
);
const turn = [new HumanMessage('go'), answer];
const limits = { maxTurns: 9, maxToolCalls: undefined, maxTokens: undefined, maxUsd: undefined, timeoutMs: undefined };
const exceeded = (some: Partial<typeof limits> | { readonly [name: string]: number }) =>
  findExceeded(turn, { ...limits, ...some }, () => undefined);
const headers = new Headers({ 'retry-after': '1' });
const limited = new ProviderError('answer', 'https://api.openai.com', { answer: { status: 429, headers, text: '' } });
const server = {
  name: 'one',
  identity: 'one',
  url: 'http://localhost:1/mcp',
  transport: 'http',
  state: 'connected',
  detail: '',
  protocolVersion: undefined,
  toolCount: 1,
  isTrusted: false,
  login: undefined,
} as const;

const SAID: Readonly<Record<string, readonly [said: string | undefined, one: RegExp]>> = {
  'a rate limit': [
    describeModelError(limited, { provider: 'openai', model: 'm', reason: '' }).message,
    /Wait 1 second, check/,
  ],
  'a text that was cut': [cleanText('abc', 2), /\[1 more character was cut off\]/],
  'a hidden character': [cleanText('a\u200Bb', 9), /\[1 hidden character was removed from this text\]/],
  'a part of a result': [
    JSON.stringify(
      readableContent(
        {
          content: [
            { type: 'text', text: 'aa' },
            { type: 'text', text: 'b' },
          ],
        },
        2,
      ),
    ),
    /\[1 more part was left out\]/,
  ],
  'a tool of a server': [listServers([server], 0), / 1 tool +/],
  'a model call': [exceeded({ maxTurns: 1 }), /used up its 1 model call without/],
  'a tool call': [exceeded({ maxToolCalls: 0 }), /would need 1 tool call; at most 0 may be made/],
  'a token': [exceeded({ maxTokens: 1 }), /used up its 1 token \(1\)/],
};

for (const [what, [said, one]] of Object.entries(SAID))
  test(`${what} is said as one`, () => {
    assert.match(said ?? '', one);
  });
