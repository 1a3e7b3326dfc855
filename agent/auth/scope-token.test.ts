// Scopes as servers name them, wrong in one way each.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScopes } from './scope-token.ts';

const SERVER = 'https://tools.example/mcp';

test('what RFC 6749 calls a scope is taken as it stands, once each', () => {
  assert.deepEqual(parseScopes(['read:add write:notes', 'https://api.example/.default', '!#[]~', 'read:add'], SERVER), [
    'read:add',
    'write:notes',
    'https://api.example/.default',
    '!#[]~',
  ]);
  assert.deepEqual(parseScopes(['', '  '], SERVER), []);
  assert.deepEqual(parseScopes(['x'.repeat(256)], SERVER).length, 1);
});

test('what could pass for another scope, or for a line of a prompt, is refused and shown harmlessly', () => {
  const cases: readonly [string, string][] = [
    ['read\u00A0write:notes', '"read\\u00a0write:notes"'],
    ['read:add\nholds', '"read:add\\nholds"'],
    ['read\u202Edda', '"read\\u202edda"'],
    ['read\u009B2J', '"read\\u009b2J"'],
    ['read\u001B[2J', '"read\\u001b[2J"'],
    ['re\u200Bad', '"re\\u200bad"'],
    ['rеad', '"r\\u0435ad"'],
    ['read\u007F', '"read\\u007f"'],
    ['"read"', '"\\"read\\""'],
    ['read\\add', '"read\\\\add"'],
    ['x'.repeat(257), `"${'x'.repeat(120)}"`],
  ];
  for (const [scope, shown] of cases)
    assert.throws(
      () => parseScopes(['read:add', `more ${scope}`], SERVER),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'protocol_error');
        assert.match(error.message, /^https:\/\/tools\.example\/mcp names a scope that is none: .* \(RFC 6749 §3\.3\)/);
        assert.ok(error.message.includes(shown), error.message);
        return /^[\x20-\x7e§…]*$/.test(error.message);
      },
      JSON.stringify(scope),
    );
});

test('more scopes than anybody reads are refused', () => {
  const many = Array.from({ length: 201 }, (_, index) => `scope-${index}`);
  assert.equal(parseScopes(many.slice(1), SERVER).length, 200);
  assert.throws(() => parseScopes(many, SERVER), { code: 'protocol_error', message: /names 201 scopes/ });
});
