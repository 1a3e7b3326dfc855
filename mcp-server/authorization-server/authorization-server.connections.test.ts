// The page of connections, and what keeps two authorization servers apart.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { codeRequest, createBrowser, formTokenOf, obtainCode } from './test-browser.ts';
import { postForm, startTestServer, type TestServer } from './test-support.ts';

async function connect(server: TestServer, browser = createBrowser(server.issuer)) {
  const { form } = await obtainCode(server, { scope: 'read:add write:notes' }, browser);
  const { body } = await postForm(server, form);
  const grant = String(decodeJwt(body['access_token'] ?? '')['gid']);
  const refresh = { grant_type: 'refresh_token', client_id: 'local-cli', refresh_token: body['refresh_token'] ?? '' };
  return { browser, grant, refresh };
}

test('whoever is not signed in signs in first and then sees what is connected', async (t) => {
  const server = await startTestServer(t);
  const { grant } = await connect(server);
  const browser = createBrowser(server.issuer);
  const signIn = await browser.walk(`${server.issuer}/connections`);
  assert.match(signIn.text, /your connections<\/bdi> asks you to sign in/);
  const page = await browser.answer(signIn, 'sign-in');
  assert.equal(page.url, `${server.issuer}/connections`, 'no code is left in the address');
  for (const text of [
    'Demo User',
    'Local command line',
    'local-cli',
    'Use the add tool',
    'Change your notes',
    'just now',
    grant,
  ])
    assert.ok(page.text.includes(text), text);
  assert.equal(page.text.includes('connections-page'), false, 'the page itself is no connection');
  server.advance(3 * 60 * 60);
  assert.match((await browser.walk(page.url)).text, /3 hours ago/);
});

test('revoking a connection ends that one for good', async (t) => {
  const server = await startTestServer(t);
  const one = await connect(server);
  const other = await connect(server, one.browser);
  const page = await one.browser.walk(`${server.issuer}/connections`);
  const done = await one.browser.answer(page, 'revoke', { grant: one.grant });
  assert.match(done.text, /role="status">Revoked/);
  assert.equal(done.text.includes(one.grant), false);
  assert.equal((await postForm(server, one.refresh)).body['error'], 'invalid_grant');
  assert.equal((await postForm(server, other.refresh)).status, 200);
  assert.equal((await one.browser.answer(page, 'revoke', { grant: one.grant })).status, 404);
});

test('A7.connections: nobody else’s form, session or connection will do', async (t) => {
  const server = await startTestServer(t);
  const { browser, grant, refresh } = await connect(server);
  const url = `${server.issuer}/connections`;
  const page = await browser.walk(url);
  const stranger = createBrowser(server.issuer);
  const form = { answer: 'revoke', grant };
  assert.equal((await stranger.visit(url, { ...form, form_token: formTokenOf(page) })).status, 403);
  for (const form_token of ['', 'x', formTokenOf(page).toUpperCase()])
    assert.equal((await browser.visit(url, { ...form, form_token })).status, 403);
  const signIn = await stranger.walk(codeRequest(server.issuer).url);
  await stranger.answer(signIn, 'sign-in');
  assert.equal((await stranger.visit(url, { ...form, form_token: formTokenOf(page) })).status, 403);
  for (const answer of ['', 'allow']) assert.equal((await browser.answer(page, answer)).status, 400);
  assert.equal((await browser.answer(page, 'revoke', { grant: 'nonsense' })).status, 404);
  assert.equal((await browser.visit(`${url}?answer=revoke&grant=${grant}`)).text.includes(grant), true);
  assert.equal((await fetch(url, { method: 'DELETE' })).status, 405);
  assert.equal((await postForm(server, refresh)).status, 200);
});

test('signing out ends the session and leaves the connections', async (t) => {
  const server = await startTestServer(t);
  const { browser, refresh } = await connect(server);
  const page = await browser.walk(`${server.issuer}/connections`);
  assert.match((await browser.answer(page, 'sign-out')).text, /Signed out/);
  assert.match((await browser.walk(`${server.issuer}/connections`)).text, /value="sign-in"/);
  assert.equal((await postForm(server, refresh)).status, 200);
});

test('whoever cancels, or takes no cookies, is not sent in circles', async (t) => {
  const server = await startTestServer(t);
  const browser = createBrowser(server.issuer);
  const page = await browser.answer(await browser.walk(`${server.issuer}/connections`), 'cancel');
  assert.deepEqual([page.status, page.location], [403, undefined]);
  const without = await createBrowser(server.issuer).visit(`${server.issuer}/connections?code=x`);
  assert.deepEqual([without.status, without.location], [400, undefined]);
});

test('A9.foreign: codes, sessions and tokens of one authorization server are worth nothing at another', async (t) => {
  const [one, other] = [await startTestServer(t), await startTestServer(t)];
  const code = await obtainCode(one);
  assert.equal(code.callback.searchParams.get('iss'), one.issuer);
  assert.equal((await postForm(other, code.form)).body['error'], 'invalid_grant');
  const { body } = await postForm(one, code.form);
  const refresh = { grant_type: 'refresh_token', client_id: 'local-cli', refresh_token: body['refresh_token'] ?? '' };
  assert.equal((await postForm(other, refresh)).body['error'], 'invalid_grant');
  const asResourceServer = await other.secretClient('resource-server-client.json');
  for (const token of [body['access_token'], body['refresh_token']]) {
    const { body: about } = await postForm(other, { token: token ?? '', ...asResourceServer }, '/oauth/introspect');
    assert.deepEqual(about, { active: false });
  }
  // The same cookies under the other server's names: each signs with a key of its own.
  const cookie = code.browser
    .cookies()
    .map(({ name, value }) => `${name.replace(String(one.port), String(other.port))}=${value}`)
    .join('; ');
  const response = await fetch(`${other.issuer}/connections`, { headers: { cookie }, redirect: 'manual' });
  assert.match(response.headers.get('location') ?? '', /\/authorize/);
});
