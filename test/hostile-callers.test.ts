// Callers with a good token and bad intentions: what they can make the server keep, read, do or log is bounded, and a
// session gives no token more than it was granted. As request → response, with notes in memory.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { EXCHANGE_LIMITS } from '../mcp-server/exchanges.ts';
import { SESSION_LIMITS } from '../mcp-server/sessions.ts';
import { ALICE, buildRequest, createTestApp, messagesOf, readMessages, verify } from './support/app.ts';

type TestApp = ReturnType<typeof createTestApp>;

const NO_NOTES = 'alice.read~add';
const CLIENT_INFO = { name: 'test', version: '1' };

async function openSession(app: TestApp, token = ALICE, capabilities: Record<string, unknown> = {}) {
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: CLIENT_INFO };
  const response = await app.send('initialize', params, { era: 'legacy', token });
  assert.equal(response.status, 200);
  await response.text();
  const headers = {
    'mcp-session-id': response.headers.get('mcp-session-id') ?? '',
    'mcp-protocol-version': '2025-11-25',
  };
  return { era: 'legacy', headers } as const;
}

/** A GET in the session: the stream of news, or what came after an event. */
function listen(app: TestApp, headers: Record<string, string>, token = ALICE): Response | Promise<Response> {
  const { url, headers: sent } = buildRequest('x', {}, { era: 'legacy', token, headers });
  return app.app.fetch(new Request(url, { headers: sent }));
}

/** Any body at all, as alice. */
function post(app: TestApp, body: string, token = ALICE): Response | Promise<Response> {
  const { url, headers } = buildRequest('x', {}, { era: 'legacy', token });
  return app.app.fetch(new Request(url, { method: 'POST', headers, body }));
}

const subscribeModern = (app: TestApp, resourceSubscriptions: string[], token = ALICE) =>
  app.send('subscriptions/listen', { notifications: { resourceSubscriptions } }, { token });

describe('what stays in memory', () => {
  test('R6.memory: a session watches a bounded number of resources with names of bounded length', async () => {
    const app = createTestApp();
    const session = await openSession(app);
    const subscribe = async (uri: string) => (await app.ask('resources/subscribe', { uri }, session)).error?.message;
    assert.match(await subscribe(`note:///${'x'.repeat(SESSION_LIMITS.maxUriLength)}`), /longer than 500 characters/);
    for (let count = 0; count < SESSION_LIMITS.maxSubscriptions; count += 1)
      assert.equal(await subscribe(`note:///${count}`), undefined);
    assert.match(await subscribe('note:///one-more'), /may watch 200 resources/);
    assert.equal(await subscribe('note:///0'), undefined, 'watched already');
    await app.ask('resources/unsubscribe', { uri: 'note:///0' }, session);
    assert.equal(await subscribe('note:///one-more'), undefined);
    await app.app.close();
  });

  test('R6.memory: what opens a session or a stream is refused when it is long', async () => {
    const app = createTestApp();
    const long = 'x'.repeat(40_000);
    const initialize = (clientInfo: object, capabilities: object) =>
      app.send(
        'initialize',
        { protocolVersion: '2025-11-25', capabilities, clientInfo: { ...CLIENT_INFO, ...clientInfo } },
        { era: 'legacy' },
      );
    for (const response of [
      await initialize({ name: long }, {}),
      await initialize({ websiteUrl: long }, {}),
      await initialize({}, { experimental: { x: { y: long } } }),
      await subscribeModern(app, [`note:///${long}`]),
    ]) {
      assert.equal(response.status, 400);
      assert.equal(response.headers.get('mcp-session-id'), null);
      assert.equal((await response.json()).error.code, -32_602);
    }
    await app.app.close();
  });

  test('R6.memory: a principal has a bounded number of open streams, and another one is not in its way', async () => {
    const app = createTestApp();
    const streams = [];
    for (let count = 0; count < EXCHANGE_LIMITS.maxStanding; count += 1) {
      const stream = await subscribeModern(app, ['note:///x']);
      assert.equal(stream.status, 200);
      streams.push(stream);
    }
    const refused = await subscribeModern(app, ['note:///x']);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '30');
    const other = await subscribeModern(app, ['note:///x'], 'bob.read~notes');
    assert.equal(other.status, 200);
    assert.equal((await app.call('add', { a: 2, b: 40 })).structuredContent.result, 42, 'calls go on');
    await streams[0]?.body?.cancel();
    assert.equal((await subscribeModern(app, ['note:///x'])).status, 200);
    await app.app.close();
  });

  test('R6.memory: calls that a session leaves open are bounded, by number and by size', async () => {
    const app = createTestApp();
    const { id } = (await app.call('create_note', { title: 'Milk' })).structuredContent;
    const session = await openSession(app, ALICE, { elicitation: {} });
    const ask = async (requestId: number, more = {}) => {
      const request = buildRequest('tools/call', { name: 'delete_note', arguments: { id, ...more } }, session);
      const body = JSON.stringify({ ...(await request.json()), id: requestId });
      const headers = { ...Object.fromEntries(request.headers), 'content-length': String(body.length) };
      return app.app.fetch(new Request(request.url, { method: 'POST', headers, body }));
    };
    // The client hangs up, and the question stays open.
    const open = async (requestId: number, more = {}) => {
      const response = await ask(requestId, more);
      if (response.status === 200) for await (const message of readMessages(response)) if ('method' in message) break;
      return response.status;
    };
    const large = { padding: 'x'.repeat(700_000) };
    assert.deepEqual([await open(1, large), await open(2, large)], [200, 429]);
    for (let count = 2; count <= SESSION_LIMITS.maxOpenRequests; count += 1) assert.equal(await open(count), 200);
    assert.equal(await open(1_000), 429);
    const cancel = buildRequest('notifications/cancelled', { requestId: 1 }, session);
    const { id: _id, ...notification } = await cancel.json();
    const init = { method: 'POST', headers: cancel.headers, body: JSON.stringify(notification) };
    assert.equal((await app.app.fetch(new Request(cancel.url, init))).status, 202);
    assert.equal(await open(1_001), 200, 'one that was called off makes room');
    await app.app.close();
  });
});

describe('what is read and run', () => {
  test('R6.unread: nothing of a body without a length is read for a token that is not good', async () => {
    const app = createTestApp({}, async () => ({ ok: false, fault: 'signature', hint: '' }));
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulls += 1;
          controller.enqueue(new Uint8Array(1_000));
        },
      },
      { highWaterMark: 0 },
    );
    const { url, headers } = buildRequest('x', {});
    // `duplex` is what Node wants of a stream and what its types do not know.
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    assert.equal((await app.app.fetch(new Request(url, init))).status, 401);
    assert.equal(pulls, 0);
  });

  test('S13.rate: a batch costs as many requests as it has messages', async () => {
    const app = createTestApp({ RATE_LIMIT_PER_MINUTE: '10' });
    const batch = JSON.stringify(Array.from({ length: 50 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' })));
    const first = await post(app, batch);
    await first.text();
    const second = await post(app, batch);
    assert.equal(second.status, 429);
    assert.ok(Number(second.headers.get('retry-after')) > 60);
    assert.equal((await app.send('tools/list')).status, 429);
  });

  test('R6.turns: a body of many calls lets the calls of others through in between', async () => {
    const app = createTestApp();
    const call = (id: number) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'create_note', arguments: { title: `Note ${id}` } },
    });
    const batch = await post(app, JSON.stringify(Array.from({ length: 40 }, (_, id) => call(id))));
    const bob = app.call('subtract', { a: 2, b: 1 }, { token: 'bob' });
    assert.equal((await messagesOf(batch)).length, 40);
    assert.equal((await bob).structuredContent.result, 1);
    const subjects = app.log().flatMap(({ event, subject }) => (event === 'tool-call' ? [subject] : []));
    assert.equal(subjects.length, 41);
    assert.ok(subjects.indexOf('bob') < 20, `after ${subjects.indexOf('bob')} calls of the other`);
  });

  test('S13.rate: principals whose names join to the same text are not limited together', async () => {
    const app = createTestApp({ RATE_LIMIT_PER_MINUTE: '1' }, async (token) => {
      const [subject = '', clientId = ''] = token.replaceAll('.', ' ').split('~');
      const principal = { issuer: 'https://issuer.example', subject, clientId, scopes: [], expiresAt: 4e9 };
      // Only a check makes principals; a test of what comes after it has to pretend.
      return { ok: true, principal: principal as never };
    });
    const status = async (token: string) => (await app.send('tools/list', {}, { token })).status;
    // Joined by spaces, both were one name: `a b c`.
    assert.deepEqual([await status('a~b.c'), await status('a~b.c'), await status('a.b~c')], [200, 429, 200]);
  });

  test('S13.shape: a message whose method or id is no name is 400, and none is 500', async () => {
    const app = createTestApp();
    for (const part of [{ method: {} }, { method: { toString: 1 } }, { id: {} }, { id: { toString: 1 } }, { id: [] }]) {
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', ...part };
      for (const body of [message, [message]]) {
        const response = await post(app, JSON.stringify(body));
        assert.equal(response.status, 400, JSON.stringify(part));
        assert.equal((await response.json()).error.code, -32_600);
      }
    }
    assert.doesNotMatch(app.logText(), /request-failed/);
  });
});

describe('what a tool gives', () => {
  test('R9.tool, S4: a tool finds the token nowhere in what it is given', async () => {
    let seen = '';
    const app = createTestApp(
      {},
      () => verify('alice'),
      (add) =>
        add({
          name: 'spy',
          scopes: [],
          run: (context) => {
            seen = inspect(context, { depth: 20, showHidden: true, getters: true });
            return {};
          },
        }),
    );
    for (const era of ['modern', 'legacy'] as const)
      assert.ok(!(await app.call('spy', {}, { era, token: 'secret-token-value' })).isError);
    assert.match(seen, /alice/);
    assert.doesNotMatch(seen, /secret-token-value|Bearer|authorization/i);
    await app.app.close();
  });

  test('S13.outputs: a failure that nobody foresaw says nothing of its cause to the caller, and all to the log', async () => {
    const app = createTestApp({}, undefined, (add) =>
      add({
        name: 'fail',
        scopes: [],
        run: () => {
          throw new RangeError('cannot open /home/someone/file');
        },
      }),
    );
    for (const era of ['modern', 'legacy'] as const) {
      const result = await app.call('fail', {}, { era });
      assert.equal(result.isError, true);
      assert.deepEqual(result.content, [{ type: 'text', text: 'The tool failed. The server has logged why.' }]);
    }
    assert.match(app.logText(), /cannot open \/home\/someone\/file/);
    await app.app.close();
  });
});

describe('what a session gives', () => {
  test('S5, R3.missing: watching a note needs what reading it needs, alone and in a batch', async () => {
    const app = createTestApp();
    const session = await openSession(app);
    const subscribe = (token: string) => app.send('resources/subscribe', { uri: 'note:///x' }, { ...session, token });
    const refused = await subscribe(NO_NOTES);
    assert.equal(refused.status, 403);
    assert.match(
      refused.headers.get('www-authenticate') ?? '',
      /^Bearer error="insufficient_scope".*scope="read:notes", resource_metadata="http:/,
    );
    const message = { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'note:///x' } };
    const { url, headers } = buildRequest('x', {}, { ...session, token: NO_NOTES });
    const body = JSON.stringify([{ jsonrpc: '2.0', id: 2, method: 'ping' }, message]);
    assert.equal((await app.app.fetch(new Request(url, { method: 'POST', headers, body }))).status, 403);
    assert.equal((await subscribe(ALICE)).status, 200);
    await app.app.close();
  });

  test('R8.replay: results are not replayed to a token without the scope that they needed', async () => {
    const app = createTestApp();
    const { id } = (await app.call('create_note', { title: 'Private', body: 'for readers only' })).structuredContent;
    const session = await openSession(app, ALICE);
    const text = await (await app.send('tools/call', { name: 'read_note', arguments: { id } }, session)).text();
    assert.match(text, /for readers only/);
    const lastEventId = /^id: (.+)$/m.exec(text)?.[1] ?? '';
    const resume = (token: string) => listen(app, { ...session.headers, 'last-event-id': lastEventId }, token);
    const refused = await resume(NO_NOTES);
    assert.equal(refused.status, 403);
    assert.match(
      refused.headers.get('www-authenticate') ?? '',
      /^Bearer error="insufficient_scope".*scope="[^"]*read:notes[^"]*", resource_metadata="http:/,
    );
    assert.doesNotMatch(await refused.text(), /readers/);
    assert.match(await (await resume(ALICE)).text(), /for readers only/, 'the token that asked gets it');
    await app.app.close();
  });

  test('R8.replay: news of notes do not go to a stream of a token that may not read them', async () => {
    const app = createTestApp();
    const { id } = (await app.call('create_note', { title: 'Milk' })).structuredContent;
    const uri = `note:///${id}`;
    const session = await openSession(app, NO_NOTES);
    const weak = await listen(app, session.headers, NO_NOTES);
    assert.equal(weak.status, 200);
    assert.deepEqual((await app.ask('resources/subscribe', { uri }, session)).result, {});
    await app.call('update_note', { id, version: 1, body: 'x' });
    // The stream has ended: the session does more by now than the token that it was opened with.
    assert.doesNotMatch(JSON.stringify(await messagesOf(weak)), /note:|list_changed/);
    assert.equal((await listen(app, session.headers, NO_NOTES)).status, 403);
    const strong = readMessages(await listen(app, session.headers));
    await app.call('update_note', { id, version: 2, body: 'y' });
    assert.equal((await strong.next()).value.params.uri, uri);
    await app.app.close();
  });
});

describe('what gets into the log', () => {
  test('R10.content: what a person answered does not, nor what a note is called, whatever goes wrong', async () => {
    const app = createTestApp();
    const { id } = (await app.call('create_note', { title: 'Diary of Alice' })).structuredContent;
    const session = await openSession(app, ALICE, { elicitation: {} });
    const say = async (message: Record<string, unknown>) => {
      const { url, headers } = buildRequest('x', {}, session);
      const init = { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) };
      return app.app.fetch(new Request(url, init));
    };
    const private_ = { action: 'accept', content: { confirm: true, name: 'my-private-answer' } };
    // Answers to a question that nobody asked, or that was answered already.
    await say({ id: 'none', result: private_ });
    await say({ id: 7, error: { code: 1, message: 'my-private-answer' } });
    await say({ method: 'notifications/progress', params: { progressToken: 'my-private-answer', progress: 1 } });
    await say({ method: 'notifications/my-private-answer' });
    await say({ id: 8, method: 'my-private-answer' });
    await say({ id: 9, method: 'tools/call', params: { name: 'my-private-answer', arguments: {} } });
    await app.call('delete_note', { id });
    await app.call('read_note', { id: 'my-private-answer' });
    await app.ask('tools/call', { name: 'my-private-answer', arguments: {} });
    assert.match(app.logText(), /mcp-request-rejected/);
    assert.doesNotMatch(app.logText(), /my-private-answer|Diary of Alice/);
    await app.app.close();
  });
});
