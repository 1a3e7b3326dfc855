// What a person sees and answers: sign-in, consent, saying no, and what a page must not let others do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeRequest, createBrowser, formTokenOf, obtainCode } from './test-browser.ts';
import { postForm, REDIRECT_URI, startTestServer, WEB_APP, WEB_REQUEST } from './test-support.ts';

test('whoever denies or cancels sends the client access_denied with state and issuer, and no code', async (t) => {
  const server = await startTestServer(t);
  const browser = createBrowser(server.issuer);
  for (const answers of [['cancel'], ['sign-in', 'deny'], ['deny']]) {
    const { url, state } = codeRequest(server.issuer);
    let page = await browser.walk(url);
    for (const answer of answers) page = await browser.answer(page, answer);
    assert.equal(page.status, 303);
    const callback = new URL(page.location ?? '');
    assert.equal(callback.origin + callback.pathname, REDIRECT_URI);
    assert.deepEqual(
      ['error', 'state', 'iss', 'code'].map((name) => callback.searchParams.get(name)),
      ['access_denied', state, server.issuer, null],
    );
  }
});

test('A7.each-time, A7.prompt-none: consent is asked of a native client each time, and the page tells old scopes from new ones', async (t) => {
  const server = await startTestServer(t);
  const { browser } = await obtainCode(server);
  const again = await browser.walk(codeRequest(server.issuer, { scope: 'read:add write:notes' }).url);
  const [, write = '', read = ''] = again.text.split('<li');
  assert.match(read, /allowed before[\s\S]*read:add/);
  assert.match(write, />new<[\s\S]*write:notes/);
  const silent = await browser.visit(codeRequest(server.issuer, { prompt: 'none' }).url);
  assert.equal(new URL(silent.location ?? '').searchParams.get('error'), 'interaction_required');
});

test('a confidential client is asked about again for every new scope, and what was not shown is not granted', async (t) => {
  const server = await startTestServer(t, { extraClients: [WEB_APP] });
  const { browser } = await obtainCode(server, WEB_REQUEST);
  const same = await browser.walk(codeRequest(server.issuer, WEB_REQUEST).url);
  assert.match(same.location ?? '', /^https:\/\/app\.example\.com\/callback\?code=/);
  const wider = await browser.walk(codeRequest(server.issuer, { ...WEB_REQUEST, scope: 'read:add write:notes' }).url);
  assert.match(wider.text, /value="allow"/);
  const { form } = await obtainCode(server, WEB_REQUEST, browser);
  const { body } = await postForm(server, { ...form, client_secret: WEB_APP.client_secret ?? '' });
  assert.equal(body['scope'], 'read:add');
});

test('A7.csrf: a form without its token, with another page’s token or with an answer it does not have does nothing', async (t) => {
  const server = await startTestServer(t);
  const browser = createBrowser(server.issuer);
  const signIn = await browser.walk(codeRequest(server.issuer).url);
  const consent = await browser.answer(signIn, 'sign-in');
  const other = await browser.walk(codeRequest(server.issuer).url);
  for (const form_token of [undefined, '', 'x', formTokenOf(signIn), formTokenOf(other)]) {
    const page = await browser.visit(consent.url, { answer: 'allow', ...(form_token !== undefined && { form_token }) });
    assert.equal(page.status, 403, form_token);
    assert.equal(page.location, undefined);
  }
  for (const answer of ['', 'sign-in', 'yes'])
    assert.equal((await browser.answer(consent, answer)).status, 400, answer);
  const largeForm = { form_token: formTokenOf(consent), answer: 'allow', padding: 'x'.repeat(57 * 1024) };
  assert.equal((await browser.visit(consent.url, largeForm)).status, 413);
  assert.match(
    (await browser.visit(`${consent.url}?answer=allow&form_token=${formTokenOf(consent)}`)).text,
    /value="allow"/,
  );
  assert.ok(new URL((await browser.answer(consent, 'allow')).location ?? '').searchParams.has('code'));
});

test('A7.interaction: an interaction belongs to the browser that began it, and ends with its answer', async (t) => {
  const server = await startTestServer(t);
  const browser = createBrowser(server.issuer);
  const page = await browser.walk(codeRequest(server.issuer).url);
  const stranger = createBrowser(server.issuer);
  assert.equal((await stranger.visit(page.url)).status, 400);
  assert.equal((await stranger.visit(page.url, { form_token: formTokenOf(page), answer: 'sign-in' })).status, 400);
  const other = createBrowser(server.issuer);
  await other.walk(codeRequest(server.issuer).url);
  const cookie = other
    .cookies()
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');
  assert.equal((await fetch(page.url, { headers: { cookie } })).status, 400);
  await browser.answer(await browser.answer(page, 'sign-in'), 'allow');
  assert.equal((await browser.visit(page.url, { form_token: formTokenOf(page), answer: 'sign-in' })).status, 400);
  assert.equal((await browser.visit(`${server.issuer}/interaction/nonsense`)).status, 400);
  assert.equal((await fetch(page.url, { method: 'DELETE' })).status, 405);
});

test('A1.303, A7.frame: pages are not cached, framed, sniffed or referred from, and answers are 303', async (t) => {
  const server = await startTestServer(t);
  const browser = createBrowser(server.issuer);
  const page = await browser.walk(codeRequest(server.issuer).url);
  const error = await browser.visit(`${server.issuer}/authorize?client_id=nobody`);
  for (const { headers, text } of [page, error]) {
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.match(
      headers.get('content-security-policy') ?? '',
      /default-src 'none'; style-src 'sha256-.*frame-ancestors 'none'/,
    );
    assert.match(text, /^<!doctype html>/);
  }
  const answered = await browser.visit(page.url, { form_token: formTokenOf(page), answer: 'sign-in' });
  assert.equal(answered.status, 303);
});

test('A7.fixation: signing in changes the session id, so that a planted cookie is worth nothing', async (t) => {
  const server = await startTestServer(t);
  const { browser } = await obtainCode(server);
  const sessionOf = () => browser.cookies().find(({ name }) => name === `session_${server.port}`)?.value;
  const before = sessionOf();
  await obtainCode(server, { prompt: 'login' }, browser);
  assert.ok(before !== undefined && sessionOf() !== undefined);
  assert.notEqual(sessionOf(), before);
});
