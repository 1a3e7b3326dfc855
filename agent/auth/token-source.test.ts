// The token source against an issuer and a resource that the test bends out of shape, over real HTTP.

import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { serve } from '../../test/support/ports.ts';
import type { CredentialConfig } from '../credential-config.ts';
import { createTokenSource } from './token-source.ts';
import { createMemoryTokenStore } from './token-store.ts';

const NO_CHALLENGE = { resourceMetadataUrl: undefined, scope: undefined };

describe('token source', () => {
  let origin: string;
  let close: () => Promise<void>;
  let nowMs: number;
  let tokenRequests: { body: URLSearchParams; authorization: string | undefined }[];
  let resourceMetadata: unknown;
  let issuerMetadata: Record<string, unknown>;
  let grant: (body: URLSearchParams) => { status: number; body: unknown; headers?: Record<string, string> };

  beforeEach(async () => {
    const server = await serve(async (request, response) => {
      const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
      if (request.url === '/.well-known/oauth-protected-resource/mcp') answer(200, resourceMetadata);
      else if (request.url === '/.well-known/oauth-authorization-server') answer(200, issuerMetadata);
      else if (request.url === '/token') {
        let text = '';
        for await (const chunk of request) text += chunk;
        const body = new URLSearchParams(text);
        tokenRequests.push({ body, authorization: request.headers.authorization });
        const { status, body: tokens, headers } = grant(body);
        answer(status, tokens, headers);
      } else answer(404, {});
    });
    ({ origin, close } = server);
    nowMs = 1_000_000;
    tokenRequests = [];
    resourceMetadata = {
      resource: `${origin}/mcp`,
      authorization_servers: [origin],
      scopes_supported: ['read:a', 'read:b'],
    };
    issuerMetadata = {
      issuer: origin,
      token_endpoint: `${origin}/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    };
    grant = (body) => ({
      status: 200,
      body: {
        access_token: `token-${tokenRequests.length}`,
        token_type: 'Bearer',
        expires_in: 600,
        scope: body.get('scope'),
      },
    });
  });
  afterEach(() => close());

  const credential = (): CredentialConfig => ({
    kind: 'client-credentials',
    issuer: origin,
    clientId: 'client',
    authentication: { kind: 'secret', secret: 'secret' },
    audience: undefined,
  });
  const createSource = (changed: CredentialConfig = credential()) =>
    createTokenSource({ serverUrl: `${origin}/mcp`, credential: changed, now: () => nowMs });

  test('has no token until a server asks for one, then asks its issuer with resource and audience', async () => {
    const source = createSource();
    assert.equal(await source.current(), undefined);
    assert.equal(await source.renew(undefined, { ...NO_CHALLENGE, scope: 'read:a' }), 'token-1');
    const { body } = tokenRequests[0] ?? {};
    assert.deepEqual(Object.fromEntries(body ?? []), {
      grant_type: 'client_credentials',
      resource: `${origin}/mcp`,
      audience: `${origin}/mcp`,
      scope: 'read:a',
      client_id: 'client',
      client_secret: 'secret',
    });
    assert.equal(await source.current(), 'token-1');
  });

  test('without a scope in the challenge it asks for all that the resource speaks of', async () => {
    await createSource().renew(undefined, NO_CHALLENGE);
    assert.equal(tokenRequests[0]?.body.get('scope'), 'read:a read:b');
  });

  test('sends a configured audience, and the secret by basic where the issuer takes nothing else', async () => {
    issuerMetadata['token_endpoint_auth_methods_supported'] = ['client_secret_basic'];
    await createSource({
      kind: 'client-credentials',
      issuer: origin,
      clientId: 'client',
      authentication: { kind: 'secret', secret: 'secret' },
      audience: 'api',
    }).renew(undefined, NO_CHALLENGE);
    assert.equal(tokenRequests[0]?.body.get('audience'), 'api');
    assert.equal(tokenRequests[0]?.body.has('client_secret'), false);
    assert.match(tokenRequests[0]?.authorization ?? '', /^Basic /);
  });

  test('a hundred callers with no token share one request', async () => {
    const source = createSource();
    const tokens = await Promise.all(Array.from({ length: 100 }, () => source.renew(undefined, NO_CHALLENGE)));
    assert.deepEqual(new Set(tokens), new Set(['token-1']));
    assert.equal(tokenRequests.length, 1);
  });

  test('a caller whose token was replaced meanwhile gets the replacement', async () => {
    const source = createSource();
    const first = await source.renew(undefined, NO_CHALLENGE);
    const second = await source.renew(first, NO_CHALLENGE);
    assert.equal(await source.renew(first, NO_CHALLENGE), second);
    assert.equal(tokenRequests.length, 2);
  });

  test('T5.reuse: a token of an earlier run is used again, and one that the server has refused is not', async () => {
    const store = createMemoryTokenStore();
    const run = () =>
      createTokenSource({ serverUrl: `${origin}/mcp`, credential: credential(), store, now: () => nowMs });
    assert.equal(await run().renew(undefined, NO_CHALLENGE), 'token-1');
    const second = run();
    assert.equal(await second.renew(undefined, NO_CHALLENGE), 'token-1');
    assert.equal(second.isAdopted('token-1'), true);
    assert.equal(await second.renew('token-1', NO_CHALLENGE), 'token-2');
    assert.equal(second.isAdopted('token-2'), false);
    nowMs += 600_000;
    assert.equal(await run().renew(undefined, NO_CHALLENGE), 'token-3', 'nor is one that has expired');
    assert.equal(tokenRequests.length, 3);
  });

  test('T5.reuse: a stored token that lacks a scope which is asked for is not used', async () => {
    const store = createMemoryTokenStore();
    const run = () =>
      createTokenSource({ serverUrl: `${origin}/mcp`, credential: credential(), store, now: () => nowMs });
    await run().renew(undefined, { ...NO_CHALLENGE, scope: 'read:a' });
    assert.equal(await run().renew(undefined, { ...NO_CHALLENGE, scope: 'read:b' }), 'token-2');
  });

  test('T5.outage: an issuer in trouble does not cost the stored token', async () => {
    const store = createMemoryTokenStore();
    const run = () =>
      createTokenSource({ serverUrl: `${origin}/mcp`, credential: credential(), store, now: () => nowMs });
    await run().renew(undefined, NO_CHALLENGE);
    grant = () => ({ status: 503, body: {} });
    await assert.rejects(run().renew('token-1', NO_CHALLENGE), { code: 'unreachable' });
    assert.equal(await run().renew(undefined, NO_CHALLENGE), 'token-1');
  });

  test('T5.skew: renews half a minute before the end, once for all callers', async () => {
    const source = createSource();
    await source.renew(undefined, NO_CHALLENGE);
    nowMs += 569_000;
    assert.equal(await source.current(), 'token-1');
    nowMs += 1_000;
    assert.deepEqual(await Promise.all([source.current(), source.current()]), ['token-2', 'token-2']);
    assert.equal(tokenRequests.length, 2);
  });

  test('goes on with a token that is still good when early renewal fails, and says so when it is not', async () => {
    const source = createSource();
    await source.renew(undefined, NO_CHALLENGE);
    grant = () => ({ status: 503, body: { error: 'temporarily_unavailable' } });
    nowMs += 575_000;
    assert.equal(await source.current(), 'token-1');
    nowMs += 30_000;
    await assert.rejects(source.current(), { code: 'unreachable', message: /503/ });
  });

  test('a token without expires_in does not count as expired', async () => {
    grant = () => ({ status: 200, body: { access_token: 'forever', token_type: 'Bearer' } });
    const source = createSource();
    await source.renew(undefined, NO_CHALLENGE);
    nowMs += 1e9;
    assert.equal(await source.current(), 'forever');
    assert.equal(tokenRequests.length, 1);
  });

  test('step-up asks for the union of what is held and what is needed', async () => {
    const source = createSource();
    const held = await source.renew(undefined, { ...NO_CHALLENGE, scope: 'read:a' });
    assert.equal(await source.stepUp(held, { ...NO_CHALLENGE, scope: 'write:a' }), 'token-2');
    assert.equal(tokenRequests[1]?.body.get('scope'), 'read:a write:a');
  });

  test('T6.machine: step-up that the issuer refuses names the scope, and is not tried again and again', async () => {
    const source = createSource();
    const held = await source.renew(undefined, { ...NO_CHALLENGE, scope: 'read:a' });
    grant = () => ({ status: 400, body: { error: 'invalid_scope' } });
    for (let attempt = 0; attempt < 5; attempt += 1)
      await assert.rejects(source.stepUp(held, { ...NO_CHALLENGE, scope: 'write:a' }), {
        code: 'insufficient_scope',
        details: { missingScopes: ['write:a'] },
      });
    assert.equal(tokenRequests.length, 2);
    assert.equal(await source.current(), held);
  });

  test('an issuer that grants less than was asked for counts as a refusal', async () => {
    const source = createSource();
    grant = () => ({
      status: 200,
      body: { access_token: `narrow-${tokenRequests.length}`, token_type: 'Bearer', scope: 'read:a' },
    });
    const held = await source.renew(undefined, { ...NO_CHALLENGE, scope: 'read:a' });
    await assert.rejects(source.stepUp(held, { ...NO_CHALLENGE, scope: 'write:a' }), { code: 'insufficient_scope' });
    await assert.rejects(source.stepUp(held, { ...NO_CHALLENGE, scope: 'write:a' }), { code: 'insufficient_scope' });
    assert.equal(tokenRequests.length, 2);
  });

  test('T2.exfiltration, C8: a server that names another issuer gets no secret out of us', async () => {
    resourceMetadata = { resource: `${origin}/mcp`, authorization_servers: ['https://evil.example'] };
    await assert.rejects(createSource().renew(undefined, NO_CHALLENGE), {
      code: 'untrusted_issuer',
      message: /secret was not sent/,
    });
    assert.equal(tokenRequests.length, 0);
  });

  test('metadata that describes another resource is refused', async () => {
    for (const resource of ['https://api.example/mcp', `${origin}/mcp-evil`, `${origin}/mcp/deeper`, 'mcp']) {
      resourceMetadata = { resource, authorization_servers: [origin] };
      await assert.rejects(createSource().renew(undefined, NO_CHALLENGE), { code: 'untrusted_issuer' }, resource);
    }
    assert.equal(tokenRequests.length, 0);
  });

  test('a challenge that points to another origin is not followed', async () => {
    for (const resourceMetadataUrl of [
      'http://169.254.169.254/latest',
      'https://evil.example/prm',
      'file:///etc/passwd',
    ])
      await assert.rejects(createSource().renew(undefined, { ...NO_CHALLENGE, resourceMetadataUrl }), {
        code: 'untrusted_issuer',
      });
  });

  test('C4: issuer metadata that names another issuer is refused, before any token is asked for', async () => {
    issuerMetadata['issuer'] = `${origin}/`;
    await assert.rejects(createSource().renew(undefined, NO_CHALLENGE), { code: 'untrusted_issuer' });
    assert.equal(tokenRequests.length, 0);
  });

  test('a refused client is told what to check, without its secret', async () => {
    grant = () => ({ status: 401, body: { error: 'invalid_client', error_description: 'no such client' } });
    await assert.rejects(createSource().renew(undefined, NO_CHALLENGE), (error: Error) => {
      assert.match(error.message, /invalid_client: no such client.*Check the client id/);
      assert.doesNotMatch(error.message, /"secret"/);
      return true;
    });
  });

  test('T1.huge: huge metadata is given up on', async () => {
    resourceMetadata = { resource: `${origin}/mcp`, authorization_servers: [origin], padding: 'x'.repeat(300_000) };
    await assert.rejects(createSource().renew(undefined, NO_CHALLENGE), {
      code: 'protocol_error',
      message: /more than 262144 bytes/,
    });
  });

  test('a pre-issued token is used as it is, and its end is explained', async () => {
    const source = createSource({ kind: 'bearer', token: 'given' });
    assert.equal(await source.current(), 'given');
    await assert.rejects(source.renew('given', NO_CHALLENGE), { code: 'login_required', message: /MCP_BEARER_TOKEN/ });
    await assert.rejects(source.stepUp('given', { ...NO_CHALLENGE, scope: 'write:a' }), { code: 'insufficient_scope' });
    assert.equal(tokenRequests.length, 0);
  });

  test('what is wrong with a pre-issued token is named as far as it can be read, and what a good one looks like', async () => {
    const given = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
    const good = { aud: `${origin}/mcp`, exp: nowMs / 1000 + 60, scope: 'read:a', sub: 'somebody' };
    const refusalOf = async (claims: object) =>
      await createSource({ kind: 'bearer', token: given(claims) })
        .renew('x', { ...NO_CHALLENGE, scope: 'read:a' })
        .then(assert.fail, (error: Error) => error.message);
    const cases: readonly [object, RegExp][] = [
      [good, /refused MCP_BEARER_TOKEN\. Set it to/],
      [{ ...good, exp: nowMs / 1000 - 60 }, /refused MCP_BEARER_TOKEN: it expired at 1970-\S+Z\. Set it to/],
      [
        { ...good, aud: 'https://api.example' },
        /refused MCP_BEARER_TOKEN: it is for "https:\/\/api\.example"\. Set it to/,
      ],
      [{ ...good, aud: [origin, 'x'], exp: 'soon' }, /refused MCP_BEARER_TOKEN\. Set it to/],
    ];
    for (const [claims, expected] of cases) {
      const message = await refusalOf(claims);
      assert.match(message, expected);
      assert.ok(
        message.includes(
          `an access token for ${origin}/mcp with the scope read:a that has not expired, of an issuer that the server trusts.`,
        ),
        message,
      );
      assert.match(message, /npm run -s agent -- doctor/);
      assert.doesNotMatch(message, /mcp login|somebody|c2ln/);
    }
    const lacking = createSource({ kind: 'bearer', token: given(good) });
    await assert.rejects(lacking.stepUp('x', { ...NO_CHALLENGE, scope: 'read:a write:a' }), {
      code: 'insufficient_scope',
      message: `The access token lacks the scope write:a: MCP_BEARER_TOKEN does not carry it. Set it to an access token for ${origin}/mcp with the scope read:a write:a, or unset it to sign in.`,
    });
  });

  test('the local client is read from its file when it is needed, and only if nobody else can read it', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'local-client-')), 'agent-client.json');
    const source = createSource({ kind: 'local-client', file });
    await assert.rejects(source.renew(undefined, NO_CHALLENGE), { code: 'login_required', message: /npm run server/ });
    await writeFile(file, JSON.stringify({ issuer: origin, client_id: 'local', client_secret: 'secret' }), {
      mode: 0o644,
    });
    await assert.rejects(source.renew(undefined, NO_CHALLENGE), { code: 'login_required', message: /chmod 600/ });
    await writeFile(
      `${file}.private`,
      JSON.stringify({ issuer: origin, client_id: 'local', client_secret: 'secret' }),
      { mode: 0o600 },
    );
    await createSource({ kind: 'local-client', file: `${file}.private` }).renew(undefined, NO_CHALLENGE);
    assert.equal(tokenRequests[0]?.body.get('client_id'), 'local');
  });

  test('workload identity: the token of the platform is traded as an assertion, read from its file each time', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'workload-')), 'token');
    const source = createSource({
      kind: 'jwt-bearer',
      issuer: origin,
      clientId: 'workload',
      authentication: { kind: 'none' },
      audience: undefined,
      assertion: { kind: 'file', file },
    });
    await assert.rejects(source.renew(undefined, NO_CHALLENGE), { code: 'login_required', message: /cannot be read/ });
    for (const [round, assertion] of ['platform-1', 'platform-2'].entries()) {
      await writeFile(file, `${assertion}\n`);
      const token = await source.renew(round === 0 ? undefined : `token-${round}`, NO_CHALLENGE);
      assert.equal(token, `token-${round + 1}`);
      assert.deepEqual(Object.fromEntries(tokenRequests[round]?.body ?? []), {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        resource: `${origin}/mcp`,
        scope: 'read:a read:b',
        assertion,
        client_id: 'workload',
      });
    }
    assert.equal((await source.status())?.grant, 'jwt-bearer');
  });

  test('enterprise-managed: the identity provider vouches to the issuer, and its word is what is traded', async () => {
    const idJag: CredentialConfig = {
      kind: 'id-jag',
      issuer: origin,
      clientId: 'client',
      authentication: { kind: 'secret', secret: 'secret' },
      audience: undefined,
      identityProvider: {
        issuer: origin,
        clientId: 'at-provider',
        clientSecret: 'provider-secret',
        idToken: { kind: 'value', value: 'the-id-token' },
      },
    };
    let issuedTokenType = 'urn:ietf:params:oauth:token-type:id-jag';
    grant = (body) => ({
      status: 200,
      body:
        body.get('subject_token') === null
          ? { access_token: 'for-the-server', token_type: 'Bearer' }
          : { access_token: 'the-id-jag', token_type: 'N_A', issued_token_type: issuedTokenType },
    });
    assert.equal(await createSource(idJag).renew(undefined, NO_CHALLENGE), 'for-the-server');
    const [exchange, trade] = tokenRequests.map(({ body }) => Object.fromEntries(body));
    assert.deepEqual(exchange, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      subject_token: 'the-id-token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: origin,
      resource: `${origin}/mcp`,
      scope: 'read:a read:b',
      client_id: 'at-provider',
      client_secret: 'provider-secret',
    });
    assert.equal(trade?.['grant_type'], 'urn:ietf:params:oauth:grant-type:jwt-bearer');
    assert.equal(trade?.['assertion'], 'the-id-jag');
    assert.equal(trade?.['client_secret'], 'secret');

    issuedTokenType = 'urn:ietf:params:oauth:token-type:access_token';
    await assert.rejects(createSource(idJag).renew(undefined, NO_CHALLENGE), {
      code: 'protocol_error',
      message: /another type/,
    });
  });

  test('T1.slow: an issuer that says nothing is given up on, by whoever waits', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const source = createTokenSource({
      serverUrl: `${origin}/mcp`,
      credential: credential(),
      fetch: (_url, init) => {
        init?.signal?.addEventListener('abort', () => resolve(Response.error()));
        return promise;
      },
    });
    const controller = new AbortController();
    const waiting = source.renew(undefined, NO_CHALLENGE, controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    resolve(Response.error());
  });

  test('T1.redirect, T2.redirect: a token endpoint that redirects gets the secret once, and nobody else does', async () => {
    grant = () => ({ status: 307, body: {} });
    await assert.rejects(createSource().renew(undefined, NO_CHALLENGE), { code: 'protocol_error' });
    assert.equal(tokenRequests.length, 1);
  });

  test('429 with a short Retry-After is waited for; a long one is told in seconds', async () => {
    const waited: number[] = [];
    const turnAway = (seconds: string) => ({
      status: 429,
      body: { error: 'too_many_requests' },
      headers: { 'retry-after': seconds },
    });
    const good = grant;
    const source = () =>
      createTokenSource({
        serverUrl: `${origin}/mcp`,
        credential: credential(),
        now: () => nowMs,
        wait: async (ms) => void waited.push(ms),
      });
    grant = (body) => (tokenRequests.length === 1 ? turnAway('3') : good(body));
    assert.equal(await source().renew(undefined, NO_CHALLENGE), 'token-2');
    assert.deepEqual(waited, [3000]);
    grant = () => turnAway('30');
    await assert.rejects(source().renew(undefined, NO_CHALLENGE), {
      code: 'unreachable',
      message: /wants fewer requests: .*Try again in 30 s\./,
    });
    assert.deepEqual([waited, tokenRequests.length], [[3000], 3]);
  });

  test('429 means later, with the time that the issuer says', async () => {
    grant = () => ({ status: 429, body: { error: 'too_many_requests' } });
    await assert.rejects(createSource().renew(undefined, NO_CHALLENGE), {
      code: 'unreachable',
      message: /fewer requests/,
    });
  });
});
