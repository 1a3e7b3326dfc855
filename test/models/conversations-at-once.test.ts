// Several conversations of one process, as a run of tasks has them: each gets every word of its own answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModel, describeModelError } from '../../agent/models/registry.ts';
import { createTestGraph, createTestSession } from '../support/session.ts';

const DEMO = { provider: 'demo', model: '', reason: 'LLM_MODEL' };

test('sixteen conversations at once lose no word', async () => {
  const { model } = await createModel(DEMO, {});
  const graph = createTestGraph();
  const converse = async () => {
    const { run } = createTestSession({
      graph,
      model,
      tools: [],
      describeModelError: (error) => describeModelError(error, DEMO),
    });
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
