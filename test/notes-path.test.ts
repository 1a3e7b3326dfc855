// Notes through the whole path: the agent starts with what the 401 names and steps up, scope by scope, as its tools need it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgent } from './support/agent-process.ts';
import { createChatCompletions, toolCallDeltas } from './support/chat-completions.ts';
import { startTestServer } from './support/mcp-server.ts';

test('the local agent steps up to every scope of the notebook, asking each time for what it holds besides', async () => {
  const server = await startTestServer();
  const turns = [
    toolCallDeltas('list_notes', {}),
    toolCallDeltas('create_note', { title: 'Milk' }),
    toolCallDeltas('search_notes', { query: 'milk' }),
    toolCallDeltas('delete_note', { id: 'no-such-note', confirm: true }),
    [{ content: 'done' }],
  ];
  const model = await createChatCompletions((index) => turns[index] ?? [{ content: 'too many' }]);
  const { exitCode, stdout } = await runAgent(
    ['ask', '--approval', 'all', '--model', 'openai:double', 'Keep my notes'],
    {
      ...server.environment,
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_API_KEY: 'sk-test',
    },
  );
  await model.close();
  await server.close();
  assert.deepEqual([stdout, exitCode], ['done\n', 0]);
  const scopes = server.log().flatMap(({ event, scope }) => (event === 'token-issued' ? [scope] : []));
  assert.deepEqual(scopes, [
    'read:add',
    'read:add read:notes',
    'read:add read:notes write:notes',
    'read:add read:notes write:notes delete:notes',
  ]);
  const calls = server.log().flatMap(({ event, tool, outcome }) => (event === 'tool-call' ? [[tool, outcome]] : []));
  assert.deepEqual(calls, [
    ['list_notes', 'ok'],
    ['create_note', 'ok'],
    ['search_notes', 'ok'],
    ['delete_note', 'tool-error'],
  ]);
});
