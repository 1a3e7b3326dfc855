// Several conversations of one process, as a run of tasks has them: each gets every word of its own answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemorySaver } from '@langchain/langgraph';
import { createGraph } from '../../agent/graph.ts';
import { createModel, describeModelError } from '../../agent/models/registry.ts';
import { createSession } from '../../agent/session.ts';

const DEMO = { provider: 'demo', model: '', reason: 'LLM_MODEL' };

test('sixteen conversations at once lose no word', async () => {
  const { model } = await createModel(DEMO, {});
  const graph = createGraph({
    model,
    tools: [],
    serverOf: () => '',
    maxTurns: 3,
    describeModelError: (error) => describeModelError(error, DEMO),
    checkpointer: new MemorySaver(),
  });
  const converse = async () => {
    const { run } = createSession({ graph, serverOf: () => '' });
    let words = '';
    for (const request of ['Hello!', 'What can you do?', 'Thank you.'])
      for await (const event of run(request, new AbortController().signal)) {
        if (event.type === 'text-delta') words += event.text;
        if (event.type !== 'turn-end') continue;
        assert.notEqual(event.answer, '');
        assert.equal(words, event.answer);
        words = '';
      }
  };
  await Promise.all(Array.from({ length: 16 }, converse));
});
