// A token wrong in exactly one way for each check, over real HTTP, against an issuer that is not ours.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { base64url, generateKeyPair, SignJWT } from 'jose';
import { callTool, startTestServer, type TestServer } from './support/mcp-server.ts';
import { createSigningIssuer, type SigningIssuer } from './support/signing-issuer.ts';

const AUDIENCE = 'http://localhost:8000/mcp';
const nowSeconds = () => Math.floor(Date.now() / 1000);

describe('the MCP server takes a token of a configured third-party issuer', () => {
  let issuer: SigningIssuer;
  let server: TestServer;

  before(async () => {
    issuer = await createSigningIssuer(AUDIENCE);
    server = await startTestServer({ AUTH_ISSUER: issuer.issuer, AUTH_AUDIENCE: AUDIENCE });
  });
  after(async () => {
    await server.close();
    await issuer.close();
  });

  const call = (token: string | undefined, headers?: Record<string, string>) =>
    callTool(server.url, token, 'add', { a: 2, b: 40 }, headers);
  const assertRefused = async (token: string, reason: string) => {
    const response = await call(token);
    assert.equal(response.status, 401);
    const challenge = response.headers.get('www-authenticate') ?? '';
    assert.match(
      challenge,
      /^Bearer error="invalid_token", error_description="[^"]+", scope="read:add", resource_metadata="/,
    );
    assert.deepEqual(Object.keys(await response.json()), ['error', 'error_description']);
    const entry = server.log().findLast(({ event }) => event === 'request-refused');
    assert.equal(entry?.['reason'], reason);
  };

  test('accepts the correct one and answers 42', async () => {
    const response = await call(await issuer.sign());
    assert.equal(response.status, 200);
    assert.match(await response.text(), /"structuredContent":\{"result":42\}/);
  });

  test('accepts the other loopback spellings of its audience', async () => {
    for (const host of ['127.0.0.1', '[::1]'])
      assert.equal((await call(await issuer.sign({ aud: `http://${host}:8000/mcp` }))).status, 200);
  });

  test('accepts an audience array of the resource and the issuer’s userinfo', async () => {
    assert.equal((await call(await issuer.sign({ aud: [AUDIENCE, `${issuer.issuer}/userinfo`] }))).status, 200);
  });

  test('refuses a signature by another key under the same kid', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    await assertRefused(await issuer.sign({}, {}, privateKey), 'signature');
  });

  test('refuses a payload that was changed after signing', async () => {
    const [header, payload = '', signature] = (await issuer.sign({ scope: '' })).split('.');
    const claims = JSON.parse(new TextDecoder().decode(base64url.decode(payload)));
    const changed = base64url.encode(JSON.stringify({ ...claims, scope: 'read:add' }));
    await assertRefused(`${header}.${changed}.${signature}`, 'signature');
  });

  test('refuses another issuer, also one that differs by a slash only', async () => {
    await assertRefused(await issuer.sign({ iss: 'https://issuer.example' }), 'issuer');
    await assertRefused(await issuer.sign({ iss: `${issuer.issuer}/` }), 'issuer');
  });

  test('refuses another audience, a prefix of ours, ours with a slash, and a second one beside ours', async () => {
    for (const aud of [
      'https://api.example',
      'http://localhost:8000',
      `${AUDIENCE}/`,
      `${AUDIENCE}-evil`,
      [AUDIENCE, 'https://api.example'],
    ])
      await assertRefused(await issuer.sign({ aud }), 'audience');
  });

  test('refuses an expired token', async () => {
    await assertRefused(await issuer.sign({ iat: nowSeconds() - 600, exp: nowSeconds() - 10 }), 'expired');
  });

  test('refuses a token that is not valid yet', async () => {
    await assertRefused(await issuer.sign({ nbf: nowSeconds() + 60 }), 'not_yet_valid');
    await assertRefused(await issuer.sign({ iat: nowSeconds() + 60 }), 'not_yet_valid');
  });

  test('refuses alg none, and HS256 with the public key as the secret', async () => {
    const [, payload] = (await issuer.sign()).split('.');
    const unsigned = base64url.encode(JSON.stringify({ alg: 'none', typ: 'at+jwt' }));
    await assertRefused(`${unsigned}.${payload}.`, 'algorithm');
    const secret = new TextEncoder().encode(JSON.stringify(issuer.publicJwk()));
    const claims = JSON.parse(new TextDecoder().decode(base64url.decode(payload ?? '')));
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: issuer.publicJwk().kid ?? '' })
      .sign(secret);
    await assertRefused(confused, 'algorithm');
  });

  test('refuses a type that is not an access token’s, and a token without one', async () => {
    await assertRefused(await issuer.sign({}, { typ: 'JWT' }), 'type');
    await assertRefused(await issuer.sign({}, { typ: 'dpop+jwt' }), 'type');
  });

  test('refuses a token that lacks exp, sub, client_id or jti, or lives for years', async () => {
    for (const claim of ['exp', 'sub', 'client_id', 'jti'])
      await assertRefused(await issuer.sign({ [claim]: undefined }), 'claim');
    await assertRefused(await issuer.sign({ exp: 4_000_000_000 }), 'claim');
  });

  test('refuses an opaque token, and says in the log what that often means', async () => {
    await assertRefused('opaque-token', 'not_a_jwt');
    assert.match(String(server.log().at(-1)?.['hint']), /audience/);
  });

  test('answers a missing token with a challenge that names scope and metadata, and no error', async () => {
    const response = await call(undefined);
    assert.equal(response.status, 401);
    const metadata = `${new URL(server.url).origin}/.well-known/oauth-protected-resource/mcp`;
    assert.equal(response.headers.get('www-authenticate'), `Bearer scope="read:add", resource_metadata="${metadata}"`);
  });

  test('answers a missing scope with 403 that names all scopes of the operation, and runs nothing', async () => {
    const response = await call(await issuer.sign({ scope: 'read:other' }));
    assert.equal(response.status, 403);
    const challenge = response.headers.get('www-authenticate') ?? '';
    assert.match(challenge, /error="insufficient_scope"/);
    assert.match(challenge, /scope="read:add"/);
    assert.match(challenge, /resource_metadata="http:\/\/localhost:\d+\/\.well-known\/oauth-protected-resource\/mcp"/);
    assert.equal(
      (await callTool(server.url, await issuer.sign({ scope: undefined }), 'multiply', { a: 6, b: 7 })).status,
      200,
    );
  });

  test('takes a token from the header only', async () => {
    const token = await issuer.sign();
    const inQuery = await callTool(`${server.url}?access_token=${token}`, undefined, 'add', { a: 1, b: 1 });
    assert.equal(inQuery.status, 400);
    assert.equal((await call(undefined, { cookie: `access_token=${token}` })).status, 401);
    assert.equal((await call(undefined, { authorization: `Bearer ${token} ${token}` })).status, 400);
    assert.equal((await call(undefined, { authorization: `DPoP ${token}` })).status, 401);
    assert.equal((await call(undefined, { authorization: `bearer ${token}` })).status, 200);
  });

  test('writes no token into its log', async () => {
    const token = await issuer.sign();
    await call(token);
    await callTool(`${server.url}?access_token=${token}`, undefined, 'add', { a: 1, b: 1 });
    assert.doesNotMatch(server.logText(), /eyJ/);
  });
});
