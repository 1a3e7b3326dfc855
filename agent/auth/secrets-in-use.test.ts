// What passes on its way to an issuer or into the store, and what of it is remembered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryRecords } from './private-records.ts';
import { storedSecrets, watchFetch, watchStore } from './secrets-in-use.ts';
import { createTokenStore } from './token-store.ts';

const KEY = { issuer: 'https://id.example', resource: 'https://tools.example/mcp', clientId: 'c', profile: 'default' };

function createKeeper() {
  const noted = new Set<string>();
  return { noted, note: (secret: string) => void noted.add(secret), redact: (text: string) => `clean ${text.length}` };
}

test('what a request says under the name of a secret is noted before it is sent, and nothing else of it', async () => {
  const keeper = createKeeper();
  const watched = watchFetch(async () => {
    assert.deepEqual([...keeper.noted], ['the code', 'the verifier']);
    return new Response('{}');
  }, keeper);
  const body = new URLSearchParams({ code: 'the code', client_id: 'client', code_verifier: 'the verifier' });
  await watched('https://id.example/token', { method: 'POST', body });
});

test('a secret in a header is noted as it stands, and as it is meant', async () => {
  const keeper = createKeeper();
  const credentials = Buffer.from('client:a%2Bb+c').toString('base64');
  await watchFetch(async () => new Response('{}'), keeper)('https://id.example/token', {
    headers: { authorization: `Basic ${credentials}` },
  });
  assert.deepEqual([...keeper.noted], [credentials, 'a%2Bb+c', 'a+b c']);
});

test('a refusal is cleaned, an answer is not', async () => {
  for (const [status, expected] of [
    [200, 'what it says'],
    [400, 'clean 12'],
    [503, 'clean 12'],
  ] as const) {
    const answer = async () => new Response('what it says', { status, headers: { 'retry-after': '7' } });
    const response = await watchFetch(answer, createKeeper())('https://id.example/token');
    assert.deepEqual([response.status, response.headers.get('retry-after')], [status, '7']);
    assert.equal(await response.text(), expected);
  }
});

test('what is stored and what comes out of the store is noted: tokens, keys, and secrets of registrations', async () => {
  const records = createMemoryRecords();
  const text = {
    accessToken: 'access',
    refreshToken: 're"fresh',
    clientSecret: 'registered',
    d: 'private',
    x: 'public',
  };
  await records.update(['registration'], async () => ({ kind: 'replace', text: JSON.stringify(text) }));
  const keeper = createKeeper();
  const store = watchStore(createTokenStore(records), keeper);
  await store.records.load(['registration']);
  assert.deepEqual([...keeper.noted], ['access', 're"fresh', 'registered', 'private']);
  const tokens = { accessToken: 'another', issuedAtMs: 1, scopes: [], requestedScopes: [] };
  await store.update(KEY, async () => ({ kind: 'replace', tokens }));
  assert.ok(keeper.noted.has('another'));
});

test('of a damaged store what can be read is noted', () => {
  assert.deepEqual(storedSecrets('{"accessToken":"cut \\q","refreshToken":"whole","d":"in the middl'), ['whole']);
});
