import assert from 'node:assert/strict';
import { test } from 'node:test';
import { googleSchema } from './google-schema.ts';
import type { JsonSchema } from './plain-schema.ts';

const NOTE = { type: 'object', properties: { title: { type: 'string' }, next: { $ref: '#/$defs/note' } } };

/** A property before and after; `undefined` where it is left out. */
const ROWS: readonly (readonly [title: string, before: JsonSchema, after: JsonSchema | undefined])[] = [
  [
    'limits stay, what has no counterpart goes',
    { type: 'integer', minimum: 1, multipleOf: 2 },
    { type: 'integer', minimum: 1 },
  ],
  ['a format that is not known goes', { type: 'string', format: 'uri' }, { type: 'string' }],
  ['a point in time stays one', { type: 'string', format: 'date-time' }, { type: 'string', format: 'date-time' }],
  ['a type or null is nullable', { type: ['string', 'null'] }, { type: 'string', nullable: true }],
  [
    'one of several is any of them',
    { oneOf: [{ type: 'string' }, { type: 'integer' }] },
    { anyOf: [{ type: 'string' }, { type: 'integer' }] },
  ],
  ['a constant is a choice of one', { const: 'note' }, { type: 'string', enum: ['note'] }],
  ['numbers are not to be chosen from', { type: 'integer', enum: [1, 2] }, { type: 'integer' }],
  ['a map is left out', { type: 'object', additionalProperties: { type: 'string' } }, undefined],
  ['a description stays', { type: 'string', description: 'Who' }, { type: 'string', description: 'Who' }],
];

for (const [title, before, after] of ROWS)
  test(title, () => {
    const { properties } = googleSchema({ type: 'object', properties: { kept: { type: 'string' }, it: before } });
    assert.deepEqual(properties, { kept: { type: 'string' }, ...(after ? { it: after } : {}) });
  });

test('a schema that refers to itself is written out to some depth', () => {
  const text = JSON.stringify(
    googleSchema({ type: 'object', properties: { note: { $ref: '#/$defs/note' } }, $defs: { note: NOTE } }),
  );
  assert.doesNotMatch(text, /\$ref|\$defs/);
  assert.match(text, /"next":\{"type":"object","properties":\{"title"/);
});

test('what is left out is not required', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a', 'gone'] };
  assert.deepEqual(googleSchema(schema)['required'], ['a']);
});

test('alternatives at the top become one object, which needs what all of them need', () => {
  const branch = (name: string) => ({
    properties: { kind: { type: 'string' }, [name]: { type: 'string' } },
    required: ['kind', name],
  });
  const { properties, required } = googleSchema({ type: 'object', anyOf: [branch('a'), branch('b')] });
  assert.deepEqual([Object.keys(Object(properties)), required], [['kind', 'a', 'b'], ['kind']]);
});
