import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropOfflineAccess, resolveScope } from './scope-rules.ts';

const ALLOWED = ['read:add', 'write:notes'];
const person = { allowed: ALLOWED, defaults: ['read:add'], forPersons: ['openid'] };
const machine = { allowed: ALLOWED, defaults: ALLOWED, forPersons: [] };

test('a request without scope gets the defaults, as far as the client may have them', () => {
  assert.deepEqual(resolveScope({ ...machine, requested: undefined }), { ok: true, scope: 'read:add write:notes' });
  assert.deepEqual(resolveScope({ ...person, requested: undefined }), { ok: true, scope: 'read:add' });
  assert.deepEqual(resolveScope({ ...person, requested: ' ' }), { ok: true, scope: 'read:add' });
  assert.equal(resolveScope({ ...person, requested: undefined, allowed: ['write:notes'] }).ok, false);
  assert.deepEqual(resolveScope({ ...person, requested: undefined, defaults: undefined }), {
    ok: true,
    scope: undefined,
  });
});

test('an unknown or forbidden scope is refused by name', () => {
  for (const requested of ['read:addx', 'read:add delete:all', 'READ:ADD']) {
    assert.equal(resolveScope({ ...person, requested }).ok, false, requested);
    assert.equal(resolveScope({ ...machine, requested }).ok, false, requested);
  }
  const verdict = resolveScope({ ...machine, requested: 'read:add delete:all' });
  assert.equal(verdict.ok ? undefined : verdict.scope, 'delete:all');
});

test('openid has a meaning for people only', () => {
  assert.deepEqual(resolveScope({ ...person, requested: 'openid read:add' }), { ok: true, scope: 'openid read:add' });
  assert.equal(resolveScope({ ...machine, requested: 'openid' }).ok, false);
});

test('offline_access is dropped and nothing else', () => {
  const drop = (query: string) => {
    const parameters = new URLSearchParams(query);
    dropOfflineAccess(parameters);
    return parameters.getAll('scope');
  };
  assert.deepEqual(drop('scope=read:add+offline_access+openid'), ['read:add openid']);
  assert.deepEqual(drop('scope=offline_access'), ['']);
  assert.deepEqual(drop('scope=offline_access&scope=read:add'), ['', 'read:add']);
  assert.deepEqual(drop('scope=read:add++x'), ['read:add  x']);
  assert.deepEqual(drop('state=offline_access'), []);
});
