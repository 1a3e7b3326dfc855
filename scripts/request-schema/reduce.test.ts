import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reduceSchema, schemasOf } from './reduce.ts';

test('what the root refers to comes along, and nothing else', () => {
  const { $ref, $defs } = reduceSchema(
    {
      Request: {
        type: 'object',
        properties: { part: { $ref: '#/components/schemas/Part' }, lost: { $ref: 'Nowhere' } },
      },
      Part: { type: 'string', description: 'Prose.' },
      Other: { type: 'string' },
    },
    'Request',
  );
  assert.equal($ref, '#/$defs/Request');
  assert.deepEqual(Object.keys($defs), ['Nowhere', 'Part', 'Request']);
  assert.deepEqual([$defs['Nowhere'], $defs['Part']], [{}, { type: 'string' }]);
});

test('an object with properties is closed, unless it says itself what else it takes', () => {
  const { $defs } = reduceSchema(
    {
      Closed: { type: 'object', properties: { open: { $ref: 'Open' }, map: { type: 'object' } } },
      Open: { type: 'object', properties: { a: {} }, additionalProperties: true },
    },
    'Closed',
  );
  assert.deepEqual($defs['Closed'], {
    type: 'object',
    properties: { open: { $ref: '#/$defs/Open' }, map: { type: 'object' } },
    additionalProperties: false,
  });
  assert.deepEqual($defs['Open'], { type: 'object', properties: { a: {} }, additionalProperties: true });
});

test('the parts of allOf become one object, since closed parts could not be combined', () => {
  const { $defs } = reduceSchema(
    {
      Base: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      Whole: { allOf: [{ $ref: 'Base' }, { type: 'object', properties: { b: { type: 'any' } }, required: ['b'] }] },
    },
    'Whole',
  );
  assert.deepEqual($defs['Whole'], {
    type: 'object',
    properties: { a: { type: 'string' }, b: {} },
    required: ['a', 'b'],
    additionalProperties: false,
  });
});

test('a property that is called like a keyword stays', () => {
  const { $defs } = reduceSchema({ Root: { properties: { title: { title: 'x' }, default: {} } } }, 'Root');
  assert.deepEqual($defs['Root'], { properties: { title: {}, default: {} }, additionalProperties: false });
});

test('null is allowed where OpenAPI 3.0 allows it, and alternatives may overlap', () => {
  const { $defs } = reduceSchema({ Root: { oneOf: [{ type: 'string', nullable: true }, { type: 'number' }] } }, 'Root');
  assert.deepEqual($defs['Root'], {
    anyOf: [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, { type: 'number' }],
  });
});

test('a 64-bit number of protocol buffers is a text or a number', () => {
  assert.deepEqual(reduceSchema({ Root: { type: 'string', format: 'int64' } }, 'Root').$defs['Root'], {
    type: ['string', 'integer'],
  });
});

test('the schemas are found in OpenAPI, in a discovery document, and in a JSON Schema that is the request itself', () => {
  const Part = { type: 'string' };
  const Request = { properties: { part: { $ref: '#/$defs/Part' } } };
  const named = { Part, Request };
  assert.deepEqual(schemasOf({ openapi: '3.1.0', components: { schemas: named } }, 'Request'), named);
  assert.deepEqual(schemasOf({ schemas: named }, 'Request'), named);
  assert.deepEqual(schemasOf({ $defs: { Part }, ...Request }, 'Request'), named);
});
