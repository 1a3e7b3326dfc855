import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { type EndpointServer, startEndpointServer, TOKEN_SECONDS, tokenOf } from '../test/support/endpoint-server.ts';
import { SESSION_LIMITS } from './sessions.ts';

const INITIALIZE = {
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '0' } },
};
const callOf = (name: string, id: number | string = 1) => ({
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
});

/** Some tests wait for an end that a server which is broken never brings. */
const BOUNDED = { timeout: 30_000 };

interface Sent {
  readonly token?: string;
  readonly session?: string | undefined;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

function send(server: EndpointServer, body: unknown, sent: Sent = {}): Promise<Response> {
  const withVersion = (message: unknown) => ({ jsonrpc: '2.0', ...(message as object) });
  const json = Array.isArray(body) ? body.map(withVersion) : withVersion(body);
  return fetch(server.url, {
    method: sent.method ?? 'POST',
    headers: {
      authorization: `Bearer ${sent.token ?? tokenOf('alice')}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(sent.session === undefined ? {} : { 'mcp-session-id': sent.session }),
      ...sent.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(json) }),
  });
}

async function open(server: EndpointServer, token?: string): Promise<string> {
  const response = await send(server, { id: 0, ...INITIALIZE }, token === undefined ? {} : { token });
  await response.text();
  const session = response.headers.get('mcp-session-id') ?? '';
  assert.equal(response.status, 200);
  assert.match(session, /^[0-9a-f-]{36}$/);
  return session;
}

/** A server of this test alone; it ends with the test, also where that fails in the middle. */
async function start(t: TestContext, options?: Parameters<typeof startEndpointServer>[0]): Promise<EndpointServer> {
  const server = await startEndpointServer(options);
  t.after(() => server.close());
  return server;
}

/** Status of a ping in a session. */
async function ping(server: EndpointServer, session: string, token?: string): Promise<number> {
  const response = await send(server, { id: 9, method: 'ping' }, { session, ...(token ? { token } : {}) });
  await response.text();
  return response.status;
}

describe('sessions of clients of 2025-11-25 and earlier', () => {
  let server: EndpointServer;
  before(async () => {
    server = await startEndpointServer();
  });
  after(() => server.close());

  test('R8.session: belong to the principal that opened them: for another one they do not exist, whatever the method', async () => {
    const session = await open(server, tokenOf('alice'));
    const answerTo = async (sent: Sent) => {
      const response = await send(server, sent.method ? undefined : { id: 1, method: 'ping' }, sent);
      const { status } = response;
      return { status, body: await response.text(), headers: [...response.headers.keys()] };
    };
    for (const method of [undefined, 'GET', 'DELETE'])
      for (const token of [tokenOf('mallory'), tokenOf('alice', 'client-2')]) {
        const own = method === undefined ? {} : { method };
        const foreign = await answerTo({ token, session, ...own });
        assert.equal(foreign.status, 404);
        assert.deepEqual(foreign, await answerTo({ token, session: crypto.randomUUID(), ...own }));
      }
    assert.equal(await ping(server, session), 200, 'and it lives on');
  });

  test('end by DELETE', async () => {
    const session = await open(server);
    assert.equal((await send(server, undefined, { method: 'DELETE', session })).status, 200);
    assert.equal(await ping(server, session), 404);
  });

  test('hold the scope gate for every request of a batch, with the token of each request', async () => {
    const session = await open(server, tokenOf('alice', 'client-1', 'use:guarded'));
    const withScope = { session, token: tokenOf('alice', 'client-1', 'use:guarded') };
    const without = { session, token: tokenOf('alice') };
    const allowed = await send(server, callOf('guarded'), withScope);
    assert.equal(allowed.status, 200);
    await allowed.text();
    for (const body of [callOf('guarded'), [callOf('test_simple_text', 1), callOf('guarded', 2)]]) {
      const refused = await send(server, body, without);
      assert.equal(refused.status, 403);
      assert.match(refused.headers.get('www-authenticate') ?? '', /insufficient_scope.*scope="use:guarded"/);
    }
  });

  test('do not weaken the gate by headers that name another tool or another revision', async () => {
    const session = await open(server);
    const named = { 'mcp-method': 'tools/call', 'mcp-name': 'test_simple_text' };
    assert.equal((await send(server, callOf('guarded'), { session, headers: named })).status, 403);
    for (const withSession of [{ session }, {}]) {
      const headers = { ...named, 'mcp-protocol-version': '2026-07-28' };
      assert.equal((await send(server, callOf('guarded'), { ...withSession, headers })).status, 400);
    }
    assert.equal((await send(server, callOf('guarded'), { headers: named })).status, 403, 'without a session');
  });

  test('are for those who initialize; a call without a session is answered for itself', async () => {
    const response = await send(server, callOf('test_simple_text'));
    assert.equal(response.headers.get('mcp-session-id'), null);
    assert.match(await response.text(), /simple text response/);
    assert.equal((await send(server, undefined, { method: 'GET' })).status, 405);
    assert.equal((await send(server, undefined, { method: 'DELETE' })).status, 405);
  });

  test('are not opened by an initialize that the transport refuses', async () => {
    const before = server.endpoint.counts().sessions;
    const response = await send(server, { id: 0, ...INITIALIZE }, { headers: { accept: 'application/json' } });
    assert.equal(response.status, 406);
    assert.equal(server.endpoint.counts().sessions, before);
  });
});

test('S9.capability: a tool that needs what the client did not declare is 400 with what is missing', async (t) => {
  const server = await start(t);
  const call = (capabilities: Record<string, unknown>) =>
    send(
      server,
      {
        id: 1,
        method: 'tools/call',
        params: {
          name: 'test_input_required_result_elicitation',
          arguments: {},
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientCapabilities': capabilities,
          },
        },
      },
      {
        headers: {
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': 'test_input_required_result_elicitation',
        },
      },
    );
  const refused = await call({});
  assert.equal(refused.status, 400);
  const { error } = await refused.json();
  assert.equal(error.code, -32_021);
  assert.ok('elicitation' in error.data.requiredCapabilities);
  const asked = await call({ elicitation: {} });
  assert.equal(asked.status, 200);
  await asked.text();
});

describe('limits of sessions', BOUNDED, () => {
  const limits = { ...SESSION_LIMITS, maxPerPrincipal: 2, maxTotal: 3 };

  test('an idle one ends, one in use does not', async (t) => {
    const server = await start(t);
    const idle = await open(server);
    const used = await open(server);
    server.clock.advance(SESSION_LIMITS.idleTtlMs - 1);
    assert.equal(await ping(server, used), 200);
    server.clock.advance(1);
    assert.equal(await ping(server, idle), 404);
    assert.equal(await ping(server, used), 200);
  });

  test('a principal that has too many loses the one that was idle longest, and nobody else does', async (t) => {
    const server = await start(t, { sessionLimits: limits });
    const others = await open(server, tokenOf('bob'));
    const [first, second] = [await open(server), await open(server)];
    server.clock.advance(1_000);
    await ping(server, first);
    const third = await open(server);
    assert.deepEqual(
      [await ping(server, first), await ping(server, second), await ping(server, third)],
      [200, 404, 200],
    );
    assert.equal(await ping(server, others, tokenOf('bob')), 200);
    assert.equal(server.endpoint.counts().sessions, 3);
  });

  test('when all are busy the next one is told to wait: 429 for too many of one principal, 503 for too many', async (t) => {
    const server = await start(t, { sessionLimits: { ...limits, maxTotal: 2 } });
    const listen = async (token: string) => {
      const session = await open(server, token);
      return send(server, undefined, { method: 'GET', session, token });
    };
    const streams = [await listen(tokenOf('alice')), await listen(tokenOf('alice'))];
    const refusal = async (token: string) => {
      const response = await send(server, { id: 0, ...INITIALIZE }, { token });
      return [response.status, response.headers.get('retry-after')];
    };
    assert.deepEqual(await refusal(tokenOf('alice')), [429, '30']);
    assert.deepEqual(await refusal(tokenOf('bob')), [503, '30']);
    assert.deepEqual(server.endpoint.counts(), { sessions: 2, streams: 2 });
    await server.close();
    for (const stream of streams) await stream.text();
  });
});

describe('streams', BOUNDED, () => {
  const MODERN = {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  };
  const subscribe = (server: EndpointServer, token = tokenOf('alice')) =>
    send(
      server,
      {
        id: 1,
        method: 'subscriptions/listen',
        params: {
          ...MODERN,
          notifications: { toolsListChanged: true, resourceSubscriptions: ['test://watched-resource'] },
        },
      },
      { token, headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' } },
    );

  test('R6.stream: end with the token they were opened with, in both generations, and their session stays', async (t) => {
    const server = await start(t);
    const session = await open(server);
    const standing = await send(server, undefined, { method: 'GET', session });
    const call = await send(server, callOf('wait'), { session });
    const subscription = await subscribe(server);
    assert.equal(server.endpoint.counts().streams, 3);
    server.clock.advance((TOKEN_SECONDS + 5) * 1000);
    for (const stream of [standing, call, subscription]) await stream.text();
    assert.equal(server.endpoint.counts().streams, 0);
    assert.equal(await ping(server, session), 200);
  });

  test('that wait for news end first when the server stops', async (t) => {
    const server = await start(t);
    const session = await open(server);
    const standing = await send(server, undefined, { method: 'GET', session });
    const subscription = await subscribe(server);
    const call = await send(server, callOf('wait'), { session });
    await server.waiting;
    server.endpoint.endStandingStreams();
    assert.match(await subscription.text(), /acknowledged/);
    await standing.text();
    assert.equal(server.endpoint.counts().streams, 1);
    await server.close();
    await call.text();
    await server.cancelled;
  });

  test('carry the news of one subject to its own clients only', async (t) => {
    const server = await start(t);
    const [alice, bob] = [await subscribe(server), await subscribe(server, tokenOf('bob'))];
    server.changes.publish(
      { kind: 'resource_updated', uri: 'test://watched-resource' },
      JSON.stringify(['https://issuer.example', 'alice']),
    );
    server.endpoint.endStandingStreams();
    assert.match(await alice.text(), /resources\/updated/);
    assert.doesNotMatch(await bob.text(), /resources\/updated/);
  });
});

describe('cancellation reaches the tool', BOUNDED, () => {
  test('when a client of 2026-07-28, or one without a session, hangs up', async (t) => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'wait' };
    for (const modern of [true, false]) {
      const server = await start(t);
      const hangUp = new AbortController();
      const call = fetch(server.url, {
        method: 'POST',
        signal: hangUp.signal,
        headers: {
          authorization: `Bearer ${tokenOf('alice')}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          ...(modern ? headers : {}),
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'wait', arguments: {}, ...(modern ? { _meta: meta } : {}) },
        }),
      }).then((response) => response.text());
      await server.waiting;
      hangUp.abort();
      await assert.rejects(call, { name: 'AbortError' });
      await server.cancelled;
    }
  });

  test('when a client says so in a session, or ends the session', async (t) => {
    for (const end of ['notification', 'delete']) {
      const server = await start(t);
      const session = await open(server);
      const call = await send(server, callOf('wait', 'call-1'), { session });
      await server.waiting;
      if (end === 'delete') await send(server, undefined, { method: 'DELETE', session });
      else await send(server, { method: 'notifications/cancelled', params: { requestId: 'call-1' } }, { session });
      await server.cancelled;
      await call.body?.cancel();
    }
  });
});
