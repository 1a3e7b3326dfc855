import assert from 'node:assert/strict';
import { test } from 'node:test';
import { titlesIn } from '../../test/support/requirement.ts';
import { THREATS } from './threats.ts';

const titles = titlesIn(import.meta.dirname, ['*.test.ts']);
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
