import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments, toArguments } from './tool-arguments.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    a: { type: 'number' },
    n: { type: ['integer', 'null'] },
    yes: { type: 'boolean' },
    text: { type: 'string' },
    either: { type: ['string', 'number'] },
  },
};
const read = (...words: string[]) => toArguments(parseArguments(words), SCHEMA);

test('a value is read as the tool wants it', () => {
  assert.deepEqual(read('a=2', 'n=-40', 'yes=true', 'text=2', 'either=2'), {
    a: 2,
    n: -40,
    yes: true,
    text: '2',
    either: '2',
  });
  assert.deepEqual(read('a=1.5e3', 'text=a=b'), { a: 1500, text: 'a=b' });
});

test('what is not what the tool wants stays as it was typed, for the server to judge', () => {
  assert.deepEqual(read('a=two', 'n=0x10', 'yes=1', 'unknown=2', 'toString=2'), {
    a: 'two',
    n: '0x10',
    yes: '1',
    unknown: '2',
    toString: '2',
  });
  assert.deepEqual(toArguments(parseArguments(['a=2']), undefined), { a: '2' });
});

test('JSON is JSON, whatever the tool wants', () => {
  assert.deepEqual(read('text:=2', 'list:=[1,"b"]'), { text: 2, list: [1, 'b'] });
});

test('one JSON object is all its members, and words beside it add to them', () => {
  assert.deepEqual(read('{"a":2,"text":"2","list":[1]}', 'yes=true'), { a: 2, text: '2', list: [1], yes: true });
  assert.deepEqual(read('{}'), {});
});

test('a word that is no argument, and JSON that is none, are told before anything is asked of a server', () => {
  for (const [word, expected] of [
    ['two', /Expected key=value, key:=json or one JSON object, got "two"/],
    ['=2', /Expected key=value/],
    ['a:={', /a:= expects JSON, got "{"\. For text: a=…/],
    ['{a:2}', /Expected a JSON object, got "{a:2}"\. A shell wants it in single quotes\./],
  ] as const)
    assert.throws(() => parseArguments([word]), { code: 'usage', message: expected });
});
