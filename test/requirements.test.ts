import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REQUIREMENTS } from './requirements.ts';

const root = join(import.meta.dirname, '..');
const titles = globSync('{mcp-server,test}/**/*.test.ts', { cwd: root }).flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/\btest\(\s*(['"`])([\s\S]*?)\1,/g)].map(
    ([, , title]) => title ?? '',
  ),
);
const idsOf = (title: string) => (/^([\w., -]+): /.exec(title)?.[1] ?? '').split(', ');

test('every requirement of the MCP server is carried by a test', () => {
  const carried = new Set(titles.flatMap(idsOf));
  const missing = REQUIREMENTS.filter(({ id }) => !carried.has(id)).map(({ id, behaviour }) => `${id} ${behaviour}`);
  assert.deepEqual(missing, []);
});

test('every id that a test carries is a requirement', () => {
  const known = new Set(REQUIREMENTS.map(({ id }) => id));
  const unknown = titles.flatMap(idsOf).filter((id) => /^[SR]\d+(\.|$)/.test(id) && !known.has(id));
  assert.deepEqual(unknown, []);
});

test('requirements have different ids', () => {
  assert.equal(new Set(REQUIREMENTS.map(({ id }) => id)).size, REQUIREMENTS.length);
});
