// Tokens that expire, are refused or cannot be had in the middle of things: the call is answered all the same, or fails at
// once and says why.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTokenSource, type TokenSource } from '../agent/auth/token-source.ts';
import { AgentError } from '../agent/errors.ts';
import { connect, type McpConnection } from '../agent/mcp/connection.ts';
import { serverAt } from '../agent/mcp-file.ts';
import { startTestServer } from './support/mcp-server.ts';
import { freePorts } from './support/ports.ts';
import { type ScriptedServer, startScriptedServer, textOf } from './support/scripted-mcp-server.ts';
import { createSigningIssuer } from './support/signing-issuer.ts';
import { createTokenIssuer, type TokenIssuer } from './support/token-issuer.ts';

describe('a connection with tokens', () => {
  let server: ScriptedServer;
  let issuer: TokenIssuer;
  let nowMs: number;
  const connections: McpConnection[] = [];

  beforeEach(async () => {
    nowMs = 1_000_000;
    issuer = await createTokenIssuer();
    server = await startScriptedServer();
    const { origin } = new URL(server.url);
    server.resourceMetadata = { resource: `${origin}/mcp`, authorization_servers: [issuer.issuer] };
    server.guard = (token) => (token && issuer.isGood(token) ? undefined : { status: 401, challenge: 'Bearer' });
  });
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
    await server.stop();
    await issuer.stop();
  });

  const connectWith = async (tokens: TokenSource, url = server.url) => {
    const connection = await connect(serverAt(url), { tokens, retryDelaysMs: [20, 40] });
    connections.push(connection);
    return connection;
  };
  const connected = async () =>
    connectWith(
      createTokenSource({
        serverUrl: server.url,
        credential: {
          kind: 'client-credentials',
          issuer: issuer.issuer,
          clientId: 'client',
          audience: undefined,
          ...CLIENT_SECRET,
        },
        now: () => nowMs,
      }),
    );
  const echo = async (connection: McpConnection, text: string) => textOf(await connection.callTool('echo', { text }));
  const failureOf = async (call: Promise<unknown>): Promise<AgentError> => {
    const startedAtMs = performance.now();
    const error: unknown = await call.then(
      () => assert.fail('It answered.'),
      (reason) => reason,
    );
    assert.ok(error instanceof AgentError, String(error));
    assert.ok(performance.now() - startedAtMs < 2000);
    return error;
  };

  test('a hundred calls that meet an expired token are answered, with one more token request', async () => {
    const connection = await connected();
    assert.equal(await echo(connection, 'before'), 'before');
    issuer.revokeAll();
    const before = issuer.requests();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => echo(connection, `${index}`)));
    assert.deepEqual(
      answers,
      Array.from({ length: 100 }, (_, index) => `${index}`),
    );
    assert.ok(issuer.requests() - before <= 2, `${issuer.requests() - before} token requests`);
  });

  test('an issuer that is down for ten seconds is not noticed while the token is good', async () => {
    const connection = await connected();
    await issuer.stop();
    // The token is due for renewal, and good for another ten seconds.
    nowMs += (issuer.tokenSeconds - 10) * 1000;
    assert.equal(await echo(connection, 'still here'), 'still here');
    await issuer.start();
    nowMs += 10_000;
    issuer.revokeAll();
    assert.equal(await echo(connection, 'and after'), 'and after');
  });

  test('with an issuer that is down and a token that is not good any more, a call fails at once, and the next one is answered', async () => {
    const connection = await connected();
    await issuer.stop();
    nowMs += (issuer.tokenSeconds + 1) * 1000;
    issuer.revokeAll();
    const { code, message } = await failureOf(connection.callTool('echo', {}));
    assert.equal(code, 'unreachable');
    assert.ok(message.includes(new URL(issuer.issuer).origin), message);
    await issuer.start();
    assert.equal(await echo(connection, 'back'), 'back');
  });

  test('a scope that is not to be had is asked for once, named, and not asked for again', async () => {
    const connection = await connected();
    server.guard = (token, method) => {
      if (!token || !issuer.isGood(token)) return { status: 401, challenge: 'Bearer' };
      if (method !== 'tools/call') return undefined;
      return { status: 403, challenge: 'Bearer error="insufficient_scope", scope="write:all"' };
    };
    issuer.grantable = ['read:all'];
    const before = issuer.requests();
    for (let round = 0; round < 3; round += 1) {
      const { code, details } = await failureOf(connection.callTool('echo', {}));
      assert.equal(code, 'insufficient_scope');
      assert.deepEqual(details.missingScopes, ['write:all']);
    }
    assert.ok(issuer.requests() - before <= 2, `${issuer.requests() - before} token requests`);
  });

  test('C15: every request carries the token, those that open and end a session too', async () => {
    const seen: string[] = [];
    const connection = await connected();
    server.guard = (token, method) => {
      seen.push(`${method} ${token ? 'with' : 'without'}`);
      return undefined;
    };
    server.sessions.clear();
    await echo(connection, 'hello');
    await connection.close();
    for (const method of ['initialize', 'notifications/initialized', 'tools/call', 'DELETE'])
      assert.ok(seen.includes(`${method} with`), `${method} in ${seen}`);
    assert.ok(!seen.some((entry) => entry.endsWith('without')), `${seen}`);
  });

  test('keys of the issuer may be rotated in the middle of a session', async (t) => {
    // The server waits by the clock that nobody sets.
    const elapsedMs = performance.now.bind(performance);
    let skippedMs = 0;
    t.mock.method(performance, 'now', () => elapsedMs() + skippedMs);
    const [port = 0] = await freePorts(1);
    const audience = `http://localhost:${port}/mcp`;
    const signer = await createSigningIssuer(audience);
    const ours = await startTestServer({ PORT: String(port), AUTH_ISSUER: signer.issuer, AUTH_AUDIENCE: audience });
    try {
      let token = await signer.sign();
      let renewals = 0;
      const credential = { kind: 'bearer', token: 'unused' } as const;
      const source: TokenSource = Object.assign(createTokenSource({ serverUrl: ours.url, credential }), {
        current: async () => token,
        renew: async () => {
          renewals += 1;
          token = await signer.sign();
          return token;
        },
        authorize: async (_request: unknown, presented: string) => ({ authorization: `Bearer ${presented}` }),
      });
      const connection = await connectWith(source, ours.url);
      const add = async () => textOf(await connection.callTool('add', { a: 2, b: 40 }));
      assert.equal(await add(), '42');
      await signer.rotate();
      // What was signed before is still good where its key is known.
      assert.equal(await add(), '42');
      token = await signer.sign();
      // The server has just fetched the keys, and does not let tokens with unknown keys make it fetch them all the time.
      assert.equal((await failureOf(add())).code, 'login_required');
      skippedMs = 11_000;
      assert.equal(await add(), '42');
      assert.equal(renewals, 1);
      await connection.close();
    } finally {
      await ours.close();
      await signer.close();
    }
  });
});

/** However the configuration spells a client's secret. */
const CLIENT_SECRET = { clientSecret: 'secret', authentication: { kind: 'secret', secret: 'secret' } } as const;
