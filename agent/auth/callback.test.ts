// The loopback listener, asked by browsers, by other pages and by whoever else finds its port.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { freePorts } from '../../test/support/ports.ts';
import { checkAuthorizationResponse } from './authorization-response.ts';
import { type CallbackOptions, openCallback } from './callback.ts';

const EXPECTED = { issuer: 'https://id.example', state: 'the-state', isIssuerAnnounced: false };
const check = (parameters: URLSearchParams) => checkAuthorizationResponse(parameters, EXPECTED);

async function open(changes: Partial<CallbackOptions> = {}) {
  return await openCallback({
    redirectUri: 'http://127.0.0.1/callback/secret-path',
    check,
    signal: new AbortController().signal,
    ...changes,
  });
}

/** As `fetch`, but with any Host header. */
async function ask(url: string, options: { method?: string; host?: string; path?: string; destination?: string } = {}) {
  const { hostname, port, pathname, search, host } = new URL(url);
  const outgoing = request({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: options.path ?? `${pathname}${search}`,
    method: options.method ?? 'GET',
    headers: {
      host: options.host ?? host,
      ...(options.destination === undefined ? {} : { 'sec-fetch-dest': options.destination }),
    },
  });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe('callback listener', () => {
  test('takes one redirect, shows a page without anything of it, and is gone', async () => {
    const listener = await open();
    const url = `${listener.redirectUri}?code=the-code&state=the-state`;
    const asked = ask(url);
    assert.equal((await listener.redirect).href, url);
    // The code is here, and not redeemed yet: the browser waits for what comes of it.
    listener.show('signed-in');
    const page = await asked;
    assert.equal(page.status, 200);
    assert.match(page.body, /<h1>Signed in</);
    assert.match(page.body, /You can close this tab/);
    assert.doesNotMatch(page.body, /the-code|the-state|secret-path/);
    assert.match(page.headers['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.equal(page.headers['referrer-policy'], 'no-referrer');
    await listener.close();
    await assert.rejects(ask(url), { code: 'ECONNREFUSED' });
  });

  test('T3.second-hit: a second redirect is ignored, whatever it brings', async () => {
    const listener = await open();
    const first = ask(`${listener.redirectUri}?code=first&state=the-state`);
    await listener.redirect;
    const second = await ask(`${listener.redirectUri}?code=second&state=the-state`);
    assert.equal(second.status, 410);
    assert.equal((await listener.redirect).searchParams.get('code'), 'first');
    listener.show('refused');
    assert.equal((await first).status, 400);
    await listener.close();
  });

  test('a login that is given up after its code has come, or comes to no end, leaves no browser waiting', async () => {
    const controller = new AbortController();
    const given = await open({ signal: controller.signal });
    const asked = ask(`${given.redirectUri}?code=c&state=the-state`);
    await given.redirect;
    controller.abort(new Error('enough'));
    assert.match((await asked).body, /The terminal says how the login ended/);
    await given.close();
    const forgotten = await open();
    const other = ask(`${forgotten.redirectUri}?code=c&state=the-state`);
    await forgotten.redirect;
    await forgotten.close();
    assert.match((await other).body, /The terminal says how the login ended/);
  });

  test('T3.other-requests: another path, method or Host is refused, and the wait goes on', async () => {
    const listener = await open();
    const good = `${listener.redirectUri}?code=c&state=the-state`;
    const { port } = new URL(good);
    for (const [options, status] of [
      [{ path: '/callback?code=c&state=the-state' }, 404],
      [{ path: '/callback/secret-patH?code=c&state=the-state' }, 404],
      [{ path: '/favicon.ico' }, 404],
      [{ path: '//' }, 404],
      [{ path: '//:x/callback/secret-path?code=c&state=the-state' }, 404],
      [{ path: 'http://evil.example/callback/secret-path?code=c&state=the-state' }, 400],
      [{ path: '*' }, 400],
      [{ method: 'POST' }, 405],
      [{ method: 'HEAD' }, 405],
      [{ method: 'OPTIONS' }, 405],
      [{ host: `localhost:${port}` }, 421],
      [{ host: `evil.example:${port}` }, 421],
      [{ host: '127.0.0.1' }, 421],
      ...['image', 'iframe', 'script', 'empty'].map((destination) => [{ destination }, 403] as const),
    ] as const)
      assert.equal((await ask(good, options)).status, status, JSON.stringify(options));
    const asked = ask(good, { destination: 'document' });
    await listener.redirect;
    listener.show('signed-in');
    assert.equal((await asked).status, 200);
    await listener.close();
  });

  test('T3.wrong-state: another state, or none, ends the login with a page that says nothing', async () => {
    for (const query of [
      'code=c&state=the-statE',
      'code=c',
      'code=c&state=',
      'code=c&state=the-state&state=the-state',
    ]) {
      const listener = await open();
      const page = await ask(`${listener.redirectUri}?${query}`);
      assert.equal(page.status, 400);
      assert.doesNotMatch(page.body, /state/);
      await assert.rejects(listener.redirect, (error: Error) => !error.message.includes('the-state'));
      await listener.close();
    }
  });

  test('T3.loopback-only: is bound to loopback, to both families for localhost', async () => {
    const listener = await open({ redirectUri: 'http://localhost/callback' });
    const { port } = new URL(listener.redirectUri);
    for (const host of ['127.0.0.1', '[::1]'])
      assert.equal((await ask(`http://${host}:${port}/x`, { host: `localhost:${port}` })).status, 404);
    await listener.close();
  });

  test('a port that is taken is said to be taken', async () => {
    const [port] = await freePorts(1);
    const listener = await open({ redirectUri: `http://127.0.0.1:${port}/callback` });
    await assert.rejects(open({ redirectUri: `http://127.0.0.1:${port}/callback` }), {
      code: 'login_required',
      message: /port is taken/,
    });
    await listener.close();
  });

  test('T3.no-answer: giving up ends the wait with its reason', async () => {
    const controller = new AbortController();
    const listener = await open({ signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(listener.redirect, reason);
    await listener.close();
    await assert.rejects(open({ signal: controller.signal }), reason);
  });
});
