// The flows in which a person takes part, walked over HTTP by a browser without a screen.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { decodeJwt } from 'jose';
import * as oauth from 'openid-client';
import { OVERLAP_SECONDS } from './limits.ts';
import { codeRequest, createBrowser, formTokenOf, obtainCode } from './test-browser.ts';
import {
  createMeeting,
  postForm,
  REDIRECT_URI,
  RESOURCE,
  startTestServer,
  WEB_APP,
  WEB_REQUEST,
} from './test-support.ts';

async function refresh(
  server: { issuer: string },
  refresh_token: string | undefined,
  more: Record<string, string> = {},
) {
  return await postForm(server, {
    grant_type: 'refresh_token',
    client_id: 'local-cli',
    refresh_token: refresh_token ?? '',
    ...more,
  });
}

test('a public client signs a person in through openid-client, with PKCE, state and issuer checked', async (t) => {
  const server = await startTestServer(t);
  const client = await oauth.discovery(new URL(server.issuer), 'local-cli', undefined, oauth.None(), {
    algorithm: 'oauth2',
    execute: [oauth.allowInsecureRequests],
  });
  const verifier = oauth.randomPKCECodeVerifier();
  const state = oauth.randomState();
  const url = oauth.buildAuthorizationUrl(client, {
    redirect_uri: 'http://[::1]:49152/callback',
    scope: 'read:add write:notes',
    resource: RESOURCE,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const browser = createBrowser(server.issuer);
  const signIn = await browser.walk(url.href);
  assert.match(signIn.text, /Sign in as Demo User/);
  const consent = await browser.answer(signIn, 'sign-in');
  for (const text of [
    'Local command line',
    '[::1]:49152',
    'Demo User',
    RESOURCE,
    'Use the add tool',
    'Change your notes',
  ])
    assert.ok(consent.text.includes(text), text);
  const end = await browser.answer(consent, 'allow');
  assert.equal(end.status, 303);
  const tokens = await oauth.authorizationCodeGrant(
    client,
    new URL(end.location ?? ''),
    { pkceCodeVerifier: verifier, expectedState: state },
    { resource: RESOURCE },
  );
  const claims = decodeJwt(tokens.access_token);
  assert.deepEqual(
    [claims.sub, claims['client_id'], claims.aud, claims['scope'], claims.iss],
    ['demo-user', 'local-cli', RESOURCE, 'read:add write:notes', server.issuer],
  );
  assert.ok(tokens.refresh_token);
  assert.equal(tokens.id_token, undefined);
});

test('a confidential client needs its secret and PKCE, and its name is shown as text', async (t) => {
  const server = await startTestServer(t, { extraClients: [WEB_APP] });
  const browser = createBrowser(server.issuer);
  const consent = await browser.answer(await browser.walk(codeRequest(server.issuer, WEB_REQUEST).url), 'sign-in');
  assert.ok(consent.text.includes('Web &#60;b&#62;app&#60;/b&#62;'));
  assert.ok(consent.text.includes('app.example.com'));
  const { form } = await obtainCode(server, WEB_REQUEST);
  assert.equal((await postForm(server, form)).body['error'], 'invalid_client');
  const { status, body } = await postForm(server, { ...form, client_secret: WEB_APP.client_secret ?? '' });
  assert.equal(status, 200);
  assert.equal(decodeJwt(body['access_token'] ?? '')['client_id'], 'web-app');
});

test('A2.absent, A2.plain: no PKCE, the plain method and a challenge without method are refused', async (t) => {
  const server = await startTestServer(t, { extraClients: [WEB_APP] });
  for (const client of [{}, WEB_REQUEST])
    for (const changes of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { code_challenge_method: undefined },
      { code_challenge: 'short' },
    ]) {
      const { url, state } = codeRequest(server.issuer, { ...client, ...changes });
      const { location } = await createBrowser(server.issuer).visit(url);
      const answer = new URL(location ?? '').searchParams;
      assert.equal(answer.get('error'), 'invalid_request', JSON.stringify(changes));
      assert.equal(answer.get('state'), state);
      assert.equal(answer.get('iss'), server.issuer);
      assert.equal(answer.has('code'), false);
    }
});

test('A2.downgrade, A2.verifier, A3.redirect, A3.client, A3.resource: a wrong or missing verifier, another redirect URI and another client redeem nothing', async (t) => {
  const server = await startTestServer(t, { extraClients: [WEB_APP] });
  const { form } = await obtainCode(server);
  const { code_verifier: _, ...withoutVerifier } = form;
  const wrong: Record<string, string>[] = [
    withoutVerifier,
    { ...form, code_verifier: 'x'.repeat(43) },
    { ...form, redirect_uri: 'http://127.0.0.1:53124/callback' },
    { ...form, client_id: 'web-app', client_secret: WEB_APP.client_secret ?? '' },
    { ...form, code: `${form['code']}x` },
  ];
  for (const attempt of wrong) {
    const { status, body } = await postForm(server, attempt);
    assert.deepEqual([status, body['error']], [400, 'invalid_grant'], JSON.stringify(Object.keys(attempt)));
  }
  assert.equal(
    (await postForm(server, { ...form, resource: 'https://api.evil.test' })).body['error'],
    'invalid_target',
  );
});

test('A3.replay: a code that comes again is refused and ends what the first use gave', async (t) => {
  const server = await startTestServer(t);
  const { form } = await obtainCode(server);
  const first = await postForm(server, form);
  assert.equal(first.status, 200);
  assert.equal((await postForm(server, form)).body['error'], 'invalid_grant');
  assert.equal((await refresh(server, first.body['refresh_token'])).body['error'], 'invalid_grant');
});

test('A3.parallel: of three that redeem one code at the same time exactly one wins, and then everything of it ends', async (t) => {
  const meeting = createMeeting('AuthorizationCode');
  const server = await startTestServer(t, { wrapAdapter: meeting.wrapAdapter });
  const { form } = await obtainCode(server);
  meeting.expect(3);
  const answers = await Promise.all([postForm(server, form), postForm(server, form), postForm(server, form)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400]);
  for (const { status, body } of answers)
    if (status !== 200) assert.deepEqual([status, body['error']], [400, 'invalid_grant']);
  for (const { status, body } of answers)
    if (status === 200) assert.equal((await refresh(server, body['refresh_token'])).body['error'], 'invalid_grant');
});

test('A4.rotation, A4.reuse: a refresh token rotates, keeps scope and audience, and its reuse ends the family', async (t) => {
  const server = await startTestServer(t);
  const { form } = await obtainCode(server);
  const first = await postForm(server, form);
  const second = await refresh(server, first.body['refresh_token'], {
    audience: 'http://127.0.0.1:8000/mcp/',
    scope: 'read:add offline_access',
  });
  assert.equal(second.status, 200);
  assert.notEqual(second.body['refresh_token'], first.body['refresh_token']);
  const claims = decodeJwt(second.body['access_token'] ?? '');
  assert.deepEqual([claims['scope'], claims.aud], ['read:add', RESOURCE]);
  const wider = await refresh(server, second.body['refresh_token'], { scope: 'read:add write:notes' });
  assert.equal(wider.body['error'], 'invalid_scope');
  server.advance(OVERLAP_SECONDS);
  assert.equal((await refresh(server, first.body['refresh_token'])).body['error'], 'invalid_grant');
  assert.equal((await refresh(server, second.body['refresh_token'])).body['error'], 'invalid_grant');
});

test('A4.parallel, A4.overlap: five that use one refresh token at the same time all stay signed in, and so does whoever comes a moment later', async (t) => {
  const meeting = createMeeting('RefreshToken');
  const server = await startTestServer(t, { wrapAdapter: meeting.wrapAdapter });
  const { form } = await obtainCode(server);
  const { body } = await postForm(server, form);
  meeting.expect(5);
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => refresh(server, body['refresh_token'])));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.deepEqual(
    new Set(answers.map((answer) => answer.body['scope'])),
    new Set(['read:add']),
    'siblings hold no more',
  );
  server.advance(OVERLAP_SECONDS - 2);
  assert.equal((await refresh(server, body['refresh_token'])).status, 200);
  // Every answer can be gone on with.
  for (const answer of answers) assert.equal((await refresh(server, answer.body['refresh_token'])).status, 200);
});

test('A4.reuse: use after the overlap ends every sibling and their access tokens', async (t) => {
  const server = await startTestServer(t);
  const { form } = await obtainCode(server);
  const { body } = await postForm(server, form);
  const siblings = await Promise.all([1, 2, 3].map(() => refresh(server, body['refresh_token'])));
  server.advance(OVERLAP_SECONDS + 1);
  assert.equal((await refresh(server, body['refresh_token'])).body['error'], 'invalid_grant');
  for (const sibling of siblings)
    assert.equal((await refresh(server, sibling.body['refresh_token'])).body['error'], 'invalid_grant');
  const list = await (await fetch(`${server.issuer}/oauth/revocations`)).json();
  assert.deepEqual(list.grants, [decodeJwt(body['access_token'] ?? '')['gid']]);
});

test('A4.client: another client cannot use a refresh token, and revoking it ends it', async (t) => {
  const server = await startTestServer(t, { extraClients: [WEB_APP] });
  const { form } = await obtainCode(server);
  const { body } = await postForm(server, form);
  const token = body['refresh_token'] ?? '';
  const secret = WEB_APP.client_secret ?? '';
  const stolen = await refresh(server, token, { client_id: 'web-app', client_secret: secret });
  assert.equal(stolen.body['error'], 'invalid_grant');
  await postForm(server, { token, client_id: 'web-app', client_secret: secret }, '/oauth/revoke');
  const next = await refresh(server, token);
  assert.equal(next.status, 200);
  const revocation = { token: next.body['refresh_token'] ?? '', client_id: 'local-cli' };
  assert.equal((await postForm(server, revocation, '/oauth/revoke')).status, 200);
  assert.equal((await refresh(server, revocation.token)).body['error'], 'invalid_grant');
});

test('programs that share a public client do not end each other’s sign-in', async (t) => {
  const server = await startTestServer(t);
  const one = await obtainCode(server);
  const two = await obtainCode(server, {}, one.browser);
  const kept = await postForm(server, one.form);
  await postForm(server, two.form);
  assert.equal((await postForm(server, two.form)).body['error'], 'invalid_grant');
  assert.equal((await refresh(server, kept.body['refresh_token'])).status, 200);
});

test('A1.exact, A1.extra, A1.userinfo, A1.backslash, A1.scheme: a redirect URI that is not registered gets an error page and no redirect', async (t) => {
  const server = await startTestServer(t, { extraClients: [WEB_APP] });
  for (const redirect_uri of [
    'http://127.0.0.1:53123/callback/x',
    'http://127.0.0.1:53123/callback?x=1',
    'http://127.0.0.1:53123/callback#x',
    'http://127.0.0.1:53123/CALLBACK',
    'http://evil.test/callback',
    'http://127.0.0.1@evil.test/callback',
    'http://127.0.0.1:53123@evil.test/callback',
    'http://user@127.0.0.1:53123/callback',
    'http://127.0.0.1\\@evil.test/callback',
    'http://127.0.0.1.evil.test/callback',
    'http://0.0.0.0:53123/callback',
    'https://127.0.0.1:53123/callback',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///callback',
    '/callback',
    undefined,
  ]) {
    const page = await createBrowser(server.issuer).visit(codeRequest(server.issuer, { redirect_uri }).url);
    assert.equal(page.status, 400, redirect_uri);
    assert.equal(page.location, undefined, redirect_uri);
  }
  for (const redirect_uri of ['https://app.example.com/callback/x', 'https://app.example.com:444/callback'])
    assert.equal(
      (await createBrowser(server.issuer).visit(codeRequest(server.issuer, { ...WEB_REQUEST, redirect_uri }).url))
        .location,
      undefined,
      redirect_uri,
    );
});

test('every loopback name, any port and the Inspector’s paths are good redirect URIs', async (t) => {
  const server = await startTestServer(t);
  for (const redirect_uri of [
    'http://127.0.0.1:1/callback',
    'http://localhost:65535/callback',
    'http://[::1]:49152/oauth/callback',
    'http://localhost:6274/oauth/callback/debug',
    'http://localhost/callback',
  ]) {
    const page = await createBrowser(server.issuer).visit(codeRequest(server.issuer, { redirect_uri }).url);
    assert.match(page.location ?? '', /\/interaction\//, redirect_uri);
  }
});

test('a request without scope or resource gets the default scopes for the resource', async (t) => {
  const server = await startTestServer(t);
  for (const changes of [
    {},
    { scope: '' },
    { scope: 'offline_access' },
    { scope: 'offline_access', prompt: 'consent' },
  ]) {
    const { form } = await obtainCode(server, { scope: undefined, resource: undefined, ...changes });
    const { body } = await postForm(server, form);
    assert.equal(body['scope'], 'read:add');
    assert.equal(decodeJwt(body['access_token'] ?? '').aud, RESOURCE);
  }
});

test('an unknown scope and another resource go back to the client as errors', async (t) => {
  const { issuer } = await startTestServer(t);
  const cases: [Record<string, string | undefined>, string][] = [
    [{ scope: 'read:add delete:all' }, 'invalid_scope'],
    [{ resource: 'https://api.evil.test' }, 'invalid_target'],
    [{ resource: undefined, audience: 'https://api.evil.test' }, 'invalid_target'],
    [{ audience: 'https://api.evil.test' }, 'invalid_target'],
    [{ response_type: 'code token' }, 'invalid_request'],
    [{ response_type: 'nonsense' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ prompt: 'none' }, 'login_required'],
    [{ request: 'x.y.z' }, 'request_not_supported'],
  ];
  for (const [changes, error] of cases) {
    const { url, state } = codeRequest(issuer, changes);
    const { location = '' } = await createBrowser(issuer).visit(url);
    const answer = new URL(location);
    const parameters = answer.hash === '' ? answer.searchParams : new URLSearchParams(answer.hash.slice(1));
    assert.deepEqual(
      [parameters.get('error'), parameters.get('state'), parameters.get('iss')],
      [error, state, issuer],
      JSON.stringify(changes),
    );
  }
});

test('a code for one spelling of the resource is redeemed under another', async (t) => {
  const server = await startTestServer(t);
  const { form } = await obtainCode(server, { resource: 'http://127.0.0.1:8000/mcp/' });
  const { status, body } = await postForm(server, { ...form, resource: 'http://[::1]:8000/mcp' });
  assert.equal(status, 200);
  assert.equal(decodeJwt(body['access_token'] ?? '').aud, RESOURCE);
});

test('A10.restart: a restart in the middle of a consent loses neither the consent nor the sign-in', async (t) => {
  const server = await startTestServer(t);
  const browser = createBrowser(server.issuer);
  const { url, verifier } = codeRequest(server.issuer);
  const consent = await browser.answer(await browser.walk(url), 'sign-in');
  await server.restart();
  const end = await browser.answer(consent, 'allow');
  const code = new URL(end.location ?? '').searchParams.get('code') ?? '';
  await server.restart();
  const tokens = await postForm(server, {
    grant_type: 'authorization_code',
    client_id: 'local-cli',
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: verifier,
  });
  assert.equal(tokens.status, 200);
  await server.restart();
  assert.equal((await refresh(server, tokens.body['refresh_token'])).status, 200);
  assert.match((await browser.walk(codeRequest(server.issuer).url)).text, /value="allow"/);
});

test('a page on loopback may read token responses of the public client, other origins may not', async (t) => {
  const server = await startTestServer(t);
  const post = async (origin: string) => {
    const { form } = await obtainCode(server, { redirect_uri: 'http://localhost:6274/oauth/callback' });
    const body = new URLSearchParams(form);
    const response = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { origin }, body });
    return [response.status, response.headers.get('access-control-allow-origin')];
  };
  assert.deepEqual(await post('http://localhost:6274'), [200, 'http://localhost:6274']);
  for (const origin of ['http://evil.test', 'https://localhost:6274', 'null', 'http://localhost.evil.test'])
    assert.deepEqual(await post(origin), [400, null], origin);
});

test('the log tells who got what and why not, holds no secret, and nothing is printed', async (t) => {
  const printed = watchConsole(t);
  const server = await startTestServer(t);
  const { form, browser } = await obtainCode(server);
  const tokens = await postForm(server, form);
  const refreshed = await refresh(server, tokens.body['refresh_token']);
  await postForm(server, form);
  const agent = await server.agentClient();
  const machine = { grant_type: 'client_credentials', client_id: agent.client_id };
  const machineToken = await postForm(server, { ...machine, client_secret: agent.client_secret });
  await postForm(server, { ...machine, client_secret: 'a-wrong-secret' });
  const denied = await browser.walk(codeRequest(server.issuer).url);
  await browser.answer(denied, 'deny');
  await browser.visit(denied.url, { answer: 'allow' });
  await postForm(server, { token: 'unknown', client_id: 'local-cli' }, '/oauth/revoke');
  await fetch(`${server.issuer}/oauth/token`, {
    method: 'POST',
    headers: { origin: 'http://evil.test', accept: 'text/html' },
    body: new URLSearchParams(form),
  });

  const find = (event: string, fields: Record<string, unknown>) =>
    server.entries.some(
      (entry) => entry.event === event && Object.entries(fields).every(([name, value]) => entry[name] === value),
    );
  const issued = { client_id: 'local-cli', scope: 'read:add', resource: RESOURCE };
  assert.ok(find('token-issued', { ...issued, grant_type: 'authorization_code', subject: 'demo-user' }));
  assert.ok(find('token-issued', { ...issued, grant_type: 'refresh_token' }));
  assert.ok(find('token-issued', { client_id: 'local-agent', grant_type: 'client_credentials' }));
  assert.ok(find('token-refused', { error: 'invalid_grant', detail: 'authorization code already consumed' }));
  assert.ok(find('token-refused', { error: 'invalid_client', detail: 'invalid secret provided' }));
  assert.ok(find('signed-in', { client_id: 'local-cli', subject: 'demo-user' }));
  assert.ok(find('consent-allowed', { client_id: 'local-cli', scope: 'read:add' }));
  assert.ok(find('consent-denied', { client_id: 'local-cli' }));
  assert.equal(find('authorization-server-failed', {}), false);

  const text = JSON.stringify(server.entries);
  const secrets = [
    ...Object.values(tokens.body),
    ...Object.values(refreshed.body),
    ...Object.values(machineToken.body),
    form['code'],
    form['code_verifier'],
    agent.client_secret,
    'a-wrong-secret',
    formTokenOf(denied),
    ...browser.cookies().map(({ value }) => value),
  ].filter((value): value is string => typeof value === 'string' && value.length >= 14 && !value.includes(':'));
  assert.ok(secrets.length >= 10);
  for (const secret of secrets) assert.equal(text.includes(secret), false, secret);
  assert.deepEqual(printed, []);
});

function watchConsole(t: TestContext): unknown[] {
  const printed: unknown[] = [];
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    t.mock.method(console, method, (...values: unknown[]) => void printed.push(values));
  return printed;
}
