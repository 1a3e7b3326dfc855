// What a connection survives, and how fast it fails where it cannot: over real HTTP, against servers that behave badly.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import { createTokenSource, type TokenSource } from '../agent/auth/token-source.ts';
import { AgentError } from '../agent/errors.ts';
import { type ConnectionOptions, connect, type McpConnection } from '../agent/mcp/connection.ts';
import { serverAt } from '../agent/mcp-file.ts';
import {
  ECHO_TOOL,
  type Era,
  type ScriptedCall,
  type ScriptedOptions,
  type ScriptedServer,
  startScriptedServer,
  textOf,
} from './support/scripted-mcp-server.ts';

const ERAS: readonly Era[] = ['legacy', 'modern'];
/** What a person would still call at once. */
const AT_ONCE_MS = 2000;

describe('a connection', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });
  const scripted = async (options?: ScriptedOptions) => {
    const server = await startScriptedServer(options);
    cleanups.push(server.stop);
    return server;
  };
  const connectTo = async (server: { readonly url: string }, options: ConnectionOptions = {}) => {
    const connection = await connect(serverAt(server.url, 'test'), options);
    cleanups.push(connection.close);
    return connection;
  };
  const echo = async (connection: McpConnection, text: string) => textOf(await connection.callTool('echo', { text }));
  const failureOf = async (call: Promise<unknown>) => {
    const startedAtMs = performance.now();
    const error: unknown = await call.then(
      () => assert.fail('It answered.'),
      (reason) => reason,
    );
    assert.ok(error instanceof AgentError, String(error));
    return { code: error.code, message: error.message, isFast: performance.now() - startedAtMs < AT_ONCE_MS };
  };

  for (const era of ERAS) {
    test(`${era}: a server that was restarted between two calls is called as if nothing had happened`, async () => {
      const server = await scripted({ era });
      const connection = await connectTo(server);
      assert.equal(await echo(connection, 'before'), 'before');
      await server.stop();
      await server.start();
      assert.equal(await echo(connection, 'after'), 'after');
    });

    test(`${era}: a call to a server that is down succeeds if it comes back soon`, async () => {
      const server = await scripted({ era });
      const refused: number[] = [];
      const back = Promise.withResolvers<void>();
      const fetch = async (url: string | URL, init?: RequestInit) => {
        try {
          return await globalThis.fetch(url, init);
        } catch (error) {
          refused.push(1);
          if (refused.length === 2) server.start().then(back.resolve, back.reject);
          throw error;
        }
      };
      const connection = await connectTo(server, { tokens: noTokens(), fetch });
      await server.stop();
      assert.equal(await echo(connection, 'hello'), 'hello');
      await back.promise;
    });

    test(`${era}: a call to a server that stays down fails as unreachable within two seconds`, async () => {
      const server = await scripted({ era });
      const connection = await connectTo(server, { tokens: noTokens(), retryDelaysMs: [50, 100] });
      await server.stop();
      const { code, isFast } = await failureOf(connection.callTool('echo', {}));
      assert.equal(code, 'unreachable');
      assert.ok(isFast);
    });

    for (const [how, die] of [
      [
        'is killed',
        async (call: ScriptedCall, server: ScriptedServer) => {
          call.stream();
          await server.stop();
        },
      ],
      [
        'ends the stream without an answer',
        async (call: ScriptedCall) => {
          call.stream();
          call.end();
        },
      ],
      [
        'breaks off after a first sign of life',
        async (call: ScriptedCall) => {
          call.stream();
          call.send({ method: 'notifications/message', params: { level: 'info', data: 'working' } });
          call.cut();
        },
      ],
      ['dies before it has answered at all', async (call: ScriptedCall) => call.cut()],
    ] as const)
      test(`${era}: a call whose server ${how} fails within two seconds and is not repeated`, async () => {
        const server = await scripted({ era });
        server.onCall = (call) => void die(call, server);
        const connection = await connectTo(server, { tokens: noTokens(), retryDelaysMs: [50, 100] });
        const { code, message, isFast } = await failureOf(connection.callTool('echo', {}));
        assert.equal(code, 'unreachable', message);
        assert.ok(isFast, message);
        assert.equal(server.seen.filter((method) => method === 'tools/call').length, 1);
      });

    test(`${era}: a call that may be repeated is, once its connection is lost`, async () => {
      const server = await scripted({ era });
      let calls = 0;
      server.onCall = (call) => {
        calls += 1;
        if (calls > 1) return call.answer({ content: [{ type: 'text', text: `call ${calls}` }] });
        call.stream();
        call.cut();
      };
      const connection = await connectTo(server);
      assert.equal(textOf(await connection.callTool('echo', {}, { isRepeatable: true })), 'call 2');
    });

    test(`${era}: progress is told as it comes`, async () => {
      const server = await scripted({ era });
      const connection = await connectTo(server);
      server.onCall = (call) => {
        call.stream();
        for (const progress of [1, 2, 3])
          call.send({
            method: 'notifications/progress',
            params: { progressToken: call.meta['progressToken'], progress, total: 3, message: `step ${progress}` },
          });
        call.finish({ content: [] });
      };
      const steps: unknown[] = [];
      await connection.callTool(
        'echo',
        {},
        { onProgress: ({ progress, total }) => void steps.push([progress, total]) },
      );
      assert.deepEqual(steps, [
        [1, 3],
        [2, 3],
        [3, 3],
      ]);
    });

    test(`${era}: silence ends a call, and the server hears of it`, async () => {
      const server = await scripted({ era });
      const connection = await connectTo(server, { limits: { idleMs: 100 } });
      const cancelled = once(server.events, 'notifications/cancelled');
      let gone: Promise<unknown> = Promise.resolve();
      server.onCall = (call) => {
        call.stream();
        gone = call.gone;
      };
      const { code, message } = await failureOf(connection.callTool('echo', {}));
      assert.equal(code, 'tool_failed');
      assert.match(message, /gave no answer within/);
      await (era === 'legacy' ? cancelled : gone);
    });

    test(`${era}: cancelling a call reaches the server`, async () => {
      const server = await scripted({ era });
      const connection = await connectTo(server);
      const started = once(server.events, 'tools/call');
      // The revisions up to 2025-11-25 send a notification, 2026-07-28 closes the stream.
      const cancelled = once(server.events, 'notifications/cancelled');
      server.onCall = (call) => call.stream();
      const abort = new AbortController();
      const call = connection.callTool('echo', {}, { signal: abort.signal });
      const [{ gone }] = await started;
      abort.abort(new Error('enough'));
      await assert.rejects(call, /enough/);
      await (era === 'legacy' ? cancelled : gone);
    });
  }

  test('fifty calls that meet a lost session share one new one', async () => {
    const server = await scripted();
    const connection = await connectTo(server);
    server.sessions.clear();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => echo(connection, `${index}`)));
    assert.deepEqual(
      answers,
      Array.from({ length: 50 }, (_, index) => `${index}`),
    );
    assert.equal(server.seen.filter((method) => method === 'initialize').length, 2);
  });

  test('a session that is lost with status 400, as the examples of the SDK do it, is taken up anew too', async () => {
    const server = await scripted({
      unknownSession: { status: 400, text: 'Bad Request: No valid session ID provided' },
    });
    const connection = await connectTo(server);
    server.sessions.clear();
    assert.equal(await echo(connection, 'hello'), 'hello');
  });

  test('a server that forgets every session at once is not asked again and again', async () => {
    const server = await scripted();
    const connection = await connectTo(server);
    const forget = () => server.sessions.clear();
    server.events.on('notifications/initialized', forget);
    server.sessions.clear();
    const { code, message } = await failureOf(connection.callTool('echo', {}));
    assert.equal(code, 'protocol_error', message);
    assert.ok(server.seen.filter((method) => method === 'initialize').length <= 3, `${server.seen}`);
  });

  test('a stream that can be taken up again is, and the call goes on', async () => {
    const server = await scripted();
    const connection = await connectTo(server);
    server.onCall = (call) => {
      call.stream();
      call.send({ method: 'notifications/message', params: { level: 'info', data: 'working' } }, 'event-1');
      // The answer comes on the stream that the client opens in its place.
      server.events.on('GET', (lastEventId) => {
        if (lastEventId === 'event-1')
          server.announce({ id: call.id, result: { content: [{ type: 'text', text: 'late' }] } });
      });
      call.cut();
    };
    assert.equal(textOf(await connection.callTool('echo', {})), 'late');
  });

  test('a stream that could be taken up again, but for a server that is gone, fails its call within two seconds', async () => {
    const server = await scripted();
    const connection = await connectTo(server);
    server.onCall = (call) => {
      call.stream();
      call.send({ method: 'notifications/message', params: { level: 'info', data: 'working' } }, 'event-1');
      server.events.once('GET', () => void server.stop());
      call.cut();
    };
    const { code, isFast } = await failureOf(connection.callTool('echo', {}));
    assert.equal(code, 'unreachable');
    assert.ok(isFast);
  });

  test('closing ends the session at the server', async () => {
    const server = await scripted();
    const connection = await connectTo(server);
    await connection.close();
    assert.equal(server.sessions.size, 0);
    await assert.rejects(connection.callTool('echo', {}), { code: 'unreachable' });
  });

  test('closing does not wait for a server that is gone', async () => {
    const server = await scripted();
    const connection = await connectTo(server);
    await server.stop();
    await connection.close();
  });

  test('a change of tools is told, on the stream that the client keeps open', async () => {
    const server = await scripted();
    const changed = Promise.withResolvers<void>();
    const opened = once(server.events, 'GET');
    const connection = await connectTo(server, { onToolsChanged: changed.resolve });
    await opened;
    server.tools = [ECHO_TOOL, { ...ECHO_TOOL, name: 'second' }];
    server.announce({ method: 'notifications/tools/list_changed' });
    await changed.promise;
    assert.deepEqual(
      (await connection.listTools()).map(({ name }) => name),
      ['echo', 'second'],
    );
  });

  test('when the stream that brings news is lost, that counts as news, and the next one is opened', async () => {
    const server = await scripted();
    const lost = Promise.withResolvers<void>();
    const opened = once(server.events, 'GET');
    const connection = await connectTo(server, { onToolsChanged: lost.resolve, minStreamLifeMs: 0 });
    await opened;
    await server.stop();
    await lost.promise;
    await server.start();
    const openedAgain = once(server.events, 'GET');
    assert.equal(await echo(connection, 'hello'), 'hello');
    await openedAgain;
  });

  test('a server that ends every such stream at once is not asked for one again and again', async () => {
    const server = await scripted();
    server.events.on('GET', () => server.cutOwnStreams());
    const connection = await connectTo(server, { onToolsChanged: () => assert.fail('That is no news.') });
    for (let call = 0; call < 5; call += 1) await echo(connection, 'hello');
    assert.equal(server.seen.filter((method) => method === 'initialize').length, 1);
  });

  test('a message of more than 16 MB is refused, not read', async () => {
    const server = await scripted({ era: 'modern' });
    const connection = await connectTo(server);
    const text = 'x'.repeat(17 * 1024 * 1024);
    server.onCall = (call) => {
      if (call.args['streams'] !== true) return call.answer({ content: [{ type: 'text', text }] });
      call.stream();
      call.finish({ content: [{ type: 'text', text }] });
    };
    for (const streams of [true, false])
      assert.match((await failureOf(connection.callTool('echo', { streams }))).message, /more than 16777216 bytes/);
  });

  test('a server that offers nothing is asked for nothing', async () => {
    const server = await scripted({ era: 'modern', capabilities: {} });
    const connection = await connectTo(server);
    assert.deepEqual(
      [await connection.listTools(), await connection.listPrompts(), await connection.listResources()],
      [[], [], []],
    );
    assert.deepEqual(await connection.complete({ type: 'ref/prompt', name: 'x' }, { name: 'y', value: '' }), []);
    assert.deepEqual(server.seen, ['server/discover']);
  });
});

/** For a server that wants no tokens. */
function noTokens(): TokenSource {
  const refuse = async () => assert.fail('No token was to be asked for.');
  const credential = { kind: 'bearer', token: 'unused' } as const;
  const source = createTokenSource({ serverUrl: 'http://localhost:1/mcp', credential });
  return { ...source, current: async () => undefined, renew: refuse, stepUp: refuse };
}
