// The graph that `langgraph.json` names, loaded and run as a LangGraph server does it: with a checkpointer of the server's.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command, MemorySaver } from '@langchain/langgraph';
import { createDeployedGraph } from '../agent/agent.ts';
import { configure } from '../agent/configure.ts';
import { startTestServer } from './support/mcp-server.ts';

const root = join(import.meta.dirname, '..');

test('langgraph.json names a graph that is there', async () => {
  const { graphs } = JSON.parse(readFileSync(join(root, 'langgraph.json'), 'utf8'));
  const [file = '', name = ''] = graphs.agent.split(':');
  const module = await import(join(root, file));
  assert.equal(typeof module[name], 'function');
});

test('a deployed graph brings no checkpointer, answers, and asks by interrupt in the form of LangChain’s pages', async () => {
  const server = await startTestServer();
  const graph = await createDeployedGraph(configure({ ...server.environment, XDG_STATE_HOME: server.dataDir }));
  assert.ok(!graph.checkpointer);
  // As a LangGraph server does it.
  graph.checkpointer = new MemorySaver();
  const thread = { configurable: { thread_id: 'deployed' } };
  const answered = await graph.invoke({ messages: [{ role: 'user', content: 'add 2 and 40' }] }, thread);
  assert.equal(answered.messages.at(-1)?.text, '(demo) add(2, 40) → 42');

  const asked = await graph.invoke({ messages: [{ role: 'user', content: 'create_note Milk' }] }, thread);
  const { __interrupt__: interrupts } = asked as unknown as { __interrupt__: { value: Record<string, unknown> }[] };
  const value = interrupts[0]?.value ?? {};
  for (const key of ['action_requests', 'actionRequests'])
    assert.deepEqual((value[key] as { name: string }[])[0]?.name, 'create_note');

  const resumed = await graph.invoke(new Command({ resume: { decisions: [{ type: 'approve' }] } }), thread);
  assert.match(resumed.messages.at(-1)?.text ?? '', /Created Milk/);
  await server.close();
});
