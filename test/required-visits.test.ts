// A server that wants a page to be visited before it takes a call: asked for one by one, called once more, and never without
// a yes.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { connect } from '../agent/mcp/connection.ts';
import type { ElicitationAnswer, ElicitationRequest, Elicitor } from '../agent/mcp/elicitation.ts';
import { serverAt } from '../agent/mcp-file.ts';
import { type ScriptedServer, startScriptedServer, textOf } from './support/scripted-mcp-server.ts';

const PAGE = {
  mode: 'url',
  url: 'https://shop.example/connect?id=1',
  message: 'Connect your account.',
  elicitationId: 'e-1',
};

describe('a page that a call needs visited', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  /** @param refusals how many calls are refused before one is taken */
  async function open(elicit: Elicitor | undefined, elicitations: unknown = [PAGE], refusals = 1) {
    const server = await startScriptedServer();
    cleanups.push(server.stop);
    let calls = 0;
    server.onCall = (call) => {
      calls += 1;
      if (calls > refusals) return call.answer({ content: [{ type: 'text', text: 'bought' }] });
      call.stream();
      call.send({ id: call.id, error: { code: -32042, message: 'Visit first', data: { elicitations } } });
      call.end();
    };
    const connection = await connect(serverAt(server.url, 'shop'), { elicit });
    cleanups.push(connection.close);
    return {
      server,
      call: (signal?: AbortSignal) => connection.callTool('buy', {}, signal ? { signal } : {}),
      calls: () => calls,
    };
  }
  function person(...answers: ElicitationAnswer['action'][]) {
    const asked: ElicitationRequest[] = [];
    const elicit: Elicitor = async (request) => {
      asked.push(request);
      return { action: answers[asked.length - 1] ?? 'cancel' };
    };
    return { asked, elicit };
  }

  test('is put to the person, who says when it is done; then the call is made once more', async () => {
    const { asked, elicit } = person('accept', 'accept');
    const { call, calls } = await open(elicit);
    assert.equal(textOf(await call()), 'bought');
    assert.equal(calls(), 2);
    assert.deepEqual(asked[0], { mode: 'url', server: 'shop', message: 'Connect your account.', url: PAGE.url });
    assert.deepEqual([asked[1]?.mode, asked[1]?.message], ['form', 'Are you done on that page?']);
  });

  test('is done as soon as the server says so', async () => {
    let server: ScriptedServer | undefined;
    const opened = await open(async (request, signal) => {
      if (request.mode === 'url') return { action: 'accept' };
      const ended = new Promise<never>((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      );
      // One of another visit says nothing.
      for (const elicitationId of ['e-2', PAGE.elicitationId])
        server?.announce({ method: 'notifications/elicitation/complete', params: { elicitationId } });
      return await ended;
    });
    server = opened.server;
    assert.equal(textOf(await opened.call()), 'bought');
    assert.equal(opened.calls(), 2);
  });

  test('is not opened without a yes, and the call is then refused', async () => {
    for (const answers of [['decline'], ['cancel'], ['accept', 'decline']] as const) {
      const { asked, elicit } = person(...answers);
      const { call, calls } = await open(elicit);
      await assert.rejects(call(), { code: 'tool_refused', message: /buy was not called: shop wants a page/ });
      assert.deepEqual([calls(), asked.length], [1, answers.length]);
    }
  });

  test('is named where nobody can be asked', async () => {
    const { call, calls } = await open(undefined);
    await assert.rejects(call(), {
      code: 'tool_failed',
      message: /shop wants a visit to https:\/\/shop\.example\/connect\?id=1 \("Connect your account\."\).*try again/,
    });
    assert.equal(calls(), 1);
  });

  test('is asked for once: a server that is not content with it gets no third call', async () => {
    const { asked, elicit } = person('accept', 'accept', 'accept', 'accept');
    const { call, calls } = await open(elicit, [PAGE], 5);
    await assert.rejects(call(), { code: 'tool_failed', message: /was not enough/ });
    assert.deepEqual([calls(), asked.length], [2, 2]);
  });

  test('is neither opened nor shown when no browser may go there', async () => {
    for (const url of [
      'http://shop.example/',
      'javascript:alert(1)',
      'file:///etc/passwd',
      'https://a:b@shop.example/',
    ]) {
      const { asked, elicit } = person('accept', 'accept');
      const { call } = await open(elicit, [{ ...PAGE, url }]);
      await assert.rejects(call(), { code: 'tool_failed', message: /neither https nor on this machine/ });
      assert.equal(asked.length, 0, url);
      const alone = await open(undefined, [{ ...PAGE, url }]);
      await assert.rejects(alone.call(), (error: Error) => !error.message.includes(url));
    }
  });

  test('is not one of many, and has what the protocol says', async () => {
    for (const elicitations of [
      [],
      Array(4).fill(PAGE),
      [{ ...PAGE, url: 7 }],
      [{ url: PAGE.url, message: '' }],
      'x',
    ]) {
      const { asked, elicit } = person('accept', 'accept');
      const { call, calls } = await open(elicit, elicitations);
      await assert.rejects(call(), { code: 'protocol_error' });
      assert.deepEqual([asked.length, calls()], [0, 1]);
    }
  });

  test('ends with the call that it is for', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { call } = await open(async (_request, signal) => {
      controller.abort(reason);
      signal.throwIfAborted();
      return { action: 'accept' };
    });
    await assert.rejects(call(controller.signal), reason);
  });
});
