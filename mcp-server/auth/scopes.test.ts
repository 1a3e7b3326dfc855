import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { INITIAL_SCOPES, isScope, missingScopes, requireScopes, SCOPES } from './scopes.ts';

describe('scopes', () => {
  test('a broad scope covers the narrow one that it implies, and no other way round', () => {
    for (const broad of ['write:notes', 'delete:notes']) assert.deepEqual(missingScopes([broad], ['read:notes']), []);
    assert.deepEqual(missingScopes(['read:notes'], ['write:notes']), ['write:notes']);
    assert.deepEqual(missingScopes(['write:notes'], ['delete:notes']), ['delete:notes']);
    assert.deepEqual(missingScopes(['delete:notes'], ['write:notes']), ['write:notes']);
    assert.deepEqual(missingScopes(['write:notes'], ['read:add']), ['read:add']);
  });

  test('a name that only looks alike covers nothing', () => {
    for (const name of ['read:addx', 'READ:ADD', 'read:', 'read', 'read:*', '*', 'admin', 'write:note', ' read:add'])
      assert.deepEqual(missingScopes([name], ['read:add', 'read:notes']), ['read:add', 'read:notes'], name);
  });

  test('a challenge names all scopes of the operation, those held among them, and says which are missing', async () => {
    const challenge = requireScopes('read:add', 'write:notes', 'delete:notes');
    const request = { jsonrpc: '2.0', id: 1, method: 'tools/call' } as const;
    const authInfo = { token: '', clientId: 'c', scopes: ['read:add'] };
    assert.deepEqual(await challenge({ request, authInfo }), {
      scopes: ['read:add', 'write:notes', 'delete:notes'],
      errorDescription: 'The access token lacks the scope write:notes delete:notes',
    });
    const enough = { ...authInfo, scopes: ['read:add', 'write:notes', 'delete:notes'] };
    assert.equal(await challenge({ request, authInfo: enough }), undefined);
  });

  test('none is offline_access, and a first request asks for known ones only', () => {
    assert.ok(!isScope('offline_access'));
    assert.ok(INITIAL_SCOPES.every(isScope));
    assert.ok(SCOPES.every(({ description }) => description.length > 10));
  });
});
