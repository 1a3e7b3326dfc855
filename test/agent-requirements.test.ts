import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { AGENT_REQUIREMENTS } from './agent-requirements.ts';
import { idsCitedBy, titlesIn } from './support/requirement.ts';

const titles = titlesIn(join(import.meta.dirname, '..'), ['agent/{auth,mcp}/**/*.test.ts', 'test/agent-*.test.ts']);

test('every requirement of the agent’s OAuth client is carried by a test', () => {
  const carried = new Set(titles.flatMap(idsCitedBy));
  const missing = AGENT_REQUIREMENTS.filter(({ id }) => !carried.has(id)).map(
    ({ id, behaviour }) => `${id} ${behaviour}`,
  );
  assert.deepEqual(missing, []);
});

test('every id that a test of the agent carries is a requirement', () => {
  const known = new Set(AGENT_REQUIREMENTS.map(({ id }) => id));
  const unknown = titles.flatMap(idsCitedBy).filter((id) => /^[CT]\d+(\.|$)/.test(id) && !known.has(id));
  assert.deepEqual(unknown, []);
});

test('requirements of the agent have different ids', () => {
  assert.equal(new Set(AGENT_REQUIREMENTS.map(({ id }) => id)).size, AGENT_REQUIREMENTS.length);
});
