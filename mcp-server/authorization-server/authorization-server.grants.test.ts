// Grants and endpoints that need no consent page of the code flow: device code, introspection, revocation, keys as
// credentials, and tokens that are bound to a key.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'openid-client';
import { DEVICE_LIMITS, LIFETIMES_SECONDS, OVERLAP_SECONDS, REVOCATION_LIMITS } from './limits.ts';
import { type BrowserPage, createBrowser, obtainCode } from './test-browser.ts';
import { createMeeting, postForm, RESOURCE, startTestServer, type TestServer } from './test-support.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

async function startDevice(server: TestServer, more: Record<string, string> = {}) {
  const { status, body } = await postForm(server, { client_id: 'local-cli', ...more }, '/oauth/device/code');
  assert.equal(status, 200, JSON.stringify(body));
  return { userCode: body['user_code'] ?? '', deviceCode: body['device_code'] ?? '', body };
}

function poll(server: TestServer, deviceCode: string, more: Record<string, string> = {}) {
  return postForm(server, { grant_type: DEVICE_GRANT, client_id: 'local-cli', device_code: deviceCode, ...more });
}

/** Posts one of the device pages. */
function post(
  server: TestServer,
  browser: ReturnType<typeof createBrowser>,
  page: BrowserPage,
  fields: Record<string, string>,
) {
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  return browser.walk(new URL('/activate', server.issuer).href, { xsrf, ...fields });
}

async function enterCode(server: TestServer, userCode: string, browser = createBrowser(server.issuer)) {
  const entry = await browser.walk(`${server.issuer}/activate`);
  return { browser, page: await post(server, browser, entry, { user_code: userCode }) };
}

async function allowDevice(server: TestServer, userCode: string): Promise<BrowserPage> {
  const { browser, page } = await enterCode(server, userCode);
  let next = await post(server, browser, page, { user_code: userCode, confirm: 'yes' });
  for (const answer of ['sign-in', 'allow'])
    if (next.text.includes(`value="${answer}"`)) next = await browser.answer(next, answer);
  return next;
}

test('A7.device-client: a device gets a token after a person typed its code, saw the client, signed in and consented', async (t) => {
  const server = await startTestServer(t);
  const client = await oauth.discovery(new URL(server.issuer), 'local-cli', undefined, oauth.None(), {
    algorithm: 'oauth2',
    execute: [oauth.allowInsecureRequests],
  });
  const answer = await oauth.initiateDeviceAuthorization(client, { scope: 'read:add', resource: RESOURCE });
  assert.match(answer.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  const browser = createBrowser(server.issuer);
  const entry = await browser.walk(answer.verification_uri_complete ?? '');
  assert.ok(entry.text.includes(`value="${answer.user_code}"`), 'the code of the link is in the field');
  assert.doesNotMatch(entry.text, /<script/);
  const confirm = await post(server, browser, entry, { user_code: answer.user_code.toLowerCase().replace('-', ' ') });
  for (const text of ['Local command line', answer.user_code, 'If somebody sent you the code'])
    assert.ok(confirm.text.includes(text), text);
  const signIn = await post(server, browser, confirm, { user_code: answer.user_code, confirm: 'yes' });
  const consent = await browser.answer(signIn, 'sign-in');
  assert.match(consent.text, /the device that shows the code/);
  const done = await browser.answer(consent, 'allow');
  assert.match(done.text, /The device is connected/);
  const tokens = await oauth.genericGrantRequest(client, DEVICE_GRANT, { device_code: answer.device_code });
  const claims = decodeJwt(tokens.access_token);
  assert.deepEqual([claims.sub, claims['scope'], claims.aud], ['demo-user', 'read:add', RESOURCE]);
  assert.ok(tokens.refresh_token);
});

test('a device that names no scope and no resource gets the defaults', async (t) => {
  const server = await startTestServer(t);
  const { userCode, deviceCode } = await startDevice(server);
  await allowDevice(server, userCode);
  const { body } = await poll(server, deviceCode);
  assert.equal(body['scope'], 'read:add');
  assert.equal(decodeJwt(body['access_token'] ?? '').aud, RESOURCE);
});

test('A7.device-once: a device code works once, for its own client, and a user code once', async (t) => {
  const meeting = createMeeting('DeviceCode');
  const server = await startTestServer(t, { wrapAdapter: meeting.wrapAdapter });
  const { userCode, deviceCode } = await startDevice(server);
  await allowDevice(server, userCode);
  assert.match((await enterCode(server, userCode)).page.text, /not known, has expired or was used already/);
  meeting.expect(3);
  const answers = await Promise.all([1, 2, 3].map(() => poll(server, deviceCode)));
  assert.ok(answers.filter(({ status }) => status === 200).length <= 1);
  assert.ok(answers.filter(({ body }) => body['error'] === 'invalid_grant').length >= 2);
  const { client_id, client_secret } = await server.agentClient();
  assert.equal((await poll(server, deviceCode, { client_id, client_secret })).status, 400);
});

test('A7.device-no: a device whose person says no, on either page, is told so', async (t) => {
  const server = await startTestServer(t);
  const aborted = await startDevice(server);
  const { browser, page } = await enterCode(server, aborted.userCode);
  assert.match(
    (await post(server, browser, page, { user_code: aborted.userCode, abort: 'yes' })).text,
    /Nothing was allowed/,
  );
  assert.equal((await poll(server, aborted.deviceCode)).body['error'], 'access_denied');

  const denied = await startDevice(server);
  const second = await enterCode(server, denied.userCode);
  const signIn = await post(server, second.browser, second.page, { user_code: denied.userCode, confirm: 'yes' });
  const consent = await second.browser.answer(signIn, 'sign-in');
  assert.match((await second.browser.answer(consent, 'deny')).text, /Nothing was allowed/);
  assert.equal((await poll(server, denied.deviceCode)).body['error'], 'access_denied');
});

test('A7.device-guess: whoever guesses user codes is stopped, and a form from elsewhere does nothing', async (t) => {
  const server = await startTestServer(t);
  const { userCode } = await startDevice(server);
  const browser = createBrowser(server.issuer);
  const entry = await browser.walk(`${server.issuer}/activate`);
  const forged = await browser.walk(`${server.issuer}/activate`, { xsrf: 'f'.repeat(48), user_code: userCode });
  assert.doesNotMatch(forged.text, /Is this/);
  let page = await browser.walk(entry.url);
  for (let i = 1; i < DEVICE_LIMITS.maxTriesPerWindow; i += 1)
    page = await post(server, browser, page, { user_code: `WRNG-${String(i).padStart(4, 'W')}` });
  assert.match(page.text, /not known/);
  const stopped = await post(server, browser, page, { user_code: userCode });
  assert.equal(stopped.status, 429);
  assert.ok(Number(stopped.headers.get('retry-after')) > 0);
  server.advance(DEVICE_LIMITS.windowMs / 1_000);
  assert.match((await post(server, browser, page, { user_code: 'WRNG-WRNG' })).text, /not known/);
});

test('A7.user-code: user codes are random, of twenty letters that cannot be taken for others, and the link waits for a person', async (t) => {
  const server = await startTestServer(t);
  const codes = new Set<string>();
  const letters = new Map<string, number>();
  for (let i = 0; i < 100; i += 1) {
    const { userCode, body } = await startDevice(server);
    assert.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    codes.add(userCode);
    for (const letter of userCode.replace('-', '')) letters.set(letter, (letters.get(letter) ?? 0) + 1);
    if (i > 0) continue;
    const page = await createBrowser(server.issuer).walk(body['verification_uri_complete'] ?? '');
    assert.match(page.text, /<button/);
    assert.equal((await poll(server, body['device_code'] ?? '')).body['error'], 'authorization_pending');
  }
  assert.equal(codes.size, 100);
  // 800 letters, 40 of each expected: all come, and none five times as often as it should.
  assert.equal(letters.size, 20);
  assert.ok(Math.max(...letters.values()) < 200);
});

test('a device that asks too often is told to slow down', async (t) => {
  const server = await startTestServer(t);
  const { deviceCode } = await startDevice(server);
  const ask = async () => {
    const { status, body } = await poll(server, deviceCode);
    return [status, body['error']];
  };
  assert.deepEqual(await ask(), [400, 'authorization_pending']);
  assert.deepEqual(await ask(), [400, 'slow_down']);
  server.advance(DEVICE_LIMITS.pollIntervalSeconds);
  assert.deepEqual(await ask(), [400, 'authorization_pending']);
});

test('introspection tells the resource server about any token and others about their own', async (t) => {
  const server = await startTestServer(t);
  const { body } = await postForm(server, (await obtainCode(server)).form);
  const agent = await server.agentClient();
  const asResourceServer = await server.secretClient('resource-server-client.json');
  const asAgent = { client_id: agent.client_id, client_secret: agent.client_secret };
  const introspect = async (token: string | undefined, client: Record<string, string>) =>
    (await postForm(server, { token: token ?? '', ...client }, '/oauth/introspect')).body;
  for (const kind of ['access_token', 'refresh_token']) {
    const { active, client_id, sub } = await introspect(body[kind], asResourceServer);
    assert.deepEqual([active, client_id, sub], [true, 'local-cli', 'demo-user'], kind);
    assert.equal((await introspect(body[kind], { client_id: 'local-cli' }))['active'], true, kind);
    assert.deepEqual(await introspect(body[kind], asAgent), { active: false }, kind);
  }
  const claims = await introspect(body['access_token'], asResourceServer);
  assert.deepEqual([claims['aud'], claims['scope'], claims['token_type']], [RESOURCE, 'read:add', 'Bearer']);
  for (const wrong of ['nonsense', `${body['access_token']}x`, 'a.b.c'])
    assert.deepEqual(await introspect(wrong, asResourceServer), { active: false }, wrong);
  const unproven = await introspect(body['access_token'], { client_id: 'mcp-server', client_secret: 'wrong' });
  assert.equal(unproven['error'], 'invalid_client');
});

test('the resource server’s client gets no token of its own', async (t) => {
  const server = await startTestServer(t);
  const { client_id, client_secret } = await server.secretClient('resource-server-client.json');
  const { status } = await postForm(server, { grant_type: 'client_credentials', client_id, client_secret });
  assert.equal(status, 400);
});

test('a client can revoke its own access token, which is then inactive and on the list; others cannot', async (t) => {
  const server = await startTestServer(t);
  const { body } = await postForm(server, (await obtainCode(server)).form);
  const token = body['access_token'] ?? '';
  const agent = await server.agentClient();
  const revoke = (client: Record<string, string>) => postForm(server, { token, ...client }, '/oauth/revoke');
  const list = async () => (await (await fetch(`${server.issuer}/oauth/revocations`)).json()).tokens;
  assert.equal((await revoke({ client_id: agent.client_id, client_secret: agent.client_secret })).status, 200);
  assert.equal((await revoke({ client_id: agent.client_id, client_secret: 'wrong' })).status, 401);
  assert.deepEqual(await list(), []);
  assert.equal((await revoke({ client_id: 'local-cli' })).status, 200);
  assert.deepEqual(await list(), [decodeJwt(token).jti]);
  const asResourceServer = await server.secretClient('resource-server-client.json');
  const { body: about } = await postForm(server, { token, ...asResourceServer }, '/oauth/introspect');
  assert.deepEqual(about, { active: false });
});

test('A10.restart: what was revoked stays revoked after a restart', async (t) => {
  const server = await startTestServer(t);
  const { body } = await postForm(server, (await obtainCode(server)).form);
  await postForm(server, { token: body['refresh_token'] ?? '', client_id: 'local-cli' }, '/oauth/revoke');
  await server.restart();
  const { grants } = await (await fetch(`${server.issuer}/oauth/revocations`)).json();
  assert.deepEqual(grants, [decodeJwt(body['access_token'] ?? '')['gid']]);
});

test('A3.expiry, A7.device-expiry: a code is good for a minute and a device code for ten', async (t) => {
  const server = await startTestServer(t);
  const { form } = await obtainCode(server);
  const { userCode, deviceCode } = await startDevice(server);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + (LIFETIMES_SECONDS.authorizationCode + 1) * 1_000 });
  assert.equal((await postForm(server, form)).body['error'], 'invalid_grant');
  assert.match((await enterCode(server, userCode)).page.text, /Is this/);
  t.mock.timers.tick(LIFETIMES_SECONDS.deviceCode * 1_000);
  assert.match((await enterCode(server, userCode)).page.text, /has expired/);
  assert.equal((await poll(server, deviceCode)).body['error'], 'expired_token');
});

test('A10.denials: a client that revokes very many tokens loses all of them, and the list stays small', async (t) => {
  const server = await startTestServer(t);
  const { client_id, client_secret } = await server.agentClient();
  const form = { grant_type: 'client_credentials', client_id, client_secret };
  for (let i = 0; i <= REVOCATION_LIMITS.maxTokensPerClient; i += 1) {
    const token = (await postForm(server, form)).body['access_token'] ?? '';
    await postForm(server, { token, client_id, client_secret }, '/oauth/revoke');
  }
  const list = await (await fetch(`${server.issuer}/oauth/revocations`)).json();
  assert.deepEqual(list.tokens, []);
  assert.ok(list.clients['local-agent'] > 0);
});

test('the list of revocations is for this machine, changes its tag, and forgets what has expired anyway', async (t) => {
  const server = await startTestServer(t);
  const read = (headers: Record<string, string> = {}) => fetch(`${server.issuer}/oauth/revocations`, { headers });
  const before = (await read()).headers.get('etag') ?? '';
  assert.equal((await read({ 'if-none-match': before })).status, 304);
  const { body } = await postForm(server, (await obtainCode(server)).form);
  await postForm(server, { token: body['refresh_token'] ?? '', client_id: 'local-cli' }, '/oauth/revoke');
  const changed = await read({ 'if-none-match': before });
  assert.equal(changed.status, 200);
  assert.deepEqual((await changed.json()).grants, [decodeJwt(body['access_token'] ?? '')['gid']]);
  for (const header of ['x-forwarded-for', 'forwarded'])
    assert.equal((await read({ [header]: 'for=1.2.3.4' })).status, 403);
  assert.equal((await fetch(`${server.issuer}/oauth/revocations`, { method: 'POST' })).status, 405);
  server.advance(12 * 60);
  assert.deepEqual((await (await read()).json()).grants, []);
});

test('A5.key: a key is as good as a secret, an assertion works once, for this issuer, and only with the right key', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const { privateKey: foreignKey } = await generateKeyPair('ES256');
  const meeting = createMeeting('ReplayDetection');
  const server = await startTestServer(t, {
    wrapAdapter: meeting.wrapAdapter,
    extraClients: [
      {
        client_id: 'key-client',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k1', use: 'sig' }] },
      },
    ],
  });
  const assertion = (claims: Record<string, unknown> = {}, key = privateKey) =>
    new SignJWT({ jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer('key-client')
      .setSubject('key-client')
      .setAudience(typeof claims['aud'] === 'string' ? claims['aud'] : server.issuer)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(key);
  const ask = async (client_assertion: string) =>
    await postForm(server, {
      grant_type: 'client_credentials',
      client_id: 'key-client',
      client_assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
  const good = await assertion();
  meeting.expect(3);
  const answers = await Promise.all([ask(good), ask(good), ask(good)]);
  assert.deepEqual(answers.map(({ status }) => status === 200).sort(), [false, false, true]);
  assert.notEqual((await ask(good)).status, 200);
  for (const wrong of [
    await assertion({}, foreignKey),
    await assertion({ aud: 'https://other.test' }),
    `${await assertion()}x`,
    '',
  ])
    assert.notEqual((await ask(wrong)).status, 200);
  assert.equal((await ask(await assertion())).status, 200);
});

test('A5.both: a secret works in the header and in the form, never in both', async (t) => {
  const server = await startTestServer(t);
  const { client_id, client_secret } = await server.agentClient();
  const authorization = `Basic ${btoa(`${client_id}:${client_secret}`)}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret });
  const both = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { authorization }, body });
  assert.equal(both.status, 400);
});

async function createProofs(server: TestServer) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const prove = (changes: Record<string, unknown> = {}) =>
    new SignJWT({ jti: randomUUID(), htm: 'POST', htu: `${server.issuer}/oauth/token`, ...changes })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt(typeof changes['iat'] === 'number' ? changes['iat'] : undefined)
      .sign(privateKey);
  const ask = async (form: Record<string, string>, dpop: string) => {
    const response = await fetch(`${server.issuer}/oauth/token`, {
      method: 'POST',
      headers: { dpop },
      body: new URLSearchParams(form),
    });
    return { status: response.status, body: await response.json() };
  };
  return { prove, ask, thumbprint: await calculateJwkThumbprint(jwk) };
}

test('a token that was asked for with a DPoP proof is bound to the key, and so is the refresh token of a public client', async (t) => {
  const server = await startTestServer(t);
  const { prove, ask, thumbprint } = await createProofs(server);
  const first = await ask((await obtainCode(server)).form, await prove());
  assert.deepEqual([first.status, first.body.token_type], [200, 'DPoP']);
  assert.deepEqual(decodeJwt(first.body.access_token)['cnf'], { jkt: thumbprint });
  const refresh = { grant_type: 'refresh_token', client_id: 'local-cli', refresh_token: first.body.refresh_token };
  assert.equal((await postForm(server, refresh)).body['error'], 'invalid_grant');
  const stranger = await createProofs(server);
  assert.equal((await stranger.ask(refresh, await stranger.prove())).body.error, 'invalid_grant');
  assert.equal((await ask(refresh, await prove())).status, 200);
});

test('a DPoP proof works once and for its own method, address and time', async (t) => {
  const meeting = createMeeting('ReplayDetection');
  const server = await startTestServer(t, { wrapAdapter: meeting.wrapAdapter });
  const { prove, ask } = await createProofs(server);
  const { client_id, client_secret } = await server.agentClient();
  const form = { grant_type: 'client_credentials', client_id, client_secret };
  const proof = await prove();
  meeting.expect(2);
  const answers = await Promise.all([ask(form, proof), ask(form, proof)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400]);
  for (const wrong of [
    proof,
    await prove({ htm: 'GET' }),
    await prove({ htu: 'https://other.test/oauth/token' }),
    await prove({ iat: Math.floor(Date.now() / 1_000) - 600 }),
    'nonsense',
  ])
    assert.equal((await ask(form, wrong)).status, 400);
});

test('A4.scope, A4.resource: scope and resource cannot be widened by a refresh, whatever the rotation', async (t) => {
  const server = await startTestServer(t);
  const { body } = await postForm(server, (await obtainCode(server)).form);
  const refresh = { grant_type: 'refresh_token', client_id: 'local-cli', refresh_token: body['refresh_token'] ?? '' };
  assert.equal((await postForm(server, { ...refresh, scope: 'read:add write:notes' })).body['error'], 'invalid_scope');
  assert.equal((await postForm(server, { ...refresh, resource: 'https://x.test' })).body['error'], 'invalid_target');
  server.advance(OVERLAP_SECONDS);
  assert.equal((await postForm(server, refresh)).status, 200);
});
