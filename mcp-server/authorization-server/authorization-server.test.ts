import assert from 'node:assert/strict';
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { ServerError } from '../errors.ts';
import { createAuthorizationServer } from './authorization-server.ts';
import { codeRequest, createBrowser } from './test-browser.ts';
import { postForm, RESOURCE, rawRequest, recordingLog, startTestServer, temporaryDirectory } from './test-support.ts';

async function machineForm(server: Awaited<ReturnType<typeof startTestServer>>): Promise<Record<string, string>> {
  const { client_id, client_secret } = await server.agentClient();
  return { grant_type: 'client_credentials', client_id, client_secret };
}

test('the metadata describes this server under both names and says no more than is true', async (t) => {
  const { issuer } = await startTestServer(t);
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    const response = await fetch(`${issuer}/.well-known/${name}`, { headers: { origin: 'http://inspector.test' } });
    assert.equal(response.headers.get('access-control-allow-origin'), 'http://inspector.test');
    const metadata = await response.json();
    assert.equal(metadata.issuer, issuer);
    assert.equal(metadata.authorization_endpoint, `${issuer}/authorize`);
    assert.equal(metadata.token_endpoint, `${issuer}/oauth/token`);
    assert.equal(metadata.revocation_endpoint, `${issuer}/oauth/revoke`);
    assert.equal(metadata.jwks_uri, `${issuer}/.well-known/jwks.json`);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(metadata.response_types_supported, ['code']);
    assert.deepEqual(metadata.response_modes_supported, ['query']);
    assert.deepEqual(metadata.grant_types_supported, [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:device_code',
    ]);
    assert.equal(metadata.introspection_endpoint, `${issuer}/oauth/introspect`);
    assert.equal(metadata.device_authorization_endpoint, `${issuer}/oauth/device/code`);
    assert.equal(metadata.registration_endpoint, `${issuer}/oidc/register`);
    assert.equal(metadata.client_id_metadata_document_supported, true);
    assert.deepEqual(metadata.token_endpoint_auth_methods_supported, [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
    ]);
    assert.ok(metadata.dpop_signing_alg_values_supported.includes('ES256'));
    assert.deepEqual(metadata.scopes_supported, ['openid', 'read:add', 'write:notes']);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    for (const feature of ['userinfo', 'end_session'])
      assert.equal(metadata[`${feature}_endpoint`], undefined, feature);
    assert.equal(metadata.pushed_authorization_request_endpoint, undefined);
  }
});

test('A8.public-keys: the published keys have no private part', async (t) => {
  const { issuer } = await startTestServer(t);
  const { keys } = await (await fetch(`${issuer}/.well-known/jwks.json`)).json();
  assert.equal(keys.length, 1);
  assert.deepEqual(Object.keys(keys[0]).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
});

test('the curl line of Auth0’s dashboard, with its JSON body, gets an RFC 9068 token for the resource', async (t) => {
  const server = await startTestServer(t);
  const { client_id, client_secret } = await server.agentClient();
  const response = await fetch(`${server.issuer}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"client_id":"${client_id}","client_secret":"${client_secret}","audience":"http://localhost:8000/mcp","grant_type":"client_credentials"}`,
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const body = await response.json();
  assert.equal(body.token_type, 'Bearer');
  assert.equal(body.expires_in, 600);
  assert.equal(body.refresh_token, undefined);
  const keys = createLocalJWKSet(await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json());
  const { payload } = await jwtVerify(body.access_token, keys, {
    issuer: server.issuer,
    audience: RESOURCE,
    typ: 'at+jwt',
    algorithms: ['RS256'],
    requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
  });
  assert.equal(payload.aud, RESOURCE);
  assert.equal(payload['client_id'], 'local-agent');
  assert.equal(payload.sub, 'local-agent');
  assert.equal(payload['scope'], 'read:add write:notes');
  assert.equal(Number(payload.exp) - Number(payload.iat), 600);
});

test('the form body works with the secret in the form and in the header, and a subset of scopes is honoured', async (t) => {
  const server = await startTestServer(t);
  const form = await machineForm(server);
  const { client_id = '', client_secret = '', ...rest } = form;
  assert.equal((await postForm(server, { ...form, scope: 'read:add' })).body['scope'], 'read:add');
  const response = await fetch(`${server.issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
    body: new URLSearchParams(rest),
  });
  assert.equal(response.status, 200);
});

test('every spelling of the resource gives the canonical audience', async (t) => {
  const server = await startTestServer(t);
  const form = await machineForm(server);
  for (const spelling of [
    {},
    { resource: RESOURCE },
    { audience: RESOURCE },
    { resource: `${RESOURCE}/` },
    { audience: 'http://127.0.0.1:8000/mcp' },
    { resource: 'http://[::1]:8000/mcp', audience: RESOURCE },
  ]) {
    const { status, body } = await postForm(server, { ...form, ...spelling });
    assert.equal(status, 200, JSON.stringify(spelling));
    assert.equal(decodeJwt(body['access_token'] ?? '').aud, RESOURCE, JSON.stringify(spelling));
  }
});

test('another resource is an invalid target, under either name, beside the right one and on any spelling of the path', async (t) => {
  const server = await startTestServer(t);
  const form = await machineForm(server);
  const foreign = 'https://api.evil.test';
  for (const target of [{ resource: foreign }, { audience: foreign }, { resource: RESOURCE, audience: foreign }])
    for (const path of ['/oauth/token', '/oauth/token/', '/OAuth/Token']) {
      const { status, body } = await postForm(server, { ...form, ...target }, path);
      assert.deepEqual([status, body['error']], [400, 'invalid_target'], `${path} ${JSON.stringify(target)}`);
    }
});

test('an unknown scope is refused by name instead of being dropped', async (t) => {
  const server = await startTestServer(t, {
    extraClients: [
      {
        client_id: 'reader',
        client_secret: 'reader-secret-reader-secret-reader',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        scope: 'read:add',
      },
    ],
  });
  const form = await machineForm(server);
  const unknown = await postForm(server, { ...form, scope: 'read:add delete:all' });
  assert.deepEqual(
    [unknown.status, unknown.body['error'], unknown.body['scope']],
    [400, 'invalid_scope', 'delete:all'],
  );
  const reader = { ...form, client_id: 'reader', client_secret: 'reader-secret-reader-secret-reader' };
  assert.equal((await postForm(server, { ...reader, scope: 'write:notes' })).body['error'], 'invalid_scope');
  assert.equal((await postForm(server, reader)).body['scope'], 'read:add');
});

test('A5.secret, A5.query: a wrong, missing or doubled secret and a stranger are refused', async (t) => {
  const server = await startTestServer(t);
  const form = await machineForm(server);
  const { client_secret: secret = '', ...withoutSecret } = form;
  const cases: [Record<string, string>, number, string][] = [
    [{ ...form, client_secret: 'wrong' }, 401, 'invalid_client'],
    [{ ...form, client_secret: `${secret}x` }, 401, 'invalid_client'],
    [{ ...form, client_id: 'stranger' }, 401, 'invalid_client'],
    [withoutSecret, 401, 'invalid_client'],
    [{ grant_type: 'client_credentials', client_id: 'local-cli' }, 400, 'invalid_request'],
    [{ ...form, grant_type: 'implicit' }, 400, 'unsupported_grant_type'],
    [{ ...form, grant_type: 'password' }, 400, 'unsupported_grant_type'],
    [{}, 400, 'invalid_request'],
  ];
  for (const [wrong, status, error] of cases) {
    const answer = await postForm(server, wrong);
    assert.deepEqual([answer.status, answer.body['error']], [status, error], JSON.stringify(Object.keys(wrong)));
  }
  const query = new URLSearchParams(form);
  assert.equal((await postForm(server, {}, `/oauth/token?${query}`)).status, 400);
});

test('A10.body: malformed bodies are answered with a JSON error and hurt nobody', async (t) => {
  const server = await startTestServer(t);
  const post = async (contentType: string, body: string | Uint8Array<ArrayBuffer>) => {
    const response = await fetch(`${server.issuer}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
    });
    return [response.status, (await response.json()).error];
  };
  for (const body of ['{', 'null', '[]', '"x"', '{"grant_type":1}', '{"resource":["a"]}'])
    assert.deepEqual(await post('application/json', body), [400, 'invalid_request'], body);
  assert.deepEqual(await post('text/plain', 'x'), [400, 'invalid_request']);
  assert.deepEqual(await post('application/x-www-form-urlencoded', '%%%=%zz&=&&a'), [400, 'invalid_request']);
  assert.deepEqual(await post('application/x-www-form-urlencoded', new Uint8Array([0xff, 0xfe, 0])), [
    400,
    'invalid_request',
  ]);
  for (const type of ['application/json', 'application/x-www-form-urlencoded'])
    assert.deepEqual(await post(type, 'x'.repeat(57 * 1024)), [413, 'invalid_request'], type);
  assert.equal((await postForm(server, await machineForm(server))).status, 200);
});

test('A8.host, A8.forwarded: no Host header and no request target can put a foreign name into the metadata', async (t) => {
  const { port, issuer } = await startTestServer(t);
  const path = '/.well-known/oauth-authorization-server';
  for (const host of [
    'evil.test',
    `evil.test:${port}`,
    'localhost',
    `localhost:${port + 1}`,
    `localhost.evil.test:${port}`,
  ]) {
    const { status, text } = await rawRequest(port, path, { host });
    assert.equal(status, 421, host);
    assert.doesNotMatch(text, /evil/);
  }
  assert.equal((await rawRequest(port, `http://evil.test${path}`, { host: `localhost:${port}` })).status, 400);
  for (const headers of [
    { host: `127.0.0.1:${port}` },
    { host: `[::1]:${port}` },
    {
      host: `localhost:${port}`,
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.test',
    },
  ]) {
    const { status, text } = await rawRequest(port, path, headers);
    assert.equal(status, 200);
    for (const [name, value] of Object.entries(JSON.parse(text)))
      if (/_endpoint$|_uri$|^issuer$/.test(name)) assert.ok(String(value).startsWith(issuer), `${name} ${value}`);
  }
});

test('a sign-in begun under another loopback name moves to the issuer’s, where its cookies will be', async (t) => {
  const { port, issuer } = await startTestServer(t);
  const { url } = codeRequest(issuer);
  const path = url.slice(issuer.length);
  const { status, headers } = await rawRequest(port, path, { host: `127.0.0.1:${port}` });
  assert.deepEqual([status, headers.location], [303, url]);
  assert.equal(headers['set-cookie'], undefined);
});

test('cookies carry the port in their names, since browsers share them between ports', async (t) => {
  const { port, issuer } = await startTestServer(t);
  const { headers } = await createBrowser(issuer).visit(codeRequest(issuer).url);
  for (const cookie of headers.getSetCookie()) {
    assert.match(cookie, new RegExp(`^\\w+_${port}(\\.sig)?=`));
    assert.match(cookie, /samesite=lax; httponly/);
  }
});

test('A10.restart: a restart keeps the signing key, the agent’s secret and every issued token', async (t) => {
  const server = await startTestServer(t);
  const form = await machineForm(server);
  const { body } = await postForm(server, form);
  await server.restart();
  const keys = createLocalJWKSet(await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json());
  await jwtVerify(body['access_token'] ?? '', keys);
  assert.equal((await postForm(server, form)).status, 200);
});

test('A8.key-file: every file in the data directory is for the owner only', async (t) => {
  const { dataDir } = await startTestServer(t);
  assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
  for (const name of [
    'signing-keys.json',
    'browser-secrets.json',
    'agent-client.json',
    'resource-server-client.json',
    'authorization-server.sqlite',
  ])
    assert.equal((await stat(join(dataDir, name))).mode & 0o777, 0o600, name);
});

test('the server does not start over keys that others could read', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const options = {
    issuer: 'http://localhost:1',
    resource: RESOURCE,
    resourceAliases: [],
    scopes: [],
    defaultScopes: [],
    dataDir,
    log: recordingLog(),
  };
  await (await createAuthorizationServer(options)).close();
  await chmod(join(dataDir, 'signing-keys.json'), 0o604);
  await assert.rejects(
    createAuthorizationServer(options),
    (error) => error instanceof ServerError && error.code === 'unreadable_data',
  );
});

test('what is not there is not found, and the browser’s own formats get pages', async (t) => {
  const { issuer } = await startTestServer(t);
  for (const path of ['/', '/userinfo', '/oauth/par', '//evil.test/'])
    assert.equal((await fetch(issuer + path)).status, 404, path);
  const page = await fetch(`${issuer}/authorize?client_id=nobody`, { headers: { accept: 'text/html' } });
  assert.equal(page.status, 400);
  assert.match(page.headers.get('content-type') ?? '', /html/);
  assert.match(await page.text(), /invalid_client/);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
});
