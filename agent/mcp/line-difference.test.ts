import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { diffLines } from './line-difference.ts';

const shown = (before: string, after: string) =>
  diffLines(before, after)
    .map(({ sign, line }) => sign + line)
    .join(' ');

test('lines that are gone, that have come and that have moved are all seen', () => {
  assert.equal(shown('a\nb\nc', 'a\nx\nc'), '-b +x');
  assert.equal(shown('a\nb', 'a\nb\nc'), '+c');
  assert.equal(shown('a\nb\nc', 'b\nc'), '-a');
  assert.equal(shown('same', 'same'), '');
  // The line is in both texts, elsewhere.
  assert.equal(shown('x\n{\nfalse', 'x\n{\nx'), '-false +x');
  assert.equal(shown('a\nb', 'b\na'), '-a +a');
});

test('from the one text and what differs comes the other', async () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '', '{'), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.property(text, text, (old, now) => {
      const differences = diffLines(old.join('\n'), now.join('\n'));
      const count = (lines: readonly string[], line: string) => lines.filter((one) => one === line).length;
      for (const line of new Set([...old, ...now])) {
        const signed = (sign: string) => differences.filter((one) => one.sign === sign && one.line === line).length;
        assert.equal(count(old, line) - signed('-') + signed('+'), count(now, line));
      }
      assert.equal(differences.length === 0, old.join('\n') === now.join('\n'));
    }),
  );
});
