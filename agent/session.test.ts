import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { AIMessage } from '@langchain/core/messages';
import {
  answer,
  assertEveryCallIsAnswered,
  calling,
  converse,
  endOf,
  ofType,
  type Script,
  type ScriptedCall,
  type ScriptedTool,
} from '../test/support/scripted-conversation.ts';
import { AgentError } from './errors.ts';

/** A conversation that may make five model calls a turn. */
function setUp({
  costsUsd = [],
  notices = [],
  maxTurns = 5,
  ...script
}: Script & {
  maxTurns?: number;
  /** What the model's messages cost, in their order. */
  costsUsd?: (number | undefined)[];
  /** What came up before the first event. */
  notices?: string[];
}) {
  return converse({
    limits: { maxTurns },
    costUsdOf: () => costsUsd.shift(),
    takeNotices: () => notices.splice(0),
    ...script,
  });
}

describe('a turn', () => {
  test('streams the answer and ends once, with the tokens that the model reported', async () => {
    const { run } = setUp({ turns: [answer('hello')] });
    const events = await run('hi');
    assert.equal(
      ofType(events, 'text-delta')
        .map(({ text }) => text)
        .join(''),
      'hello',
    );
    const { status, answer: text, usage, error } = endOf(events);
    assert.deepEqual([status, text, usage, error], ['ok', 'hello', { inputTokens: 3, outputTokens: 2 }, undefined]);
  });

  test('runs parallel tool calls side by side and shows each with server, arguments and result', async () => {
    let running = 0;
    let most = 0;
    const together = Promise.withResolvers<void>();
    const double: ScriptedTool = async ({ n }) => {
      running += 1;
      most = Math.max(most, running);
      if (running === 2) together.resolve();
      await together.promise;
      running -= 1;
      return String(n * 2);
    };
    const { run } = setUp({
      turns: [calling({ name: 'double', args: { n: 1 } }, { name: 'double', args: { n: 2 } }), answer('done')],
      tools: { double },
    });
    const events = await run('go');
    assert.equal(most, 2);
    assert.deepEqual(
      ofType(events, 'tool-call').map(({ server, args }) => [server, args]),
      [
        ['local', { n: 1 }],
        ['local', { n: 2 }],
      ],
    );
    assert.deepEqual(
      ofType(events, 'tool-result')
        .map(({ text, error }) => [text, error])
        .toSorted(),
      [
        ['2', undefined],
        ['4', undefined],
      ],
    );
    assert.equal(endOf(events).answer, 'done');
  });

  test('gives a tool’s failure to the model and goes on', async () => {
    const tools = {
      fails: async () => {
        throw new AgentError('tool_failed', 'Division by zero: b must not be 0.');
      },
    };
    const { run, model } = setUp({ turns: [calling({ name: 'fails', args: { n: 1 } }), answer('it failed')], tools });
    const events = await run('go');
    assert.equal(ofType(events, 'tool-result')[0]?.error?.code, 'tool_failed');
    assert.equal(model.calls[1]?.messages.at(-1)?.text, 'Division by zero: b must not be 0.');
    assert.equal(endOf(events).status, 'ok');
  });

  test('survives a call of a tool that does not exist, and one with wrong arguments', async () => {
    const { run } = setUp({
      turns: [calling({ name: 'missing', args: {} }, { name: 'double', args: { n: 'two' } }), answer('sorry')],
      tools: { double: async () => 'never' },
    });
    const events = await run('go');
    assert.deepEqual(
      ofType(events, 'tool-result').map(({ error }) => error?.code),
      ['tool_failed', 'tool_failed'],
    );
    assert.equal(endOf(events).status, 'ok');
  });

  test('keeps calls apart to which the model gave no id, or the same one', async () => {
    const call = (n: number, id?: string) => ({
      name: 'double',
      args: { n },
      type: 'tool_call' as const,
      ...(id ? { id } : {}),
    });
    const { run, model } = setUp({
      turns: [
        new AIMessage({ content: '', tool_calls: [call(1), call(2), call(3, 'x'), call(4, 'x')] }),
        answer('done'),
      ],
      tools: { double: async ({ n }) => String(n * 2) },
    });
    assert.equal(endOf(await run('go')).toolCalls, 4);
    const messages = model.calls[1]?.messages ?? [];
    assertEveryCallIsAnswered(messages);
    assert.deepEqual(
      messages.slice(3).map(({ text }) => text),
      ['2', '4', '6', '8'],
    );
  });

  test('names the scopes that a refused call lacked', async () => {
    const tools = {
      guarded: async () => {
        throw new AgentError('insufficient_scope', 'lacks write:notes', { missingScopes: ['write:notes'] });
      },
    };
    const { run } = setUp({ turns: [calling({ name: 'guarded', args: { n: 1 } }), answer('no')], tools });
    assert.deepEqual(ofType(await run('go'), 'tool-result')[0]?.error?.missingScopes, ['write:notes']);
  });

  test('ends when a server is lost, with an error that says so, and the next turn works', async () => {
    let down = true;
    const tools = {
      remote: async () => {
        if (down) throw new AgentError('unreachable', 'The MCP server does not answer.');
        return 'back';
      },
    };
    const call = { name: 'remote', args: { n: 1 } };
    const { run, model } = setUp({ turns: [calling(call, call), calling(call), answer('back')], tools });
    assert.deepEqual(endOf(await run('go')).error, { code: 'unreachable', message: 'The MCP server does not answer.' });
    down = false;
    assert.equal(endOf(await run('again')).answer, 'back');
    assertEveryCallIsAnswered(model.calls.at(-1)?.messages ?? []);
  });

  test('that keeps calling tools ends at its limit of model calls', async () => {
    const call = () => calling({ name: 'double', args: { n: 1 } });
    const { run, model } = setUp({
      turns: [call(), call(), call(), answer('late')],
      tools: { double: async () => '2' },
      maxTurns: 3,
    });
    const { status, error } = endOf(await run('go'));
    assert.equal(status, 'limit');
    assert.match(error?.message ?? '', /3 model calls .* --max-turns/);
    assert.equal(model.callCount, 3);
    assert.equal(endOf(await run('and now?')).answer, 'late');
    assertEveryCallIsAnswered(model.calls.at(-1)?.messages ?? []);
  });

  test('with one model call allowed still answers without tools', async () => {
    const { run } = setUp({ turns: [answer('hello')], maxTurns: 1 });
    assert.equal(endOf(await run('hi')).status, 'ok');
  });

  test('that is cancelled in mid-tool reaches the tool, and the next turn works', async () => {
    const interrupt = new AbortController();
    let toolSawCancellation = false;
    const tools = {
      slow: (_args: { n: number }, signal: AbortSignal | undefined) =>
        new Promise<string>((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            toolSawCancellation = true;
            reject(signal.reason);
          });
          interrupt.abort();
        }),
    };
    const { run, model } = setUp({ turns: [calling({ name: 'slow', args: { n: 1 } }), answer('fine')], tools });
    assert.equal(endOf(await run('go', interrupt.signal)).status, 'interrupted');
    assert.ok(toolSawCancellation);
    assert.equal(endOf(await run('and now?')).answer, 'fine');
    assertEveryCallIsAnswered(model.calls.at(-1)?.messages ?? []);
    assert.match(model.calls.at(-1)?.messages.find((message) => message.getType() === 'tool')?.text ?? '', /Cancelled/);
  });

  test('in which the model fails ends with the reason', async () => {
    const { run } = setUp({ turns: [new Error('quota exceeded'), answer('better')] });
    const { status, error } = endOf(await run('go'));
    assert.deepEqual([status, error?.code], ['failed', 'model_failed']);
    assert.match(error?.message ?? '', /quota exceeded/);
    assert.equal(endOf(await run('again')).answer, 'better');
  });

  test('costs what all of its calls cost, and an unknown amount if one of them does', async () => {
    const priced = (...calls: ScriptedCall[]) =>
      Object.assign(calling(...calls), { usage_metadata: { input_tokens: 3, output_tokens: 2, total_tokens: 5 } });
    const call = { name: 'double', args: { n: 1 } };
    const costOf = async (costsUsd: (number | undefined)[]) => {
      const { run } = setUp({ turns: [priced(call), answer('2')], tools: { double: async () => '2' }, costsUsd });
      return endOf(await run('go')).usage;
    };
    assert.deepEqual(await costOf([0.5, 0.25]), { inputTokens: 6, outputTokens: 4, costUsd: 0.75 });
    assert.deepEqual(await costOf([0.5, undefined]), { inputTokens: 6, outputTokens: 4 });
    assert.deepEqual(await costOf([undefined, 0.25]), { inputTokens: 6, outputTokens: 4 });
  });

  test('tells what came up in it once, before it ends', async () => {
    const { run } = setUp({ turns: [answer('one'), answer('two')], notices: ['Going on with another model.'] });
    const events = await run('hi');
    assert.deepEqual(ofType(events, 'notice'), [{ type: 'notice', text: 'Going on with another model.' }]);
    assert.equal(ofType(await run('again'), 'notice').length, 0);
  });

  test('leaves no listener on a signal that other turns share', async () => {
    const { run } = setUp({ turns: [answer('one'), answer('two')] });
    const { signal } = new AbortController();
    await run('hi', signal);
    await run('again', signal);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('remembers the turns before it', async () => {
    const { run, model } = setUp({ turns: [answer('one'), answer('two')] });
    await run('first');
    await run('second');
    assert.deepEqual(
      model.calls[1]?.messages.slice(1).map(({ text }) => text),
      ['first', 'one', 'second'],
    );
  });
});
