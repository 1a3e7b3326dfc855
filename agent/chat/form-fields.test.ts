import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readForm, readValue } from './form-fields.ts';

/** What becomes of each text, for a form of one field. */
function read(property: Record<string, unknown>, typed: readonly string[], isRequired = true): unknown[] {
  const [field] = readForm({ type: 'object', properties: { x: property }, required: isRequired ? ['x'] : [] }) ?? [];
  assert.ok(field);
  return typed.map((text) => {
    const value = readValue(field, text);
    return value.ok ? value.value : `fault: ${value.fault}`;
  });
}

test('numbers and whole numbers are held to their type and their limits', () => {
  const limits = { minimum: 1, maximum: 10 };
  assert.deepEqual(read({ type: 'integer', ...limits }, ['5', '0', '11', '2.5', 'five']), [
    5,
    ...Array(4).fill('fault: expected a whole number, at least 1, at most 10'),
  ]);
  assert.deepEqual(read({ type: 'number' }, ['2.5', '1e3', 'NaN', 'Infinity']), [
    2.5,
    1000,
    'fault: expected a number',
    'fault: expected a number',
  ]);
});

test('text is held to its length and its format', () => {
  const short = 'fault: expected at least 2 characters, at most 4 characters';
  assert.deepEqual(read({ type: 'string', minLength: 2, maxLength: 4 }, ['ab', 'a', 'abcde', '中文']), [
    'ab',
    short,
    short,
    '中文',
  ]);
  assert.deepEqual(read({ type: 'string', format: 'email' }, ['a@b.c', 'a@b']), ['a@b.c', 'fault: expected email']);
  assert.deepEqual(read({ type: 'string', format: 'uri' }, ['https://x', 'x']), ['https://x', 'fault: expected uri']);
  assert.deepEqual(read({ type: 'string', format: 'date' }, ['2026-11-27', '2026-13-01']), [
    '2026-11-27',
    'fault: expected date',
  ]);
});

test('yes and no in their usual forms', () => {
  assert.deepEqual(read({ type: 'boolean' }, ['y', 'No', 'true', 'maybe']), [
    true,
    false,
    true,
    'fault: expected yes or no',
  ]);
});

test('a choice is taken by number, value or title, one or several', () => {
  const oneOf = [
    { const: 'r', title: 'Red' },
    { const: 'g', title: 'Green' },
  ];
  assert.deepEqual(read({ type: 'string', oneOf }, ['1', 'g', 'red', '3', '0']), [
    'r',
    'g',
    'r',
    ...Array(2).fill('fault: expected one of the list'),
  ]);
  assert.deepEqual(read({ type: 'string', enum: ['a', 'b'], enumNames: ['First', 'Second'] }, ['second', 'b']), [
    'b',
    'b',
  ]);
  const several = { type: 'array', items: { anyOf: oneOf }, minItems: 1, maxItems: 1 };
  assert.deepEqual(read(several, ['1', '1, 1', '1,2', '4']), [
    ['r'],
    'fault: expected numbers or values, separated by commas, at least 1 of them, at most 1 of them',
    'fault: expected numbers or values, separated by commas, at least 1 of them, at most 1 of them',
    'fault: expected values of the list, separated by commas',
  ]);
});

test('nothing typed is the default, or nothing where nothing is needed', () => {
  assert.deepEqual(read({ type: 'integer', default: 3 }, ['']), [3]);
  assert.deepEqual(read({ type: 'string' }, ['']), ['fault: a value is needed']);
  assert.deepEqual(read({ type: 'string' }, [''], false), [undefined]);
});

test('a field that seems to ask for a secret is known by name, title or description', () => {
  const form = (name: string, property: Record<string, unknown>) =>
    readForm({ properties: { [name]: { type: 'string', ...property } } })?.[0]?.seemsSecret;
  assert.equal(form('api_key', {}), true);
  assert.equal(form('x', { title: 'Your password' }), true);
  assert.equal(form('x', { description: 'Paste an access token' }), true);
  assert.equal(form('city', { title: 'City' }), false);
});

test('what is no form is none', () => {
  assert.equal(readForm({ properties: { x: 'text' } }), undefined);
  assert.equal(readForm({ properties: { x: { type: 'string', enum: [1] } } }), undefined);
  assert.deepEqual(readForm({}), []);
});
