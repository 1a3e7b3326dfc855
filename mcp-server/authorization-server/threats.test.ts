import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { THREATS } from './threats.ts';

const titles = globSync('*.test.ts', { cwd: import.meta.dirname }).flatMap((file) =>
  [...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(/\btest\(\s*(['"`])([\s\S]*?)\1,/g)].map(
    ([, , title]) => title ?? '',
  ),
);
const cited = titles.flatMap((title) => (/^(A\d+\.[\w., -]+): /.exec(title)?.[1] ?? '').split(', ').filter(Boolean));

test('every threat has a test that tries it and is refused', () => {
  const missing = THREATS.filter(({ id }) => !cited.includes(id)).map(({ id, behaviour }) => `${id} ${behaviour}`);
  assert.deepEqual(missing, []);
});

test('every id that a test carries is a threat, and no threat has two rows', () => {
  const known = new Set(THREATS.map(({ id }) => id));
  assert.equal(known.size, THREATS.length);
  assert.deepEqual(
    cited.filter((id) => !known.has(id)),
    [],
  );
  assert.deepEqual(
    titles.filter((title) => /^A\d+[ ,:]/.test(title)),
    [],
  );
});
