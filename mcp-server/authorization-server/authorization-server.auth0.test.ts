// The server in Auth0's dialect: an exact double where clients and resource servers notice the difference.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { DEVICE_LIMITS } from './limits.ts';
import {
  codeRequest,
  createBrowser,
  obtainCode,
  postForm,
  RESOURCE,
  startTestServer,
  type TestServer,
} from './test-support.ts';

const start = (t: Parameters<typeof startTestServer>[0]) => startTestServer(t, { dialect: 'auth0' });

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
  const server = await start(t);
  const { body } = await postForm(server, (await obtainCode(server, { resource: undefined, audience: RESOURCE })).form);
  const refresh = { grant_type: 'refresh_token', client_id: 'local-cli', refresh_token: body['refresh_token'] ?? '' };
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => postForm(server, refresh)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400, 400]);
  const winner = answers.find(({ status }) => status === 200);
  const next = await postForm(server, { ...refresh, refresh_token: winner?.body['refresh_token'] ?? '' });
  assert.equal(next.body['error'], 'invalid_grant', 'the reuse took the winner down as well');
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
