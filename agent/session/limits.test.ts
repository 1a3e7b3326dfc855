import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AIMessage } from '@langchain/core/messages';
import {
  answer,
  assertEveryCallIsAnswered,
  calling,
  converse,
  endOf,
  ofType,
  type ScriptedCall,
} from '../../test/support/scripted-conversation.ts';

const tools = { double: async ({ n }: { n: number }) => String(n * 2) };
const double = (n: number): ScriptedCall => ({ name: 'double', args: { n } });
const priced = (message: AIMessage, tokens: number) =>
  Object.assign(message, { usage_metadata: { input_tokens: tokens - 1, output_tokens: 1, total_tokens: tokens } });

describe('a turn ends at its limit', () => {
  test('of tool calls, before the call that would exceed it, and the next turn works', async () => {
    let runs = 0;
    const { run, model } = converse({
      turns: [calling(double(1)), calling(double(2), double(3)), answer('later')],
      tools: {
        double: async () => {
          runs += 1;
          return '2';
        },
      },
      limits: { maxToolCalls: 2 },
    });
    const events = await run('go');
    const { status, error, toolCalls } = endOf(events);
    assert.deepEqual([status, error?.code, runs, toolCalls], ['limit', 'limit', 1, 3]);
    assert.match(error?.message ?? '', /3 tool calls; at most 2 may be made.*--max-tool-calls/);
    assert.deepEqual(
      ofType(events, 'tool-result').map((result) => result.error?.code),
      [undefined, 'limit', 'limit'],
    );
    assert.equal(endOf(await run('and now?')).answer, 'later');
    assertEveryCallIsAnswered(model.calls.at(-1)?.messages ?? []);
  });

  test('of no tool calls at all', async () => {
    const { run } = converse({ turns: [calling(double(1))], tools, limits: { maxToolCalls: 0 } });
    assert.equal(endOf(await run('go')).status, 'limit');
  });

  test('of tokens, with what they were in its end', async () => {
    const turns = [priced(calling(double(1)), 60), priced(calling(double(2)), 50), answer('never')];
    const { run, model } = converse({ turns, tools, limits: { maxTokens: 100 } });
    const { status, error, usage, modelCalls } = endOf(await run('go'));
    assert.deepEqual([status, model.callCount, modelCalls], ['limit', 2, 2]);
    assert.match(error?.message ?? '', /100 tokens \(110\).*--max-tokens/);
    assert.deepEqual(usage, { inputTokens: 108, outputTokens: 2 });
  });

  test('of money', async () => {
    const turns = [priced(calling(double(1)), 10), priced(calling(double(2)), 10), answer('never')];
    const { run } = converse({ turns, tools, limits: { maxUsd: 0.5 }, costUsdOf: () => 0.3 });
    const { status, error, usage } = endOf(await run('go'));
    assert.equal(status, 'limit');
    assert.match(error?.message ?? '', /0\.5 US dollars \(0\.600000\).*--max-usd/);
    assert.equal(usage?.costUsd, 0.6);
  });

  test('of money as soon as the cost of a call is not known', async () => {
    const { run, model } = converse({ turns: [calling(double(1)), answer('never')], tools, limits: { maxUsd: 5 } });
    const { status, error } = endOf(await run('go'));
    assert.deepEqual([status, model.callCount], ['limit', 1]);
    assert.match(error?.message ?? '', /not known any more/);
  });

  test('of time, in the middle of a tool, and the next turn works', async () => {
    const { run, model } = converse({
      turns: [calling(double(1)), answer('fine')],
      tools: {
        double: (_args, signal) =>
          new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
      },
      timeoutMs: 50,
    });
    const { status, error } = endOf(await run('go'));
    assert.deepEqual([status, error?.code], ['limit', 'limit']);
    assert.match(error?.message ?? '', /50 ms.*--timeout/);
    assertEveryCallIsAnswered(model.calls.at(-1)?.messages.slice(0, -1) ?? []);
  });

  test('but gives an answer that is there although it took more than was allowed', async () => {
    const { run } = converse({ turns: [priced(new AIMessage('42'), 500)], limits: { maxTokens: 100 } });
    const { status, answer: text } = endOf(await run('go'));
    assert.deepEqual([status, text], ['ok', '42']);
  });

  test('and keeps what the model said before', async () => {
    const wish = calling(double(1));
    const { run } = converse({
      turns: [new AIMessage({ content: 'Let me see.', tool_calls: wish.tool_calls ?? [] })],
      tools,
      limits: { maxTurns: 1 },
    });
    assert.equal(endOf(await run('go')).answer, 'Let me see.');
  });

  test('counts anew with each turn', async () => {
    const turns = [calling(double(1)), answer('2'), calling(double(2)), answer('4')];
    const { run } = converse({ turns, tools, limits: { maxToolCalls: 1, maxTurns: 2 } });
    assert.equal(endOf(await run('one')).status, 'ok');
    assert.equal(endOf(await run('two')).status, 'ok');
  });
});
