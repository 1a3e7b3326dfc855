// Several issuers, their keys and their outages, over real HTTP.

import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { base64url } from 'jose';
import { createIntrospector } from '../mcp-server/auth/introspect.ts';
import { createKeySource } from '../mcp-server/auth/keys.ts';
import { createLog } from '../mcp-server/log.ts';
import { callTool, startTestServer, type TestServer } from './support/mcp-server.ts';
import { serve } from './support/ports.ts';
import { createSigningIssuer, type SigningIssuer } from './support/signing-issuer.ts';

const AUDIENCE = 'http://localhost:8000/mcp';
const INVALID_TOKEN =
  /^Bearer error="invalid_token", error_description="[^"]+", scope="read:add", resource_metadata="http:/;
const silent = createLog({ sink: { write: () => true } });

describe('two accepted issuers', () => {
  let first: SigningIssuer;
  let second: SigningIssuer;
  let server: TestServer;
  before(async () => {
    first = await createSigningIssuer(AUDIENCE);
    second = await createSigningIssuer(AUDIENCE);
    server = await startTestServer({
      AUTH_ISSUER: first.issuer,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_ADDITIONAL_ISSUERS: JSON.stringify([{ issuer: second.issuer, audience: AUDIENCE, profile: 'auth0' }]),
    });
  });
  after(async () => {
    await server.close();
    await first.close();
    await second.close();
  });
  const call = (token: string) => callTool(server.url, token, 'add', { a: 2, b: 40 });

  test('S1: both stand in the metadata, and tokens of both are accepted', async () => {
    const metadata = await (
      await fetch(`${new URL(server.url).origin}/.well-known/oauth-protected-resource/mcp`)
    ).json();
    assert.deepEqual(metadata.authorization_servers, [first.issuer, second.issuer]);
    assert.equal((await call(await first.sign())).status, 200);
    assert.equal((await call(await second.sign())).status, 200);
  });

  test('R2.mix-up: a token signed by one in the name of the other is refused', async () => {
    for (const [signer, named] of [
      [first, second],
      [second, first],
    ] as const) {
      const response = await call(await signer.sign({ iss: named.issuer }));
      assert.equal(response.status, 401);
      assert.match(response.headers.get('www-authenticate') ?? '', INVALID_TOKEN);
    }
  });

  test('R2.tenant: a second tenant behind the same key set is refused', async () => {
    const response = await call(await first.sign({ iss: `${first.issuer}/tenants/other` }));
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', INVALID_TOKEN);
    assert.equal(server.log().findLast(({ event }) => event === 'request-refused')?.['reason'], 'issuer');
  });

  test('R3.permissions: permissions count for the issuer with the profile auth0, and only there', async () => {
    const claims = { scope: '', permissions: ['read:add'] };
    assert.equal((await call(await second.sign(claims))).status, 200);
    assert.equal((await call(await first.sign(claims))).status, 403);
  });

  test('the profile auth0 takes typ JWT and azp, and nothing else more', async () => {
    const dialect = {
      client_id: undefined,
      azp: 'client-1',
      jti: undefined,
      aud: [AUDIENCE, `${second.issuer}/userinfo`],
    };
    assert.equal((await call(await second.sign(dialect, { typ: 'JWT' }))).status, 200);
    assert.equal((await call(await first.sign(dialect, { typ: 'JWT' }))).status, 401);
    assert.equal((await call(await second.sign({ ...dialect, azp: undefined }, { typ: 'JWT' }))).status, 401);
    assert.equal(
      (await call(await second.sign({ ...dialect, aud: `${second.issuer}/userinfo` }, { typ: 'JWT' }))).status,
      401,
    );
  });
});

describe('the keys of an issuer', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const setUp = async () => {
    const issuer = await createSigningIssuer(AUDIENCE);
    const server = await startTestServer({ AUTH_ISSUER: issuer.issuer, AUTH_AUDIENCE: AUDIENCE });
    closers.push(issuer.close, server.close);
    return { issuer, server, call: async (token: string) => callTool(server.url, token, 'add', { a: 2, b: 40 }) };
  };

  test('R7.outage: that cannot be had make 503 with Retry-After, never 401, and the server not ready', async () => {
    const { issuer, server, call } = await setUp();
    issuer.answerKeysWith((response) => response.writeHead(500).end('down'));
    const response = await call(await issuer.sign());
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '10');
    assert.equal(response.headers.get('www-authenticate'), null);
    const origin = new URL(server.url).origin;
    assert.equal((await fetch(`${origin}/readyz`)).status, 503);
    assert.equal((await fetch(`${origin}/healthz`)).status, 200);
  });

  test('R7.flood: are fetched once for a hundred calls at once, and a flood of unknown kids adds nothing', async () => {
    const { issuer, server, call } = await setUp();
    assert.equal((await fetch(`${new URL(server.url).origin}/readyz`)).status, 200);
    await Promise.all(Array.from({ length: 100 }, async () => call(await issuer.sign())));
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const response = await call(await issuer.sign({}, { kid: `flood-${index}` }));
        assert.equal(response.status, 401);
        assert.match(response.headers.get('www-authenticate') ?? '', INVALID_TOKEN);
      }),
    );
    assert.equal(issuer.keyRequests(), 1);
  });

  test('R7.short-rsa: of 1024 bits verify nothing', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const { issuer, server, call } = await setUp();
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'short', alg: 'RS256', use: 'sig' };
    issuer.answerKeysWith((response) => response.end(JSON.stringify({ keys: [jwk] })));
    const [, payload] = (await issuer.sign()).split('.');
    const input = `${base64url.encode(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: 'short' }))}.${payload}`;
    const signature = createSign('RSA-SHA256').update(input).sign(privateKey, 'base64url');
    const response = await call(`${input}.${signature}`);
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', INVALID_TOKEN);
    const refusal = server.log().findLast(({ event }) => event === 'request-refused');
    assert.equal(refusal?.['reason'], 'unknown_key');
    assert.match(String(refusal?.['hint']), /2048/);
  });

  test('R7.enc: published for encryption verify nothing', async () => {
    const { issuer, server, call } = await setUp();
    const keys = [{ ...issuer.publicJwk(), use: 'enc' }];
    issuer.answerKeysWith((response) => response.end(JSON.stringify({ keys })));
    const response = await call(await issuer.sign());
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', INVALID_TOKEN);
    assert.equal(server.log().findLast(({ event }) => event === 'request-refused')?.['reason'], 'unknown_key');
  });

  test('R7.oversize: in a set that is too large are 503, although the right one is among them', async () => {
    const { issuer, call } = await setUp();
    issuer.answerKeysWith((response) =>
      response.end(JSON.stringify({ keys: [issuer.publicJwk()], padding: 'x'.repeat(300_000) })),
    );
    const response = await call(await issuer.sign());
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '10']);
    assert.equal(response.headers.get('www-authenticate'), null);
  });

  test('R7.redirect: are not fetched from where a redirect points', async () => {
    const { issuer, call } = await setUp();
    const elsewhere = await serve((_request, response) => response.end(JSON.stringify({ keys: [issuer.publicJwk()] })));
    closers.push(elsewhere.close);
    issuer.answerKeysWith((response) => response.writeHead(302, { location: `${elsewhere.origin}/keys` }).end());
    assert.equal((await call(await issuer.sign())).status, 503);
  });

  test('R7.slow: are given up on when they do not come', async () => {
    const issuer = await createSigningIssuer(AUDIENCE);
    closers.push(issuer.close);
    issuer.answerKeysWith((response) => response.write('{"keys":['));
    const trusted = {
      issuer: issuer.issuer,
      audiences: [AUDIENCE],
      toleratedAudiences: [],
      profile: 'rfc9068',
      jwksUri: `${issuer.issuer}/keys`,
      introspection: undefined,
    } as const;
    const source = createKeySource(trusted, { log: silent, timeoutMs: 50 });
    assert.equal(await source.prepare(), false);
  });

  test('R9.outbound: are fetched without the token of a caller', async () => {
    let authorization: string | undefined = 'nothing asked';
    const probe = await serve((request, response) => {
      authorization = request.headers.authorization;
      response.end(JSON.stringify({ keys: [] }));
    });
    const issuer = await createSigningIssuer(AUDIENCE);
    const server = await startTestServer({
      AUTH_ISSUER: issuer.issuer,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_JWKS_URI: `${probe.origin}/keys`,
    });
    closers.push(probe.close, issuer.close, server.close);
    await callTool(server.url, await issuer.sign(), 'add', { a: 2, b: 40 });
    assert.equal(authorization, undefined);
  });
});

describe('opaque tokens', () => {
  interface Question {
    readonly authorization: string | undefined;
    readonly token: string;
  }
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /** An issuer that answers for tokens by name, and a server that asks it. */
  async function setUp(known: Record<string, Record<string, unknown>>) {
    const questions: Question[] = [];
    const issuer = await serve(async (request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.url === '/.well-known/oauth-authorization-server')
        return void response.end(
          JSON.stringify({ issuer: issuer.origin, introspection_endpoint: `${issuer.origin}/introspect` }),
        );
      if (request.url !== '/introspect') return void response.writeHead(404).end('{}');
      let body = '';
      for await (const chunk of request) body += chunk;
      const token = new URLSearchParams(body).get('token') ?? '';
      questions.push({ authorization: request.headers.authorization, token });
      if (token === 'broken') return void response.writeHead(500).end('{}');
      response.end(JSON.stringify(known[token] ?? { active: false }));
    });
    const server = await startTestServer({
      AUTH_ISSUER: issuer.origin,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_INTROSPECTION_CLIENT_ID: 'resource server',
      AUTH_INTROSPECTION_CLIENT_SECRET: 'a:b',
      RATE_LIMIT_PER_MINUTE: '100000',
    });
    closers.push(issuer.close, server.close);
    const call = (token: string) => callTool(server.url, token, 'add', { a: 2, b: 40 });
    const assertRefused = async (token: string, reason: string) => {
      const response = await call(token);
      assert.equal(response.status, 401, token);
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token", .*scope="read:add"/);
      assert.equal(server.log().findLast(({ event }) => event === 'request-refused')?.['reason'], reason, token);
    };
    return { questions, server, call, assertRefused };
  }
  const answer = (more: Record<string, unknown> = {}) => ({
    active: true,
    token_type: 'Bearer',
    aud: AUDIENCE,
    client_id: 'c',
    sub: 's',
    scope: 'read:add',
    exp: Math.floor(Date.now() / 1000) + 300,
    ...more,
  });

  test('are asked about at the issuer when introspection is configured, and must be for this resource', async () => {
    const { questions, call, assertRefused } = await setUp({
      good: answer(),
      foreign: answer({ aud: 'https://api.example' }),
      nowhere: answer({ aud: undefined }),
      endless: answer({ exp: undefined }),
      old: answer({ exp: 1 }),
      other: answer({ iss: 'https://other.example' }),
    });
    assert.equal((await call('good')).status, 200);
    assert.equal((await call('good')).status, 200);
    assert.equal(questions.length, 1, 'remembered');
    assert.equal(questions[0]?.authorization, `Basic ${Buffer.from('resource+server:a%3Ab').toString('base64')}`);
    for (const [token, reason] of [
      ['foreign', 'audience'],
      ['nowhere', 'audience'],
      ['endless', 'claim'],
      ['old', 'expired'],
      ['other', 'issuer'],
      ['unknown', 'inactive'],
    ] as const)
      await assertRefused(token, reason);
    const outage = await call('broken');
    assert.deepEqual([outage.status, outage.headers.get('retry-after')], [503, '10']);
  });

  test('R2.refresh-token: a refresh token that the issuer vouches for is refused, however the issuer says what it is', async () => {
    const refreshTokens = {
      nameless: answer({ token_type: undefined }),
      named: answer({ token_type: 'refresh_token' }),
      used: answer({ token_use: 'refresh_token' }),
      typed: answer({ typ: 'Refresh' }),
      offline: answer({ typ: 'Offline' }),
      odd: answer({ token_type: ['Bearer'] }),
    };
    const accessTokens = {
      lower: answer({ token_type: 'bearer' }),
      used2: answer({ token_use: 'access_token' }),
      typed2: answer({ typ: 'Bearer' }),
    };
    const { call, assertRefused } = await setUp({ ...refreshTokens, ...accessTokens });
    for (const token of Object.keys(refreshTokens)) await assertRefused(token, 'type');
    for (const token of Object.keys(accessTokens)) assert.equal((await call(token)).status, 200, token);
  });
});

test('R7.opaque-flood: a flood of opaque tokens reaches the issuer at a bounded rate, and a slow issuer by a bounded number', async () => {
  const issuer = {
    issuer: 'https://issuer.example',
    audiences: [AUDIENCE],
    toleratedAudiences: [],
    profile: 'rfc9068',
    jwksUri: undefined,
    introspection: { clientId: 'c', clientSecret: 's' },
  } as const;
  let nowMs = 0;
  let questions = 0;
  const answers: (() => void)[] = [];
  let isSlow = false;
  const ask = createIntrospector(issuer, {
    log: silent,
    now: () => nowMs,
    fetch: async (url) => {
      if (String(url).includes('.well-known'))
        return Response.json({ issuer: issuer.issuer, introspection_endpoint: 'https://issuer.example/introspect' });
      questions += 1;
      if (isSlow) await new Promise<void>((resolve) => answers.push(resolve));
      return Response.json({ active: false });
    },
  });
  assert.ok(ask);
  const faults: Record<string, number> = {};
  const flood = async (count: number) => {
    for (let index = 0; index < count; index += 1) {
      const verdict = await ask(`opaque-${index}`);
      const fault = verdict.ok ? 'none' : verdict.fault;
      faults[fault] = (faults[fault] ?? 0) + 1;
    }
  };
  await flood(5_000);
  assert.equal(questions, 600);
  assert.deepEqual(faults, { inactive: 600, issuer_unavailable: 4_400 });
  nowMs = 1_000;
  await flood(100);
  assert.equal(questions, 610);
  nowMs = 60_000;
  isSlow = true;
  const waiting = Array.from({ length: 300 }, (_, index) => ask(`slow-${index}`));
  const refused = (await Promise.all(waiting.slice(50))).filter((verdict) => !verdict.ok);
  assert.ok(refused.every((verdict) => !verdict.ok && verdict.fault === 'issuer_unavailable'));
  assert.equal(questions, 660);
  for (const resolve of answers) resolve();
  await Promise.all(waiting);
});
