import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAnonymous, judgeDescription, mayUseGrant, mixesAlphabets } from './anonymous-clients.ts';

const DESCRIPTION = { redirect_uris: ['http://127.0.0.1/callback'] };

test('a word with letters of two alphabets that look alike is noticed, and names of one alphabet or several words are not', () => {
  for (const name of ['G\u043E\u043Egle', 'P\u0430yPal Tool', '\u0391nthropic', 'MCP Inspect\u03BFr'])
    assert.equal(mixesAlphabets(name), true, name);
  for (const name of ['Google', 'Яндекс Notes', 'Ελληνικά', 'Zoë’s café', '日本語ツール v2', 'מנהל', ''])
    assert.equal(mixesAlphabets(name), false, name);
});

test('whoever registered, here or as a third party, or is a document on the web, is anonymous', () => {
  for (const id of ['dyn_1', 'tpc_1', 'https://tool.example.com/c.json', 'HTTPS://tool.example.com/c.json'])
    assert.equal(isAnonymous(id), true, id);
  for (const id of ['local-cli', 'local-agent', 'web-dyn_1']) assert.equal(isAnonymous(id), false, id);
});

test('a key proves nothing for a registration, and gives no grant without a person', () => {
  const keys = { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] } };
  const described = { ...DESCRIPTION, ...keys, token_endpoint_auth_method: 'private_key_jwt' };
  assert.equal(judgeDescription(described).ok, false);
  assert.equal(judgeDescription(described, true).ok, true);
  const client = { clientId: 'https://tool.example.com/c.json', tokenEndpointAuthMethod: 'private_key_jwt' } as const;
  for (const grant of ['client_credentials', 'urn:ietf:params:oauth:grant-type:device_code', 'implicit', undefined])
    assert.equal(mayUseGrant(client, grant), false, grant);
  for (const grant of ['authorization_code', 'refresh_token']) assert.equal(mayUseGrant(client, grant), true, grant);
});
