import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AGENT_REQUIREMENTS } from './agent-requirements.ts';

const root = join(import.meta.dirname, '..');
const files = globSync(['agent/{auth,mcp}/**/*.test.ts', 'test/agent-*.test.ts'], { cwd: root });
const titles = files.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/\btest\(\s*(['"`])([\s\S]*?)\1,/g)].map(
    ([, , title]) => title ?? '',
  ),
);
const idsOf = (title: string) => (/^([\w., -]+): /.exec(title)?.[1] ?? '').split(', ');

test('every requirement of the agent’s OAuth client is carried by a test', () => {
  const carried = new Set(titles.flatMap(idsOf));
  const missing = AGENT_REQUIREMENTS.filter(({ id }) => !carried.has(id)).map(
    ({ id, behaviour }) => `${id} ${behaviour}`,
  );
  assert.deepEqual(missing, []);
});

test('every id that a test of the agent carries is a requirement', () => {
  const known = new Set(AGENT_REQUIREMENTS.map(({ id }) => id));
  const unknown = titles.flatMap(idsOf).filter((id) => /^[CT]\d+(\.|$)/.test(id) && !known.has(id));
  assert.deepEqual(unknown, []);
});

test('requirements of the agent have different ids', () => {
  assert.equal(new Set(AGENT_REQUIREMENTS.map(({ id }) => id)).size, AGENT_REQUIREMENTS.length);
});
