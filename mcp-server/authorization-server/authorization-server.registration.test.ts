// Clients that nobody vouched for: what they may register, what they may do, and what they cannot do to others.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { CLIENT_LIMITS } from './limits.ts';
import { openStore } from './store.ts';
import { codeRequest, createBrowser, obtainCode } from './test-browser.ts';
import { postForm, REDIRECT_URI, startTestServer, type TestServer, temporaryDirectory } from './test-support.ts';

const DESCRIPTION = { client_name: 'A tool', redirect_uris: [REDIRECT_URI] };
const CLIENT_ID_URL = 'https://tool.example.com/client.json';

async function register(server: Pick<TestServer, 'issuer'>, description: unknown, init: RequestInit = {}) {
  const response = await fetch(`${server.issuer}/oidc/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof description === 'string' ? description : JSON.stringify(description),
    ...init,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

function countRows(server: TestServer, model: string): number {
  const database = new DatabaseSync(join(server.dataDir, 'authorization-server.sqlite'), { readOnly: true });
  const row = database.prepare('SELECT count(*) AS rows FROM entry WHERE model = ?').get(model);
  database.close();
  return Number(row?.['rows']);
}

test('a client that registers itself gets a public client and, with a person’s consent, a token', async (t) => {
  const server = await startTestServer(t);
  const { status, body } = await register(server, DESCRIPTION);
  assert.equal(status, 201);
  assert.match(body.client_id, /^dyn_[\w-]{22}$/);
  assert.equal(body.client_secret, undefined);
  assert.deepEqual(
    [body.token_endpoint_auth_method, body.application_type, body.grant_types],
    ['none', 'native', ['authorization_code', 'refresh_token']],
  );
  const { form } = await obtainCode(server, {
    client_id: body.client_id,
    redirect_uri: 'http://127.0.0.1:6000/callback',
  });
  const tokens = await postForm(server, form);
  assert.equal(decodeJwt(tokens.body['access_token'] ?? '')['client_id'], body.client_id);
  const refresh = { grant_type: 'refresh_token', client_id: body.client_id };
  assert.equal((await postForm(server, { ...refresh, refresh_token: tokens.body['refresh_token'] ?? '' })).status, 200);
});

test('A5.grants: nobody gets client credentials, a device or implicit grant or a secret by registering', async (t) => {
  const server = await startTestServer(t);
  for (const grab of [
    { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    { grant_types: ['authorization_code', 'client_credentials'] },
    { grant_types: ['implicit'], response_types: ['token'] },
    { grant_types: ['authorization_code', 'implicit'] },
    { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'], response_types: [] },
    { grant_types: ['password'] },
    { grant_types: ['refresh_token'] },
    { grant_types: [] },
    { grant_types: 'client_credentials' },
    { grant_types: ['urn:openid:params:grant-type:ciba'] },
    { response_types: ['token'] },
    { response_types: ['code id_token'] },
    { token_endpoint_auth_method: 'client_secret_basic' },
    { token_endpoint_auth_method: 'client_secret_post' },
    { token_endpoint_auth_method: 'client_secret_jwt' },
    { token_endpoint_auth_method: 'private_key_jwt' },
    { client_secret: 'chosen-by-the-client-chosen-by-the-client' },
    { client_id: 'local-agent' },
  ]) {
    const { status, body } = await register(server, { ...DESCRIPTION, ...grab });
    assert.deepEqual([status, body.error], [400, 'invalid_client_metadata'], JSON.stringify(grab));
  }
  // Some editors ask for the device grant beside the code grant; they get the rest.
  const both = { grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'] };
  const { body } = await register(server, { ...DESCRIPTION, ...both });
  assert.deepEqual(body.grant_types, ['authorization_code', 'refresh_token']);
  for (const form of [{ grant_type: 'client_credentials' }, { grant_type: 'password', username: 'a', password: 'b' }])
    assert.notEqual((await postForm(server, { ...form, client_id: body.client_id })).status, 200);
  assert.equal((await postForm(server, { client_id: body.client_id }, '/oauth/device/code')).status, 400);
});

test('A5.smuggled: an anonymous client that got into the store with more than it may have still gets no token', async (t) => {
  const server = await startTestServer(t);
  const store = await openStore({ file: join(server.dataDir, 'authorization-server.sqlite') });
  const secret = 'smuggled-smuggled-smuggled-smuggled-smuggled';
  await store.adapter('Client').upsert('dyn_smuggled', {
    client_id: 'dyn_smuggled',
    client_secret: secret,
    grant_types: ['client_credentials', 'urn:ietf:params:oauth:grant-type:device_code', 'authorization_code'],
    redirect_uris: [REDIRECT_URI],
    response_types: ['code'],
    application_type: 'native',
    token_endpoint_auth_method: 'client_secret_post',
  });
  store.close();
  const client = { client_id: 'dyn_smuggled', client_secret: secret };
  const machine = await postForm(server, { grant_type: 'client_credentials', ...client });
  assert.deepEqual([machine.status, machine.body['error']], [400, 'unauthorized_client']);
  const device = await postForm(server, client, '/oauth/device/code');
  assert.deepEqual([device.status, device.body['error']], [400, 'unauthorized_client']);
  const { form } = await obtainCode(server, { client_id: 'dyn_smuggled' });
  assert.equal((await postForm(server, { ...form, client_secret: secret })).body['error'], 'unauthorized_client');
});

test('A5.fetching, A5.fields, A5.body: what would make this server fetch something is refused, and so is what is too much', async (t) => {
  const server = await startTestServer(t);
  const inside = 'http://169.254.169.254/latest/meta-data';
  for (const greedy of [
    { jwks_uri: inside },
    { jwks: { keys: [] } },
    { sector_identifier_uri: inside },
    { logo_uri: inside },
    { request_uris: [inside] },
    { initiate_login_uri: inside },
    { backchannel_logout_uri: inside },
    { client_name: 'x'.repeat(CLIENT_LIMITS.maxNameLength + 1) },
    { client_name: 7 },
    { client_uri: `https://x.test/${'x'.repeat(CLIENT_LIMITS.maxUriLength)}` },
    { scope: 'delete:all' },
    { redirect_uris: Array.from({ length: CLIENT_LIMITS.maxRedirectUris + 1 }, (_, i) => `https://x.test/${i}`) },
    { redirect_uris: [] },
    { redirect_uris: REDIRECT_URI },
    { redirect_uris: [7] },
  ]) {
    const { status, body } = await register(server, { ...DESCRIPTION, ...greedy });
    assert.deepEqual([status, body.error], [400, 'invalid_client_metadata'], JSON.stringify(greedy).slice(0, 100));
  }
  for (const body of ['{', '[]', 'null', '"x"'])
    assert.equal((await register(server, body)).body.error, 'invalid_client_metadata', body);
  assert.equal((await register(server, `{"client_name":"${'x'.repeat(CLIENT_LIMITS.maxBodyBytes)}"}`)).status, 413);
});

test('A1.scheme, A1.userinfo: redirect URIs that a browser would run, or that go to strangers in the clear, are refused', async (t) => {
  const server = await startTestServer(t);
  for (const uri of [
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'vbscript:x',
    'blob:https://x.test/1',
    'about:blank',
    'ws://localhost/x',
    'http://tool.example.com/callback',
    'http://192.168.0.1/callback',
    'http://127.0.0.1.nip.io/callback',
    'http://127.0.0.1@evil.test/callback',
    'https://user:password@x.test/callback',
    'https://x.test/callback#fragment',
    'http://localhost\\@evil.test/callback',
    `https://x.test/${'x'.repeat(CLIENT_LIMITS.maxUriLength)}`,
    'callback',
    '',
  ]) {
    const { status, body } = await register(server, { redirect_uris: [REDIRECT_URI, uri] });
    assert.deepEqual([status, body.error], [400, 'invalid_redirect_uri'], uri.slice(0, 60));
  }
  for (const uri of ['https://x.test/callback', 'com.example.tool:/callback', 'cursor://anysphere.example/callback'])
    assert.equal((await register(server, { redirect_uris: [uri] })).status, 201, uri);
});

test('A5.name: a name cannot turn itself around, hide, or become markup', async (t) => {
  const server = await startTestServer(t);
  const { body } = await register(server, { ...DESCRIPTION, client_name: '<b>Bank\u202Eknab\u200B\u0000</b>' });
  assert.doesNotMatch(body.client_name, /[\p{Cc}\p{Cf}]/u);
  const browser = createBrowser(server.issuer);
  const page = await browser.walk(codeRequest(server.issuer, { client_id: body.client_id }).url);
  assert.ok(page.text.includes('&#60;b&#62;Bank'));
});

test('A7.each-time, A7.prompt-none: a client that nobody vouched for is asked about each time, with the host that gets the answer', async (t) => {
  const server = await startTestServer(t);
  const redirect_uri = 'https://tool.example.com/callback';
  const { body } = await register(server, { redirect_uris: [redirect_uri] });
  const request = { client_id: body.client_id, redirect_uri };
  const { browser } = await obtainCode(server, request);
  const again = await browser.walk(codeRequest(server.issuer, request).url);
  assert.match(again.text, /value="allow"/);
  assert.match(again.text, /Nobody has checked this name/);
  assert.match(again.text, /<code>tool\.example\.com<\/code>/);
  const silent = await browser.visit(codeRequest(server.issuer, { ...request, prompt: 'none' }).url);
  assert.match(silent.location ?? '', /error=(interaction|consent)_required/);
});

test('A5.management, A5.deleted: a registration can be read, changed and removed with its own token only, and changed to no more than it may be', async (t) => {
  const server = await startTestServer(t);
  const mine = (await register(server, DESCRIPTION)).body;
  const other = (await register(server, DESCRIPTION)).body;
  const manage = async (method: string, token: string, body?: unknown) => {
    const response = await fetch(mine.registration_client_uri, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return response.status;
  };
  const update = { ...DESCRIPTION, client_id: mine.client_id, client_name: 'New name' };
  for (const method of ['GET', 'DELETE']) assert.equal(await manage(method, 'nonsense'), 401);
  assert.equal(
    await manage('PUT', mine.registration_access_token, { ...update, grant_types: ['client_credentials'] }),
    400,
  );
  assert.equal(await manage('PUT', mine.registration_access_token, { ...update, client_id: 'local-agent' }), 400);
  assert.equal(await manage('PUT', mine.registration_access_token, update), 200);
  assert.equal(await manage('GET', other.registration_access_token), 401);
  assert.equal(await manage('GET', mine.registration_access_token), 200);
  const tokens = await postForm(server, (await obtainCode(server, { client_id: mine.client_id })).form);
  assert.equal(await manage('DELETE', mine.registration_access_token), 204);
  const refresh = {
    grant_type: 'refresh_token',
    client_id: mine.client_id,
    refresh_token: tokens.body['refresh_token'] ?? '',
  };
  const gone = await postForm(server, refresh);
  assert.deepEqual([gone.status, gone.body['error']], [401, 'invalid_client']);
  const list = await (await fetch(`${server.issuer}/oauth/revocations`)).json();
  assert.ok(list.grants.includes(decodeJwt(tokens.body['access_token'] ?? '')['gid']));
  assert.ok(mine.client_id in list.clients);
});

test('A5.rate: one address registers a hundred times an hour at most', async (t) => {
  const server = await startTestServer(t);
  const answers = await Promise.all(
    Array.from({ length: CLIENT_LIMITS.maxPerWindow + 10 }, () => register(server, DESCRIPTION)),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, CLIENT_LIMITS.maxPerWindow);
  const refused = answers.find(({ status }) => status === 429);
  assert.ok(Number(refused?.headers.get('retry-after')) > 0);
  server.advance(CLIENT_LIMITS.windowMs / 1_000);
  assert.equal((await register(server, DESCRIPTION)).status, 201);
});

test('A10.registrations: 3 000 registrations neither push out a client in use nor make the store grow without bound', async (t) => {
  const server = await startTestServer(t);
  const { body: live } = await register(server, DESCRIPTION);
  const tokens = await postForm(server, (await obtainCode(server, { client_id: live.client_id })).form);
  const browser = createBrowser(server.issuer);
  const { body: consenting } = await register(server, DESCRIPTION);
  const page = await browser.walk(codeRequest(server.issuer, { client_id: consenting.client_id }).url);

  let sizeAtCap = 0;
  const size = () => countRows(server, 'Client') + countRows(server, 'RegistrationAccessToken');
  for (let round = 0; round < 30; round += 1) {
    await Promise.all(Array.from({ length: CLIENT_LIMITS.maxPerWindow }, () => register(server, DESCRIPTION)));
    assert.ok(countRows(server, 'Client') <= CLIENT_LIMITS.maxClients);
    if (countRows(server, 'Client') === CLIENT_LIMITS.maxClients) sizeAtCap ||= size();
    // The worst case: just as fast as the limit lets them.
    server.advance(CLIENT_LIMITS.windowMs / 1_000 + 1);
    if (round === 0) await browser.visit(page.url);
  }
  assert.ok(sizeAtCap > 0, 'the cap was reached');
  assert.ok(size() <= sizeAtCap + 1);
  const refresh = { grant_type: 'refresh_token', client_id: live.client_id };
  const kept = await postForm(server, { ...refresh, refresh_token: tokens.body['refresh_token'] ?? '' });
  assert.equal(kept.status, 200);
});

test('A5.reaper, A5.idle: a full store refuses newcomers for a while rather than a client that has just come', async (t) => {
  let nowMs = 0;
  const file = join(await temporaryDirectory(t), 'store.sqlite');
  const store = await openStore({ file, now: () => nowMs });
  t.after(() => store.close());
  const clients = store.adapter('Client');
  for (let i = 0; i < CLIENT_LIMITS.maxClients; i += 1) await clients.upsert(`dyn_${i}`, {});
  await assert.rejects(clients.upsert('dyn_new', {}), { error: 'temporarily_unavailable' });
  await clients.upsert('dyn_1', { client_name: 'changed' });
  nowMs = (CLIENT_LIMITS.graceSeconds + 1) * 1_000;
  await store.adapter('Interaction').upsert('i1', { params: { client_id: 'dyn_0' } }, 60);
  await store.adapter('Grant').upsert('g1', { clientId: 'dyn_2' }, 100_000_000);
  await clients.upsert('dyn_new', {});
  assert.equal((await clients.find('dyn_3')) === undefined, false);
  for (const kept of ['dyn_0', 'dyn_2', 'dyn_new']) assert.ok(await clients.find(kept), kept);
  nowMs += (CLIENT_LIMITS.idleSeconds + 1) * 1_000;
  for (let i = 0; i < 40; i += 1) await clients.upsert(`dyn_later_${i}`, {});
  assert.ok(await clients.find('dyn_2'), 'a client with a live grant stays');
  assert.equal(await clients.find('dyn_4'), undefined);
});

test('registration and metadata documents are off by default when the issuer is not on loopback', async (t) => {
  const server = await startTestServer(t, { openRegistration: false });
  assert.equal((await fetch(`${server.issuer}/oidc/register`, { method: 'POST', body: '{}' })).status, 404);
  const metadata = await (await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)).json();
  assert.equal(metadata.registration_endpoint, undefined);
  assert.equal(metadata.client_id_metadata_document_supported, undefined);
  const page = await createBrowser(server.issuer).visit(codeRequest(server.issuer, { client_id: CLIENT_ID_URL }).url);
  assert.equal(page.status, 400);
});
