// Attacks by way of a browser: pages of another person, another tab, another server on this host, and markup in names.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import * as oauth from 'openid-client';
import { openAdministration } from './administration.ts';
import { DEVICE_LIMITS } from './limits.ts';
import { codeRequest, createBrowser, formTokenOf, obtainCode } from './test-browser.ts';
import { postForm, RESOURCE, recordingLog, startTestServer, type TestServer } from './test-support.ts';

const PASSWORD = 'correct horse battery';
const [HOME, OTHER] = ['https://app.example.com/callback', 'https://app.example.com/other'];
const WEB_APP = {
  client_id: 'web-app',
  client_secret: 'web-app-secret-web-app-secret-web-app',
  grant_types: ['authorization_code'],
  response_types: ['code' as const],
  redirect_uris: [HOME, OTHER],
};

async function addUsers({ dataDir }: TestServer, ...names: string[]): Promise<void> {
  const administration = await openAdministration({ dataDir, log: recordingLog() });
  for (const name of names) await administration.addUser(name, PASSWORD);
  administration.close();
}

test('A7.switch: a consent page of one person is worth nothing once another has signed in in that browser', async (t) => {
  const server = await startTestServer(t);
  await addUsers(server, 'ana', 'ben');
  const browser = createBrowser(server.issuer);
  const signIn = await browser.walk(codeRequest(server.issuer).url);
  const ofAna = await browser.answer(signIn, 'sign-in', { name: 'ana', password: PASSWORD });
  assert.match(ofAna.text, /<bdi>ana</);
  const again = await browser.walk(codeRequest(server.issuer, { prompt: 'login' }).url);
  const ofBen = await browser.answer(again, 'sign-in', { name: 'ben', password: PASSWORD });
  const late = await browser.answer(ofAna, 'allow');
  assert.deepEqual([late.status, late.location], [400, undefined]);
  assert.match(ofBen.text, /<bdi>ben</);
  assert.ok(new URL((await browser.answer(ofBen, 'allow')).location ?? '').searchParams.has('code'));
});

test('A7.switch: a form of one browser session is no good in another, even with both cookies at hand', async (t) => {
  const server = await startTestServer(t);
  const [victim, attacker] = [createBrowser(server.issuer), createBrowser(server.issuer)];
  const victims = await victim.answer(await victim.walk(codeRequest(server.issuer).url), 'sign-in');
  const attackers = await attacker.answer(await attacker.walk(codeRequest(server.issuer).url), 'sign-in');
  const cookies = (browser: typeof victim, prefix: string) =>
    browser
      .cookies()
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, value }) => `${name}=${value}`);
  // The attacker's form and interaction, planted into the victim's session: the victim would allow the attacker's client.
  const planted = [...cookies(attacker, 'interaction'), ...cookies(victim, 'session')].join('; ');
  for (const [page, token] of [
    [attackers, formTokenOf(victims)],
    [victims, formTokenOf(attackers)],
    [victims, formTokenOf(victims)],
  ] as const) {
    const response = await fetch(page.url, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: planted },
      body: new URLSearchParams({ form_token: token, answer: 'allow' }),
    });
    assert.ok([400, 403].includes(response.status), String(response.status));
    assert.equal(response.headers.get('location'), null);
  }
});

test('A7.consent: a yes is for this client, this redirect URI and these scopes, and for nothing else', async (t) => {
  const other = { ...WEB_APP, client_id: 'other-app', redirect_uris: [HOME] };
  const single = { ...WEB_APP, client_id: 'single-app', redirect_uris: [HOME] };
  const server = await startTestServer(t, { extraClients: [WEB_APP, other, single] });
  const { browser } = await obtainCode(server, { client_id: 'web-app', redirect_uri: HOME });
  await obtainCode(server, { client_id: 'single-app', redirect_uri: HOME }, browser);
  const asked = async (changes: Record<string, string>) =>
    (await browser.walk(codeRequest(server.issuer, { redirect_uri: HOME, ...changes }).url)).text.includes(
      'value="allow"',
    );
  assert.equal(await asked({ client_id: 'single-app' }), false, 'the very same request');
  assert.equal(await asked({ client_id: 'single-app', scope: 'read:add write:notes' }), true, 'another scope');
  assert.equal(await asked({ client_id: 'other-app' }), true, 'another client');
  assert.equal(await asked({ client_id: 'web-app', redirect_uri: OTHER }), true, 'another redirect URI');
  const silent = codeRequest(server.issuer, { client_id: 'web-app', redirect_uri: OTHER, prompt: 'none' });
  const { location = '' } = await browser.visit(silent.url);
  assert.match(location, /^https:\/\/app\.example\.com\/other\?error=interaction_required/);
});

test('A7.markup: what somebody types into the sign-in form, or puts into a link, comes back as text', async (t) => {
  const server = await startTestServer(t);
  await addUsers(server, 'ana');
  const hostile = `"><script>alert(1)</script><img src=x onerror='alert(1)'>`;
  const browser = createBrowser(server.issuer);
  const page = await browser.walk(codeRequest(server.issuer, { login_hint: hostile, ui_locales: hostile }).url);
  const pages = [
    await browser.answer(page, 'sign-in', { name: hostile, password: hostile }),
    await browser.visit(`${server.issuer}/activate?user_code=${encodeURIComponent(hostile)}`),
    await browser.visit(`${server.issuer}/connections?error=${encodeURIComponent(hostile)}`),
    await browser.visit(codeRequest(server.issuer, { client_id: hostile }).url),
    await browser.visit(codeRequest(server.issuer, { redirect_uri: hostile }).url),
    await browser.visit(`${server.issuer}/interaction/${encodeURIComponent(hostile)}`),
  ];
  for (const { text, url, headers } of pages) {
    assert.doesNotMatch(text, /<script|<img/, url);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/, url);
  }
});

test('A7.drive-by: a device form from elsewhere is a plain refusal, and uses up nobody’s tries', async (t) => {
  const server = await startTestServer(t);
  const post = (cookie: string) =>
    fetch(`${server.issuer}/activate`, {
      method: 'POST',
      headers: { origin: 'https://evil.test', 'content-type': 'application/x-www-form-urlencoded', cookie },
      body: 'xsrf=x&user_code=WRNG-WRNG',
    });
  for (let form = 0; form <= DEVICE_LIMITS.maxTriesPerWindow; form += 1) {
    const response = await post(form % 2 === 0 ? '' : `session_${server.port}=made-up`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /This page has expired/);
  }
  const browser = createBrowser(server.issuer);
  const page = await browser.walk(`${server.issuer}/activate`);
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(page.text) ?? [];
  assert.notEqual(xsrf, '');
  const tried = await browser.walk(page.url, { xsrf, user_code: 'WRNG-WRNG' });
  assert.match(tried.text, /This code is not known/);
});

test('A7.drive-by: a page on the web can neither register clients nor start device codes here, nor read anything', async (t) => {
  const server = await startTestServer(t);
  const { browser } = await obtainCode(server);
  const cookie = browser
    .cookies()
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');
  const post = (path: string, contentType: string, body: string) =>
    fetch(server.issuer + path, {
      method: 'POST',
      headers: { origin: 'https://evil.test', 'content-type': contentType, cookie },
      body,
    });
  // What a browser sends without asking first.
  const description = JSON.stringify({ redirect_uris: ['https://evil.test/callback'] });
  for (const contentType of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])
    assert.equal((await post('/oidc/register', contentType, description)).status, 415, contentType);
  const asks = await fetch(`${server.issuer}/oidc/register`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.test', 'access-control-request-method': 'POST' },
  });
  assert.equal(asks.headers.get('access-control-allow-origin'), null);
  const device = await post('/oauth/device/code', 'application/x-www-form-urlencoded', 'client_id=local-cli');
  assert.equal(device.status, 400);
  for (const path of ['/connections', '/oauth/revocations', '/activate']) {
    const response = await fetch(server.issuer + path, { headers: { origin: 'https://evil.test', cookie } });
    assert.equal(response.headers.get('access-control-allow-origin'), null, path);
  }
});

test('A7.own-client: nobody redeems the code that brings a browser back to the page of connections', async (t) => {
  for (const dialect of ['rfc9068', 'auth0'] as const) {
    const server = await startTestServer(t, { dialect });
    const { browser } = await obtainCode(server, { audience: RESOURCE });
    const redirect_uri = new URL('/connections', server.issuer).href;
    const request = { client_id: 'connections-page', redirect_uri, scope: 'openid', resource: undefined };
    const { url, verifier } = codeRequest(server.issuer, request);
    const { location = '' } = await browser.visit(url);
    const code = new URL(location).searchParams.get('code');
    assert.ok(code);
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri };
    for (const more of [{}, { client_secret: '' }, { client_secret: 'undefined' }]) {
      const { status } = await postForm(server, { ...form, client_id: 'connections-page', ...more });
      assert.equal(status, 401);
    }
  }
});

test('A8.issuer, A8.iss: metadata, tokens, codes and errors name the issuer, letter by letter', async (t) => {
  const server = await startTestServer(t);
  const { issuer } = server;
  for (const name of ['oauth-authorization-server', 'openid-configuration'])
    assert.equal((await (await fetch(`${issuer}/.well-known/${name}`)).json()).issuer, issuer);
  const { form, callback } = await obtainCode(server);
  assert.equal(callback.searchParams.get('iss'), issuer);
  assert.equal(decodeJwt((await postForm(server, form)).body['access_token'] ?? '').iss, issuer);
  for (const fault of [{ scope: 'nonsense' }, { prompt: 'none' }, { code_challenge: undefined }]) {
    const { location = '' } = await createBrowser(issuer).visit(codeRequest(issuer, fault).url);
    assert.ok(new URL(location).searchParams.has('error'));
    assert.equal(new URL(location).searchParams.get('iss'), issuer, JSON.stringify(fault));
  }
});

function isIssuerMismatch(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && /"iss"/.test(error.cause.message);
}

test('A9.mix-up: a client that talks to two issuers refuses the code of the one for the other', async (t) => {
  const [honest, hostile] = [await startTestServer(t), await startTestServer(t)];
  const discover = ({ issuer }: TestServer) =>
    oauth.discovery(new URL(issuer), 'local-cli', undefined, oauth.None(), {
      algorithm: 'oauth2',
      execute: [oauth.allowInsecureRequests],
    });
  const atHostile = await discover(hostile);
  const { verifier, callback } = await obtainCode(honest);
  const checks = { pkceCodeVerifier: verifier, expectedState: callback.searchParams.get('state') ?? '' };
  const parameters = { resource: RESOURCE };
  await assert.rejects(oauth.authorizationCodeGrant(atHostile, callback, checks, parameters), isIssuerMismatch);
  const withoutIssuer = new URL(callback);
  withoutIssuer.searchParams.delete('iss');
  await assert.rejects(oauth.authorizationCodeGrant(atHostile, withoutIssuer, checks, parameters), isIssuerMismatch);
  const tokens = await oauth.authorizationCodeGrant(await discover(honest), callback, checks, parameters);
  assert.ok(tokens.access_token, 'the code was not spent');
});

test('A9.cookies: servers on neighbour ports share a jar and neither overwrite nor believe each other’s cookies', async (t) => {
  const [one, other] = [await startTestServer(t), await startTestServer(t)];
  const browser = createBrowser('http://localhost:');
  await obtainCode(one, {}, browser);
  await obtainCode(other, {}, browser);
  const session = (server: TestServer) =>
    browser.cookies().filter(({ name }) => name.startsWith(`session_${server.port}`));
  assert.deepEqual([session(one).length, session(other).length], [2, 2], 'each with its signature');
  assert.match((await browser.visit(`${one.issuer}/connections`)).text, /Signed in as/);
  // The neighbour plants its own cookies under the names of this one.
  const planted = session(other)
    .map(({ name, value }) => `${name.replace(String(other.port), String(one.port))}=${value}`)
    .join('; ');
  const unsigned = session(one)
    .filter(({ name }) => !name.endsWith('.sig'))
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');
  for (const cookie of [planted, unsigned]) {
    const response = await fetch(`${one.issuer}/connections`, { headers: { cookie }, redirect: 'manual' });
    assert.equal(response.status, 303, 'nobody is signed in');
  }
});
