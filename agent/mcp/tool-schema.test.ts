// Schemas that real servers write, and schemas made to keep somebody busy.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutputValidator, faultOfSchema } from './tool-schema.ts';

/** Each level refers twice to the next: small to send, endless to expand. */
function bomb(levels: number): Record<string, unknown> {
  const definitions = Array.from({ length: levels }, (_, level) => [
    `d${level}`,
    { type: 'object', properties: { a: { $ref: `#/$defs/d${level + 1}` }, b: { $ref: `#/$defs/d${level + 1}` } } },
  ]);
  return {
    type: 'object',
    properties: { x: { $ref: '#/$defs/d0' } },
    $defs: Object.fromEntries([...definitions, [`d${levels}`, { type: 'string' }]]),
  };
}

test('ordinary schemas are fit for use, recursive ones and unions too', () => {
  for (const schema of [
    { type: 'object' },
    {
      type: 'object',
      properties: { a: { anyOf: [{ type: 'string' }, { type: 'null' }] }, definitions: { type: 'string' } },
    },
    {
      type: 'object',
      properties: { tree: { $ref: '#/$defs/node' } },
      $defs: {
        node: { type: 'object', properties: { left: { $ref: '#/$defs/node' }, right: { $ref: '#/$defs/node' } } },
      },
    },
    { type: 'object', properties: { self: { $ref: '#' } } },
    bomb(5),
  ])
    assert.equal(faultOfSchema(schema), undefined, JSON.stringify(schema));
});

test('schemas that would keep somebody busy are not', () => {
  let deep: Record<string, unknown> = { type: 'string' };
  for (let depth = 0; depth < 100; depth += 1) deep = { type: 'array', items: deep };
  const wide = Object.fromEntries(Array.from({ length: 6000 }, (_, index) => [`p${index}`, {}]));
  const cases: readonly [unknown, RegExp][] = [
    [bomb(30), /more than 50000 parts once its references are followed/],
    [deep, /nested more than 40 deep/],
    [{ type: 'object', properties: wide }, /more than 5000 parts/],
    [{ type: 'object', description: 'x'.repeat(200_000) }, /longer than 100000 characters/],
    [
      { type: 'object', properties: { a: { $ref: 'https://evil.example/schema.json' } } },
      /refers to "https:\/\/evil.example/,
    ],
  ];
  for (const [schema, expected] of cases) assert.match(faultOfSchema(schema) ?? '', expected);
});

test('structured results are checked, but not against schemas that are not fit for use', () => {
  const { getValidator } = createOutputValidator();
  const validate = getValidator({ type: 'object', properties: { a: { type: 'number' } }, required: ['a'] });
  assert.equal(validate({ a: 1 }).valid, true);
  assert.equal(validate({ a: 'x' }).valid, false);
  assert.equal(getValidator(bomb(30))({ anything: 1 }).valid, true);
});

test('a pattern of the server does not get to run', () => {
  const { getValidator } = createOutputValidator();
  const validate = getValidator({ type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } });
  assert.equal(validate({ a: `${'a'.repeat(60)}!` }).valid, true);
});
