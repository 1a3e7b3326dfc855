import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRejection } from './rejection.ts';

test('a rejection is named without what was rejected', () => {
  const message = (text: string) => describeRejection(new Error(text))['reason'];
  assert.equal(
    message('Received a response for an unknown message ID: {"id":7,"result":{"content":{"name":"Alice"}}}'),
    'Received a response for an unknown message ID',
  );
  assert.equal(message("Dropped inbound request 'private'"), 'Dropped inbound request');
  assert.equal(message('[{"path":["private"]}]'), '');
  assert.deepEqual(describeRejection(new TypeError('Not Acceptable')), {
    fault: 'TypeError',
    reason: 'Not Acceptable',
  });
});
