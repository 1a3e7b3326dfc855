import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { REQUIREMENTS } from './requirements.ts';
import { idsCitedBy, titlesIn } from './support/requirement.ts';

const titles = titlesIn(join(import.meta.dirname, '..'), ['{mcp-server,test}/**/*.test.ts']);

test('every requirement of the MCP server is carried by a test', () => {
  const carried = new Set(titles.flatMap(idsCitedBy));
  const missing = REQUIREMENTS.filter(({ id }) => !carried.has(id)).map(({ id, behaviour }) => `${id} ${behaviour}`);
  assert.deepEqual(missing, []);
});

test('every id that a test carries is a requirement', () => {
  const known = new Set(REQUIREMENTS.map(({ id }) => id));
  const unknown = titles.flatMap(idsCitedBy).filter((id) => /^[SR]\d+(\.|$)/.test(id) && !known.has(id));
  assert.deepEqual(unknown, []);
});

test('requirements have different ids', () => {
  assert.equal(new Set(REQUIREMENTS.map(({ id }) => id)).size, REQUIREMENTS.length);
});
