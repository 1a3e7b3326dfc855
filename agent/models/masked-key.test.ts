import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskKey } from './masked-key.ts';

test('a key shows its prefix and its end, a short one nothing', () => {
  assert.equal(maskKey('sk-0123456789abcd'), 'sk-…abcd');
  assert.equal(maskKey('0123456789abcdef'), '…cdef');
  assert.equal(maskKey('sk-secret'), '…');
});
