// What a server may ask in the middle of a call, in both generations of the protocol, and what it may not.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import { connect } from '../agent/mcp/connection.ts';
import type { ElicitationAnswer, ElicitationRequest, Elicitor } from '../agent/mcp/elicitation.ts';
import { serverAt } from '../agent/mcp-file.ts';
import {
  type Era,
  type ScriptedCall,
  type ScriptedServer,
  startScriptedServer,
  textOf,
} from './support/scripted-mcp-server.ts';

const ERAS: readonly Era[] = ['legacy', 'modern'];
const FORM = {
  mode: 'form',
  message: 'Which one?\u202E\u001B[2J',
  requestedSchema: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      size: { type: 'string', enum: ['small', 'large'], default: 'small' },
      count: { type: 'integer', default: 3 },
    },
    required: ['name'],
  },
};
const visit = (url: string) => ({ mode: 'url', message: 'Sign here.', url, elicitationId: 'e-1' });

/** Asks, and answers the call with what came back. */
function asks(server: ScriptedServer, era: Era, params: Record<string, unknown>): (call: ScriptedCall) => void {
  const { elicitationId: _, ...modern } = params;
  return (call) => {
    const told = (answer: unknown) => ({ content: [{ type: 'text', text: JSON.stringify(answer) }] });
    if (era === 'modern') {
      const responses = call.params['inputResponses'] as Record<string, unknown> | undefined;
      if (responses) call.answer(told(responses['question']));
      else
        call.answer({
          resultType: 'input_required',
          requestState: 'state',
          inputRequests: { question: { method: 'elicitation/create', params: modern } },
        });
      return;
    }
    call.stream();
    call.send({ id: 'question', method: 'elicitation/create', params });
    server.events.once('response', ({ result, error }) => call.finish(told(result ?? error)));
  };
}

describe('a question of a server', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function ask(
    era: Era,
    params: Record<string, unknown>,
    elicit: Elicitor | undefined,
    notices: string[] = [],
    limits = {},
  ) {
    const server = await startScriptedServer({ era });
    cleanups.push(server.stop);
    server.onCall = asks(server, era, params);
    const connection = await connect(serverAt(server.url, 'shop'), {
      elicit,
      limits,
      onNotice: (text) => void notices.push(text),
    });
    cleanups.push(connection.close);
    const text = textOf(await connection.callTool('echo', {}));
    return JSON.parse(text);
  }
  const answering = (answer: ElicitationAnswer, seen: ElicitationRequest[] = []): Elicitor => {
    return async (request) => {
      seen.push(request);
      return answer;
    };
  };

  for (const era of ERAS) {
    test(`${era}: a form reaches the person without hidden characters, and its defaults fill what was left out`, async () => {
      const seen: ElicitationRequest[] = [];
      const answer = await ask(era, FORM, answering({ action: 'accept', content: { name: 'Ada' } }, seen));
      assert.deepEqual(answer, { action: 'accept', content: { name: 'Ada', size: 'small', count: 3 } });
      assert.equal(seen[0]?.server, 'shop');
      assert.match(seen[0]?.message ?? '', /^Which one\?\n\[\d+ hidden characters were removed/);
    });

    test(`${era}: an answer without content still gets the defaults`, async () => {
      const answer = await ask(era, FORM, answering({ action: 'accept' }));
      assert.deepEqual(answer, { action: 'accept', content: { size: 'small', count: 3 } });
    });

    test(`${era}: no is an answer, and so is none`, async () => {
      assert.deepEqual(await ask(era, FORM, answering({ action: 'decline' })), { action: 'decline' });
      assert.deepEqual(await ask(era, FORM, answering({ action: 'cancel' })), { action: 'cancel' });
    });

    test(`${era}: a visit to https or to this machine is put to the person`, async () => {
      for (const url of ['https://shop.example/pay?id=1', 'http://127.0.0.1:8080/pay']) {
        const seen: ElicitationRequest[] = [];
        assert.deepEqual(await ask(era, visit(url), answering({ action: 'accept' }, seen)), { action: 'accept' });
        assert.deepEqual(seen, [{ mode: 'url', server: 'shop', message: 'Sign here.', url }]);
      }
    });

    test(`${era}: a visit to anything else is declined without asking`, async () => {
      for (const url of ['http://shop.example/pay', 'file:///etc/passwd', 'https://user:secret@shop.example/']) {
        const [seen, notices]: [ElicitationRequest[], string[]] = [[], []];
        const answer = await ask(era, visit(url), answering({ action: 'accept' }, seen), notices);
        assert.deepEqual(answer, { action: 'decline' }, url);
        assert.deepEqual(seen, []);
        assert.match(notices.join(), /neither https nor on this machine/);
      }
    });

    test(`${era}: the time that a person takes is not the call's`, async () => {
      const limits = { idleMs: 200 };
      const silent = await startScriptedServer({ era });
      cleanups.push(silent.stop);
      silent.onCall = () => undefined;
      const elsewhere = await connect(serverAt(silent.url), { limits });
      cleanups.push(elsewhere.close);
      // The person thinks for as long as a call may be silent.
      const elicit: Elicitor = async () => {
        await assert.rejects(elsewhere.callTool('echo', {}), { code: 'tool_failed' });
        return { action: 'decline' };
      };
      assert.deepEqual(await ask(era, FORM, elicit, [], limits), { action: 'decline' });
    });

    test(`${era}: giving the call up takes the question back`, async () => {
      const server = await startScriptedServer({ era });
      cleanups.push(server.stop);
      server.onCall = asks(server, era, FORM);
      const asked = Promise.withResolvers<AbortSignal>();
      const elicit: Elicitor = (_request, signal) => {
        asked.resolve(signal);
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      };
      const connection = await connect(serverAt(server.url), { elicit });
      cleanups.push(connection.close);
      const abort = new AbortController();
      const call = connection.callTool('echo', {}, { signal: abort.signal });
      const question = await asked.promise;
      const withdrawn = once(question, 'abort');
      abort.abort(new Error('enough'));
      await assert.rejects(call, /enough/);
      await withdrawn;
    });
  }

  test('a flood of questions is declined, but for the few that a person can be asked', async () => {
    const server = await startScriptedServer();
    cleanups.push(server.stop);
    const answers: unknown[] = [];
    server.onCall = (call) => {
      call.stream();
      for (let id = 0; id < 50; id += 1) call.send({ id: `q${id}`, method: 'elicitation/create', params: FORM });
      server.events.on('response', ({ result }) => {
        answers.push(result.action);
        if (answers.length === 46) release.resolve();
        if (answers.length === 50) call.finish({ content: [] });
      });
    };
    const release = Promise.withResolvers<void>();
    const [seen, notices]: [ElicitationRequest[], string[]] = [[], []];
    const connection = await connect(serverAt(server.url, 'shop'), {
      elicit: async (request) => {
        seen.push(request);
        await release.promise;
        return { action: 'cancel' };
      },
      onNotice: (text) => void notices.push(text),
    });
    cleanups.push(connection.close);
    await connection.callTool('echo', {});
    assert.equal(seen.length, 4);
    assert.deepEqual(answers, [...Array(46).fill('decline'), ...Array(4).fill('cancel')]);
    assert.deepEqual(notices, ['shop asked more than 4 questions at a time; declined.']);
  });

  test('a server that goes on asking in one call is not heard without end', async () => {
    const server = await startScriptedServer();
    cleanups.push(server.stop);
    const actions: string[] = [];
    server.onCall = (call) => {
      call.stream();
      const question = () => call.send({ id: `q${actions.length}`, method: 'elicitation/create', params: FORM });
      server.events.on('response', ({ result }) => {
        actions.push(result.action);
        if (actions.length < 30) question();
        else call.finish({ content: [] });
      });
      question();
    };
    const connection = await connect(serverAt(server.url), { elicit: answering({ action: 'cancel' }) });
    cleanups.push(connection.close);
    await connection.callTool('echo', {});
    assert.deepEqual(actions, [...Array(20).fill('cancel'), ...Array(10).fill('decline')]);
  });

  test('a question that belongs to no call, or has a form without end, is declined without asking', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [`f${index}`, { type: 'string' }]),
    );
    const notices: string[] = [];
    const endless = { ...FORM, requestedSchema: { type: 'object', properties } };
    assert.deepEqual(await ask('legacy', endless, assert.fail, notices), { action: 'decline' });
    assert.match(notices.join(), /form of more than 20000 characters/);

    const server = await startScriptedServer();
    cleanups.push(server.stop);
    const opened = once(server.events, 'GET');
    const connection = await connect(serverAt(server.url), { elicit: assert.fail });
    cleanups.push(connection.close);
    await opened;
    const answered = once(server.events, 'response');
    server.announce({ id: 'q', method: 'elicitation/create', params: FORM });
    const [{ result }] = await answered;
    assert.deepEqual(result, { action: 'decline' });
  });

  test('without anybody to ask, servers are told so', async () => {
    const server = await startScriptedServer({ era: 'legacy' });
    cleanups.push(server.stop);
    server.onCall = asks(server, 'legacy', FORM);
    const connection = await connect(serverAt(server.url), {});
    cleanups.push(connection.close);
    assert.match(textOf(await connection.callTool('echo', {})), /-32601|not support/);
    await assert.rejects(ask('modern', FORM, undefined), { code: 'protocol_error' });
  });
});
