// Revocation that bites: what a person or a client takes back at the authorization server stops working at the MCP server,
// although the tokens are JWTs; and tokens that are bound to a key work with that key only. Over real HTTP.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'openid-client';
import { openAdministration } from '../mcp-server/authorization-server/administration.ts';
import { createLog } from '../mcp-server/log.ts';
import { createBrowser } from './support/browser.ts';
import { callTool, startTestServer, type TestServer } from './support/mcp-server.ts';
import { machineToken } from './support/tokens.ts';

/** A stream of a server that is broken never ends. */
const BOUNDED = { timeout: 30_000 };

const REDIRECT_URI = 'http://127.0.0.1:49152/callback';

describe('revocation', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ RATE_LIMIT_PER_MINUTE: '1000000' });
  });
  after(() => server.close());

  const discover = (clientId = 'local-cli') =>
    oauth.discovery(new URL(server.issuer), clientId, undefined, oauth.None(), {
      algorithm: 'oauth2',
      execute: [oauth.allowInsecureRequests],
    });

  async function signIn(configuration: oauth.Configuration, options?: oauth.DPoPOptions) {
    const pkceCodeVerifier = oauth.randomPKCECodeVerifier();
    const expectedState = oauth.randomState();
    const url = oauth.buildAuthorizationUrl(configuration, {
      redirect_uri: REDIRECT_URI,
      scope: 'read:add',
      resource: server.url,
      state: expectedState,
      code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    });
    const browser = createBrowser(REDIRECT_URI);
    let page = await browser.visit(url.href);
    for (const answer of ['sign-in', 'allow']) page = await browser.submit(page, answer);
    const checks = { pkceCodeVerifier, expectedState };
    const parameters = { resource: server.url };
    const tokens = await oauth.authorizationCodeGrant(configuration, new URL(page.url), checks, parameters, options);
    return { browser, tokens };
  }

  const call = (token: string, headers: Record<string, string> = {}) =>
    callTool(server.url, token, 'add', { a: 2, b: 40 }, headers);

  /** Asks until the answer is there; the list is read once a second, and nothing here may sleep for longer. */
  async function statusWithin(seconds: number, expected: number, ask: () => Promise<Response>): Promise<number> {
    const until = Date.now() + seconds * 1_000;
    let { status } = await ask();
    while (status !== expected && Date.now() < until) ({ status } = await ask());
    return status;
  }

  test('revoking a refresh token ends the access tokens of its family within seconds, and no others', async () => {
    const configuration = await discover();
    const [mine, other] = [await signIn(configuration), await signIn(configuration)];
    const later = await oauth.refreshTokenGrant(configuration, mine.tokens.refresh_token ?? '', {
      resource: server.url,
    });
    for (const { access_token } of [mine.tokens, later, other.tokens])
      assert.equal((await call(access_token)).status, 200);
    await oauth.tokenRevocation(configuration, later.refresh_token ?? '');
    for (const { access_token } of [mine.tokens, later])
      assert.equal(await statusWithin(3, 401, () => call(access_token)), 401);
    assert.equal((await call(other.tokens.access_token)).status, 200);
    assert.ok(server.log().some(({ reason }) => reason === 'revoked'));
  });

  test('revoking a client from the command line ends its tokens at the MCP server within seconds', async () => {
    const redirect_uris = [REDIRECT_URI];
    const configuration = await oauth.dynamicClientRegistration(
      new URL(server.issuer),
      { client_name: 'A tool', redirect_uris, token_endpoint_auth_method: 'none' },
      oauth.None(),
      { algorithm: 'oauth2', execute: [oauth.allowInsecureRequests] },
    );
    const { tokens } = await signIn(configuration);
    const machine = await machineToken(server);
    assert.equal((await call(tokens.access_token)).status, 200);
    const administration = await openAdministration({ dataDir: server.dataDir, log: createLog({ level: 'error' }) });
    administration.revokeClient(configuration.clientMetadata().client_id);
    administration.close();
    assert.equal(await statusWithin(3, 401, () => call(tokens.access_token)), 401);
    assert.equal((await call(machine)).status, 200);
  });

  test('R8.deny-list: revoking an access token ends that one', async () => {
    const configuration = await discover();
    const { tokens } = await signIn(configuration);
    const second = await oauth.refreshTokenGrant(configuration, tokens.refresh_token ?? '', { resource: server.url });
    await oauth.tokenRevocation(configuration, tokens.access_token);
    assert.equal(await statusWithin(3, 401, () => call(tokens.access_token)), 401);
    const challenge = (await call(tokens.access_token)).headers.get('www-authenticate') ?? '';
    assert.match(challenge, /^Bearer error="invalid_token", .*scope="read:add", resource_metadata="/);
    assert.equal((await call(second.access_token)).status, 200);
  });

  test('R6.stream: a stream that waits for news ends when its token is revoked', BOUNDED, async ({ signal }) => {
    const configuration = await discover();
    const { tokens } = await signIn(configuration);
    const headers = { authorization: `Bearer ${tokens.access_token}`, accept: 'application/json, text/event-stream' };
    const clientInfo = { name: 'test', version: '1' };
    const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    const opened = await fetch(server.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: initialize }),
    });
    await opened.text();
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    const stream = await fetch(server.url, { headers: { ...headers, ...session }, signal });
    assert.equal(stream.status, 200);
    await oauth.tokenRevocation(configuration, tokens.refresh_token ?? '');
    // Resolves when the server ends the stream; the test's own time limit ends it otherwise.
    await stream.text();
  });

  test('a client that is removed takes its tokens with it', async () => {
    const registration = await fetch(`${server.issuer}/oidc/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [REDIRECT_URI] }),
    });
    const { client_id, registration_client_uri, registration_access_token } = await registration.json();
    const configuration = await discover(client_id);
    const { tokens } = await signIn(configuration);
    assert.equal((await call(tokens.access_token)).status, 200);
    const authorization = `Bearer ${registration_access_token}`;
    const removed = await fetch(registration_client_uri, { method: 'DELETE', headers: { authorization } });
    assert.equal(removed.status, 204);
    assert.equal(await statusWithin(3, 401, () => call(tokens.access_token)), 401);
  });

  test('revoking a connection on the page ends its tokens', async () => {
    const configuration = await discover();
    const { browser, tokens } = await signIn(configuration);
    assert.equal((await call(tokens.access_token)).status, 200);
    const page = await browser.visit(`${server.issuer}/connections`);
    assert.match(page.text, /Local command line/);
    assert.ok(page.form);
    const grant = String(decodeJwt(tokens.access_token)['gid']);
    assert.ok(page.text.includes(grant));
    const form = { ...page.form, fields: { ...page.form.fields, grant } };
    assert.match((await browser.submit({ ...page, form }, 'revoke')).text, /Revoked/);
    assert.equal(await statusWithin(3, 401, () => call(tokens.access_token)), 401);
    await assert.rejects(oauth.refreshTokenGrant(configuration, tokens.refresh_token ?? ''), {
      error: 'invalid_grant',
    });
  });

  describe('tokens that are bound to a key', () => {
    const keysOf = async () => {
      const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
      const jwk = await exportJWK(publicKey);
      const prove = (token: string, claims: Record<string, unknown> = {}) =>
        new SignJWT({
          jti: randomUUID(),
          htm: 'POST',
          htu: server.url,
          ath: createHash('sha256').update(token).digest('base64url'),
          ...claims,
        })
          .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
          .setIssuedAt()
          .sign(privateKey);
      return { keys: { privateKey, publicKey }, prove };
    };

    test('work with a proof, once each, and not as Bearer, with another key or without a proof', async () => {
      const configuration = await discover();
      const { keys, prove } = await keysOf();
      const DPoP = oauth.getDPoPHandle(configuration, keys);
      const { tokens } = await signIn(configuration, { DPoP });
      assert.equal(tokens.token_type, 'dpop');
      const token = tokens.access_token;
      const authorization = `DPoP ${token}`;
      const proof = await prove(token);
      assert.equal((await call(token, { authorization, dpop: proof })).status, 200);
      const stranger = await keysOf();
      const refused: [string, Record<string, string>, string][] = [
        ['as Bearer', {}, 'invalid_token'],
        ['without proof', { authorization }, 'invalid_dpop_proof'],
        ['the same proof', { authorization, dpop: proof }, 'invalid_dpop_proof'],
        ['another key', { authorization, dpop: await stranger.prove(token) }, 'invalid_dpop_proof'],
        ['another address', { authorization, dpop: await prove(token, { htu: server.issuer }) }, 'invalid_dpop_proof'],
      ];
      for (const [name, headers, error] of refused) {
        const response = await call(token, headers);
        assert.equal(response.status, 401, name);
        assert.match(response.headers.get('www-authenticate') ?? '', new RegExp(`^DPoP error="${error}".*algs="ES256`));
      }
      assert.equal((await call(token, { authorization, dpop: await prove(token) })).status, 200);
    });

    test('R4.dpop: a token that is bound to no key does not work with the scheme DPoP', async () => {
      const token = await machineToken(server);
      const { prove } = await keysOf();
      assert.equal((await call(token)).status, 200);
      for (const dpop of [await prove(token), '']) {
        const response = await call(token, { authorization: `DPoP ${token}`, ...(dpop && { dpop }) });
        assert.equal(response.status, 401);
        assert.match(
          response.headers.get('www-authenticate') ?? '',
          /^DPoP error="invalid_token", .*scope="read:add", resource_metadata="http:.*", algs="ES256/,
        );
      }
    });

    test('the metadata of the resource says that proofs are understood', async () => {
      const { origin } = new URL(server.url);
      const metadata = await (await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`)).json();
      assert.ok(metadata.dpop_signing_alg_values_supported.includes('ES256'));
    });
  });
});
