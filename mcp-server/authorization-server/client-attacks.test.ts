// Attacks on how clients prove who they are, and the counterpart: every way of proving it works, driven by somebody
// else's client.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair } from 'jose';
import * as oauth from 'openid-client';
import { postForm, RESOURCE, startTestServer, type TestServer } from './test-support.ts';

/** Characters that mean something in a form, in a header and in a URL. RFC 6749 §2.3.1, Appendix B */
const AWKWARD_SECRET = 'p:w+x%41&y=z/"~"-awkward-awkward-awkward';

async function answerTo(server: TestServer, form: Record<string, string>, authorization?: string) {
  const response = await fetch(`${server.issuer}/oauth/token`, {
    method: 'POST',
    ...(authorization !== undefined && { headers: { authorization } }),
    body: new URLSearchParams({ grant_type: 'client_credentials', ...form }),
  });
  const headers = [...response.headers.keys()].filter((name) => name !== 'date').sort();
  return JSON.stringify([response.status, headers, response.headers.get('www-authenticate'), await response.text()]);
}

test('A5.oracle: nobody learns from the answer whether a client is there', async (t) => {
  const server = await startTestServer(t);
  const basic = (client_id: string) => `Basic ${btoa(`${client_id}:wrong`)}`;
  const stranger = await answerTo(server, { client_id: 'stranger', client_secret: 'wrong' });
  assert.match(stranger, /^\[401,.*invalid_client/);
  assert.equal(await answerTo(server, { client_id: 'local-agent', client_secret: 'wrong' }), stranger);
  assert.equal(await answerTo(server, { client_id: 'local-cli', client_secret: 'wrong' }), stranger);
  assert.equal(await answerTo(server, {}, basic('local-agent')), await answerTo(server, {}, basic('stranger')));
});

test('A5.lock-out: after a flood of wrong secrets the right one works, since nobody guesses 256 bits', async (t) => {
  const server = await startTestServer(t);
  const { client_id, client_secret } = await server.agentClient();
  assert.equal(Buffer.from(client_secret, 'base64url').length, 32);
  const form = { grant_type: 'client_credentials', client_id };
  const guesses = Array.from(
    { length: 200 },
    (_, i) => `${client_secret.slice(0, -1)}${String.fromCharCode(33 + (i % 90))}`,
  );
  const answers = await Promise.all(
    guesses
      .filter((guess) => guess !== client_secret)
      .map((guess) => postForm(server, { ...form, client_secret: guess })),
  );
  assert.ok(answers.every(({ status }) => status === 401));
  assert.equal((await postForm(server, { ...form, client_secret })).status, 200);
});

test('A5.public-secret: a public client that sends a secret is refused', async (t) => {
  const server = await startTestServer(t);
  for (const client_secret of ['x', 'undefined']) {
    const form = { grant_type: 'refresh_token', client_id: 'local-cli', refresh_token: 'x', client_secret };
    const { status, body } = await postForm(server, form);
    assert.deepEqual([status, body['error']], [401, 'invalid_client']);
  }
});

test('A5.closed: a server that takes no registrations takes none, whatever token comes along', async (t) => {
  const server = await startTestServer(t, { openRegistration: false });
  const { client_id, client_secret } = await server.agentClient();
  const { body } = await postForm(server, { grant_type: 'client_credentials', client_id, client_secret });
  for (const authorization of ['', 'Bearer x', `Bearer ${body['access_token']}`, `Bearer ${client_secret}`])
    for (const path of ['/oidc/register', '/oidc/register/', '/OIDC/register', '/oidc/register/local-agent']) {
      const response = await fetch(server.issuer + path, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ redirect_uris: ['http://127.0.0.1/callback'] }),
      });
      assert.equal(response.status, 404, path);
    }
});

test('a machine proves itself with a key, by openid-client, and its token is for the resource', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const server = await startTestServer(t, {
    extraClients: [
      {
        client_id: 'key-machine',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'private_key_jwt',
        scope: 'read:add',
        jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k1', use: 'sig' }] },
      },
    ],
  });
  const discover = (key: CryptoKey) =>
    oauth.discovery(new URL(server.issuer), 'key-machine', undefined, oauth.PrivateKeyJwt({ key, kid: 'k1' }), {
      algorithm: 'oauth2',
      execute: [oauth.allowInsecureRequests],
    });
  const tokens = await oauth.clientCredentialsGrant(await discover(privateKey), { resource: RESOURCE });
  const { sub, aud, scope } = decodeJwt(tokens.access_token);
  assert.deepEqual([sub, aud, scope], ['key-machine', RESOURCE, 'read:add']);
  const { privateKey: foreign } = await generateKeyPair('ES256');
  await assert.rejects(oauth.clientCredentialsGrant(await discover(foreign), { resource: RESOURCE }), {
    error: 'invalid_client',
  });
});

test('a secret with awkward characters works in the header, encoded as a form, and in the form; unencoded it does not', async (t) => {
  const server = await startTestServer(t, {
    extraClients: [
      {
        client_id: 'awkward+client',
        client_secret: AWKWARD_SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
  });
  for (const authentication of [oauth.ClientSecretBasic(AWKWARD_SECRET), oauth.ClientSecretPost(AWKWARD_SECRET)]) {
    const client = await oauth.discovery(new URL(server.issuer), 'awkward+client', undefined, authentication, {
      algorithm: 'oauth2',
      execute: [oauth.allowInsecureRequests],
    });
    assert.ok((await oauth.clientCredentialsGrant(client, { scope: 'read:add' })).access_token);
  }
  const unencoded = Buffer.from(`awkward+client:${AWKWARD_SECRET}`).toString('base64');
  assert.match(await answerTo(server, {}, `Basic ${unencoded}`), /^\[4\d\d/);
});

test('a machine’s token is bound to its key by openid-client’s DPoP proofs', async (t) => {
  const server = await startTestServer(t);
  const { client_id, client_secret } = await server.agentClient();
  const client = await oauth.discovery(new URL(server.issuer), client_id, client_secret, undefined, {
    algorithm: 'oauth2',
    execute: [oauth.allowInsecureRequests],
  });
  const dpop = oauth.getDPoPHandle(client, await oauth.randomDPoPKeyPair('ES256'));
  const tokens = await oauth.clientCredentialsGrant(client, { resource: RESOURCE }, { DPoP: dpop });
  assert.equal(tokens.token_type.toLowerCase(), 'dpop');
  assert.deepEqual(decodeJwt(tokens.access_token)['cnf'], { jkt: await dpop.calculateThumbprint() });
});

test('A8.key-log: no private key reaches the log, at a start, a rotation or an error, and no data file comes under version control', async (t) => {
  const server = await startTestServer(t);
  await postForm(server, { grant_type: 'client_credentials', client_id: 'local-agent', client_secret: 'wrong' });
  await server.restart();
  const { keys } = JSON.parse(await readFile(join(server.dataDir, 'signing-keys.json'), 'utf8'));
  const { client_secret } = await server.agentClient();
  const text = JSON.stringify(server.entries);
  assert.ok(server.entries.length > 0);
  for (const secret of [...keys.flatMap(({ d, p, q }: Record<string, string>) => [d, p, q]), client_secret]) {
    assert.ok(secret.length >= 40);
    assert.equal(text.includes(secret), false);
  }
  const ignored = (await readFile(join(import.meta.dirname, '../../.gitignore'), 'utf8')).split('\n');
  assert.ok(ignored.includes('.data/'));
});
