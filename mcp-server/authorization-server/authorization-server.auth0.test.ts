// The server in Auth0's dialect: an exact double where clients and resource servers notice the difference.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { DEVICE_LIMITS } from './limits.ts';
import { codeRequest, createBrowser, obtainCode } from './test-browser.ts';
import { createMeeting, postForm, REDIRECT_URI, RESOURCE, startTestServer, type TestServer } from './test-support.ts';

const start = (t: Parameters<typeof startTestServer>[0]) => startTestServer(t, { dialect: 'auth0' });

const OFFLINE = { resource: undefined, audience: RESOURCE, scope: 'read:add offline_access' };

async function machine(server: TestServer, more: Record<string, string>, contentType: 'json' | 'form' = 'json') {
  const { client_id, client_secret } = await server.agentClient();
  const form = { grant_type: 'client_credentials', client_id, client_secret, ...more };
  if (contentType === 'form') return await postForm(server, form);
  const response = await fetch(new URL('/oauth/token', server.issuer), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(form),
  });
  return { status: response.status, body: await response.json() };
}

test('the issuer ends in a slash, and the metadata is as sparse as Auth0’s', async (t) => {
  const server = await start(t);
  assert.match(server.issuer, /\/$/);
  const metadata = await (await fetch(new URL('/.well-known/openid-configuration', server.issuer))).json();
  assert.equal(metadata.issuer, server.issuer);
  assert.equal(metadata.token_endpoint, `${server.issuer}oauth/token`);
  assert.equal(metadata.device_authorization_endpoint, `${server.issuer}oauth/device/code`);
  assert.equal(metadata.registration_endpoint, `${server.issuer}oidc/register`);
  assert.equal(metadata.grant_types_supported, undefined);
  assert.equal(metadata.authorization_response_iss_parameter_supported, undefined);
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256', 'plain']);
  assert.equal(metadata.token_endpoint_auth_methods_supported.includes('none'), false);
});

test('a machine gets all that it was granted, in Auth0’s shape, by JSON and by form', async (t) => {
  const server = await start(t);
  for (const type of ['json', 'form'] as const) {
    const { status, body } = await machine(server, { audience: RESOURCE, scope: 'read:add' }, type);
    assert.equal(status, 200, JSON.stringify(body));
    const token = body['access_token'] ?? '';
    assert.equal(decodeProtectedHeader(token).typ, 'JWT');
    const { iat, exp, ...claims } = decodeJwt(token);
    assert.ok(Number(exp) > Number(iat));
    assert.deepEqual(claims, {
      iss: server.issuer,
      sub: 'local-agent@clients',
      aud: RESOURCE,
      azp: 'local-agent',
      gty: 'client-credentials',
      scope: 'read:add write:notes',
      permissions: ['read:add', 'write:notes'],
    });
  }
});

test('without an audience the token is opaque, whatever the resource; an unknown audience is no service', async (t) => {
  const server = await start(t);
  for (const more of [{}, { resource: RESOURCE }]) {
    const { status, body } = await machine(server, more);
    assert.equal(status, 200);
    assert.equal(body['access_token']?.includes('.'), false);
  }
  for (const audience of ['https://other.test', `${RESOURCE}/`]) {
    const { status, body } = await machine(server, { audience });
    assert.deepEqual([status, body['error']], [403, 'access_denied']);
    assert.match(body['error_description'] ?? '', /Service not found/);
  }
});

test('a person’s token has azp and no client_id, and two audiences with openid', async (t) => {
  const server = await start(t);
  const plain = await postForm(server, (await obtainCode(server, { resource: undefined, audience: RESOURCE })).form);
  const { aud, azp, client_id, jti, scope, permissions } = decodeJwt(plain.body['access_token'] ?? '');
  assert.deepEqual(
    [aud, azp, client_id, jti, scope, permissions],
    [RESOURCE, 'local-cli', undefined, undefined, 'read:add', ['read:add']],
  );
  const request = { resource: undefined, audience: RESOURCE, scope: 'openid read:add' };
  const both = await postForm(server, (await obtainCode(server, request)).form);
  const claims = decodeJwt(both.body['access_token'] ?? '');
  assert.deepEqual(claims.aud, [RESOURCE, `${server.issuer}userinfo`]);
  assert.equal(claims['scope'], 'openid read:add');
  const opaque = await postForm(server, (await obtainCode(server, { scope: 'openid' })).form);
  assert.equal(opaque.body['access_token']?.includes('.'), false);
});

test('a refresh token rotates without any overlap', async (t) => {
  const meeting = createMeeting('RefreshToken');
  const server = await startTestServer(t, { dialect: 'auth0', wrapAdapter: meeting.wrapAdapter });
  const { body } = await postForm(server, (await obtainCode(server, OFFLINE)).form);
  const refresh = { grant_type: 'refresh_token', client_id: 'local-cli', refresh_token: body['refresh_token'] ?? '' };
  meeting.expect(5);
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => postForm(server, refresh)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403, 403, 403, 403]);
  const winner = answers.find(({ status }) => status === 200);
  const next = await postForm(server, { ...refresh, refresh_token: winner?.body['refresh_token'] ?? '' });
  assert.equal(next.body['error'], 'invalid_grant', 'the reuse took the winner down as well');
});

test('only who asks for offline_access gets a refresh token, which the metadata offers and the token names', async (t) => {
  const server = await start(t);
  const metadata = await (await fetch(new URL('/.well-known/openid-configuration', server.issuer))).json();
  assert.ok(metadata.scopes_supported.includes('offline_access'));
  const plain = await postForm(server, (await obtainCode(server, { ...OFFLINE, scope: 'read:add' })).form);
  assert.deepEqual([plain.status, plain.body['refresh_token']], [200, undefined]);
  for (const prompt of [undefined, 'login', 'consent']) {
    const { body } = await postForm(server, (await obtainCode(server, { ...OFFLINE, prompt })).form);
    assert.equal(decodeJwt(body['access_token'] ?? '')['scope'], 'offline_access read:add', prompt);
    assert.ok(body['refresh_token'], prompt);
    const refresh = { grant_type: 'refresh_token', client_id: 'local-cli', refresh_token: body['refresh_token'] };
    const next = await postForm(server, refresh);
    assert.deepEqual([next.status, typeof next.body['refresh_token']], [200, 'string'], prompt);
  }
});

test('refusals have Auth0’s codes: 403 for a grant, 401 access_denied for a client, and no issuer in redirects', async (t) => {
  const server = await start(t);
  const { form, callback } = await obtainCode(server, { resource: undefined, audience: RESOURCE });
  assert.deepEqual([...callback.searchParams.keys()].sort(), ['code', 'state']);
  const wrong = await postForm(server, { ...form, code: 'nonsense' });
  assert.deepEqual([wrong.status, wrong.body['error']], [403, 'invalid_grant']);
  const { client_id } = await server.agentClient();
  const stranger = await machine(server, { audience: RESOURCE, client_id, client_secret: 'wrong' });
  assert.deepEqual(stranger, { status: 401, body: { error: 'access_denied', error_description: 'Unauthorized' } });
  const { url, state } = codeRequest(server.issuer, { audience: RESOURCE, prompt: 'none' });
  const { location = '' } = await createBrowser(server.issuer).visit(url);
  const { searchParams } = new URL(location);
  assert.deepEqual(
    ['error', 'state', 'iss'].map((name) => searchParams.get(name)),
    ['login_required', state, null],
  );
});

test('who registers is a third party: its id says so, it learns nobody’s identity, and documents on the web are none', async (t) => {
  const server = await start(t);
  const metadata = await (await fetch(new URL('/.well-known/openid-configuration', server.issuer))).json();
  assert.equal(metadata.client_id_metadata_document_supported, undefined);
  assert.equal(metadata.introspection_endpoint, undefined);
  const response = await fetch(metadata.registration_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'A tool', redirect_uris: [REDIRECT_URI] }),
  });
  const { client_id } = await response.json();
  assert.match(client_id, /^tpc_/);
  const request = { client_id, resource: undefined, audience: RESOURCE };
  const refused = await createBrowser(server.issuer).visit(
    codeRequest(server.issuer, { ...request, scope: 'openid read:add' }).url,
  );
  assert.equal(new URL(refused.location ?? '').searchParams.get('error'), 'invalid_scope');
  const tokens = await postForm(
    server,
    (await obtainCode(server, { ...request, scope: 'read:add offline_access' })).form,
  );
  assert.ok(tokens.body['refresh_token']);
  const machines = await postForm(server, { grant_type: 'client_credentials', client_id, audience: RESOURCE });
  assert.notEqual(machines.status, 200);
});

test('the revocation endpoint takes JSON as Auth0’s documentation prints it', async (t) => {
  const server = await start(t);
  const { body } = await postForm(server, (await obtainCode(server, OFFLINE)).form);
  const token = body['refresh_token'] ?? '';
  const response = await fetch(new URL('/oauth/revoke', server.issuer), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: 'local-cli', token }),
  });
  assert.equal(response.status, 200);
  const refresh = { grant_type: 'refresh_token', client_id: 'local-cli', refresh_token: token };
  assert.deepEqual((await postForm(server, refresh)).status, 403);
});

test('after a no there is a page and no redirect', async (t) => {
  const server = await start(t);
  for (const answers of [['cancel'], ['sign-in', 'deny']]) {
    const browser = createBrowser(server.issuer);
    let page = await browser.walk(codeRequest(server.issuer, { resource: undefined, audience: RESOURCE }).url);
    for (const answer of answers) page = await browser.answer(page, answer);
    assert.deepEqual([page.status, page.location], [403, undefined]);
    assert.match(page.text, /Nothing was allowed/);
    assert.equal((await browser.visit(page.url)).status, 400, 'the interaction is over');
  }
});

test('a device that waits gets 403, one that hurries 429', async (t) => {
  const server = await start(t);
  const { body } = await postForm(server, { client_id: 'local-cli', audience: RESOURCE }, '/oauth/device/code');
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: 'local-cli',
    device_code: body['device_code'] ?? '',
  };
  const poll = async () => {
    const answer = await postForm(server, form);
    return [answer.status, answer.body['error']];
  };
  assert.deepEqual(await poll(), [403, 'authorization_pending']);
  assert.deepEqual(await poll(), [429, 'slow_down']);
  server.advance(DEVICE_LIMITS.pollIntervalSeconds);
  assert.deepEqual(await poll(), [403, 'authorization_pending']);
});
