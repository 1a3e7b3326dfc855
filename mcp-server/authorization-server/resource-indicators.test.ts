import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createResourceIndicators } from './resource-indicators.ts';

const RESOURCE = 'http://localhost:8000/mcp';
const indicators = createResourceIndicators(RESOURCE, ['http://127.0.0.1:8000/mcp']);

function normalize(query: string): string[] {
  const parameters = new URLSearchParams(query);
  indicators.normalize(parameters);
  assert.equal(parameters.has('audience'), false);
  return parameters.getAll('resource');
}

test('resource, audience, an alias, one slash more or nothing at all: all mean the one resource', () => {
  for (const query of [
    '',
    'resource=',
    `resource=${RESOURCE}`,
    `audience=${RESOURCE}`,
    `resource=${RESOURCE}/`,
    'audience=http://127.0.0.1:8000/mcp',
    'resource=http://127.0.0.1:8000/mcp/',
    `resource=${RESOURCE}&audience=http://127.0.0.1:8000/mcp`,
    `resource=${RESOURCE}&resource=${RESOURCE}/`,
  ])
    assert.deepEqual(normalize(query), [RESOURCE], query);
});

test('another resource stays to be refused, also beside the right one', () => {
  for (const foreign of ['https://api.evil.test', `${RESOURCE}//`, `${RESOURCE}-evil`, `${RESOURCE}/x`, 'nonsense'])
    assert.ok(normalize(`audience=${foreign}`).includes(foreign), foreign);
  assert.deepEqual(normalize(`resource=${RESOURCE}&audience=https://api.evil.test`), [
    RESOURCE,
    'https://api.evil.test',
  ]);
});
