import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTokens, stem, stemsOf } from './demo-words.ts';

const READINGS: readonly (readonly [text: string, ...tokens: string[]])[] = [
  ['2 + 40', 'number 2', 'operator +', 'number 40'],
  ['a - b', 'word a', 'operator -', 'word b'],
  ['5-3', 'number 5', 'operator -', 'number 3'],
  ['5 -3', 'number 5', 'number -3'],
  ['(1+2)*3', 'sign (', 'number 1', 'operator +', 'number 2', 'sign )', 'operator *', 'number 3'],
  ['+5', 'number 5'],
  ['a=-3', 'word a', 'sign =', 'number -3'],
  ['lists notes - newest first', 'word lists', 'word notes', 'sign -', 'word newest', 'word first'],
  ['n-7 v1.2.3 2024-01-01 1,000 3rd', 'word n-7', 'word v1.2.3', 'word 2024-01-01', 'word 1,000', 'word 3rd'],
  ['1, 2', 'number 1', 'sign ,', 'number 2'],
  ['1e999', 'word 1e999'],
  [`don't "say" 'no'`, "word don't", 'quoted say', 'quoted no'],
];

for (const [text, ...expected] of READINGS)
  test(`${JSON.stringify(text)} is read as ${expected.join(', ')}`, () => {
    const tokens = readTokens(text);
    assert.deepEqual(
      tokens.map((token) => `${token.kind} ${token.text}`),
      expected,
    );
    for (const token of tokens.filter(({ kind }) => kind === 'word'))
      assert.equal(text.slice(token.start, token.end), token.text);
  });

for (const family of [
  ['add', 'adds', 'added', 'adding', 'addition'],
  ['divide', 'divides', 'divided', 'dividing'],
  ['multiply', 'multiplies', 'multiplied', 'multiplying', 'multiplication'],
  ['subtract', 'subtracts', 'subtraction'],
  ['note', 'notes', 'Note'],
  ['plan', 'plans', 'planning'],
])
  test(`${family.join(', ')} are one word`, () => {
    assert.equal(new Set(family.map(stem)).size, 1);
  });

test('names fall into their words without those that mean nothing', () => {
  assert.deepEqual(stemsOf('listAllNotes_by-owner'), [stem('list'), stem('notes'), stem('owner')]);
});
