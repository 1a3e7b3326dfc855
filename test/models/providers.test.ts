// Every provider's real package, built by the registry from environment variables, through whole turns of our graph and
// session against a double that is as strict as the vendor.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { AIMessageChunk } from '@langchain/core/messages';
import type { Environment } from '../../agent/models/provider.ts';
import { reasoningOf } from '../../agent/models/reasoning.ts';
import { type Conversation, startConversation } from './conversation.ts';
import type { Step } from './double.ts';
import { FORMATS } from './doubles/index.ts';
import { KEY, USAGE, type WireFormat } from './wire-format.ts';

const CALLS = {
  calls: [
    { name: 'add', args: { a: 2, b: 40 } },
    { name: 'multiply', args: { a: 6, b: 7 } },
  ],
};
const ANSWER = { text: 'Both are forty two.' };
const RETRY_AFTER_SECONDS = 7;

for (const format of FORMATS)
  describe(format.id, () => {
    const start = async (context: TestContext, steps: readonly Step[], variables?: Environment) => {
      const conversation = await startConversation(format, steps, variables);
      context.after(() => conversation.close());
      return conversation;
    };

    test('streams a turn with two parallel tool calls, and a second turn in the same thread', async (context) => {
      const conversation = await start(context, [CALLS, ANSWER, { text: 'As I said: forty two.' }]);
      const first = await conversation.say('What is 2 + 40, and 6 times 7?');
      assertAccepted(conversation);
      assert.deepEqual(first.calls, CALLS.calls);
      assert.deepEqual(first.results, ['42', '42']);
      assert.deepEqual(first.deltas, ['Both', ' are', ' forty', ' two.']);
      assert.deepEqual([first.end.status, first.end.answer], ['ok', 'Both are forty two.']);
      assert.deepEqual(first.end.usage, { inputTokens: 2 * USAGE.input, outputTokens: 2 * USAGE.output });

      const second = await conversation.say('Are you sure?');
      assertAccepted(conversation);
      assert.equal(second.end.answer, 'As I said: forty two.');
      assert.equal(conversation.double.remaining(), 0);
    });

    test('keeps what the model thinks apart from the answer, and gives back what has to come back', async (context) => {
      const reasoning = 'First the sum, then the product.';
      const conversation = await start(context, [
        { ...CALLS, reasoning },
        { ...ANSWER, reasoning: 'They are equal.' },
      ]);
      const { deltas, calls, end } = await conversation.say('What is 2 + 40, and 6 times 7?');
      assertAccepted(conversation);
      assert.deepEqual([end.status, end.answer], ['ok', 'Both are forty two.']);
      assert.deepEqual([deltas.join(''), calls], ['Both are forty two.', CALLS.calls]);
      const comesBack = Object(format.reasoning).comesBackAs ?? '';
      assert.ok(JSON.stringify(conversation.double.requests[1]?.body).includes(comesBack));
    });

    test('streams what the model thinks, in one place for all', async (context) => {
      const reasoning = 'They are equal, I think.';
      const { boundModel } = await start(context, [{ ...ANSWER, reasoning }]);
      const chunks: AIMessageChunk[] = [];
      for await (const chunk of await boundModel.stream('Hello')) chunks.push(chunk);
      const whole = chunks.reduce((sum, chunk) => sum.concat(chunk));
      const thoughts = chunks.map(reasoningOf).filter((thought) => thought !== '');
      const expected = format.reasoning === 'none' ? '' : reasoning;
      assert.deepEqual([thoughts.join(''), reasoningOf(whole)], [expected, expected]);
      assert.ok(expected === '' || thoughts.length > 1, 'word by word');
      assert.equal(whole.text, 'Both are forty two.');
    });

    test('goes on after a turn that was cancelled in the middle of a tool', async (context) => {
      const conversation = await start(context, [
        {
          calls: [
            { name: 'wait', args: {} },
            { name: 'add', args: { a: 1, b: 1 } },
          ],
        },
        CALLS,
        ANSWER,
      ]);
      const interrupt = new AbortController();
      const cancelled = conversation.say('Wait.', interrupt.signal);
      await Promise.race([conversation.toolIsRunning, cancelled]);
      interrupt.abort();
      assert.equal((await cancelled).end.status, 'interrupted');

      const { end, results } = await conversation.say('What is 2 + 40, and 6 times 7?');
      assertAccepted(conversation);
      assert.deepEqual([end.status, end.answer, results], ['ok', 'Both are forty two.', ['42', '42']]);
    });

    test('comes back when the vendor says so after 429', async (context) => {
      const conversation = await start(context, [
        { fault: 'rate-limit', retryAfterSeconds: RETRY_AFTER_SECONDS },
        ANSWER,
      ]);
      const { end } = await conversation.say('Hello');
      assert.deepEqual([end.status, end.error], ['ok', undefined]);
      assert.equal(conversation.double.requests.length, 2);
      assert.deepEqual(conversation.pausesMs, [RETRY_AFTER_SECONDS * 1000]);
    });

    test('tries again after 500', async (context) => {
      const conversation = await start(context, [{ fault: 'server-error' }, ANSWER]);
      const { end } = await conversation.say('Hello');
      assert.deepEqual([end.status, end.answer], ['ok', 'Both are forty two.']);
      assert.equal(conversation.double.requests.length, 2);
    });

    for (const fault of ['broken-stream', 'cut-short'] as const)
      test(`says so when an answer ends as a ${fault}, and the next turn works`, async (context) => {
        const step: Step = { fault, reply: { text: 'This will never come to its end, I am afraid.' } };
        const conversation = await start(context, [step, ANSWER]);
        const { end } = await conversation.say('Hello');
        assert.equal(end.status, 'failed');
        // Ollama's own client notices a missing end by itself, and knows nothing of the network.
        assert.match(String(end.error?.code), /^(?:unreachable|model_failed)$/);
        const next = await conversation.say('Again, please.');
        assertAccepted(conversation);
        assert.deepEqual([next.end.status, next.end.answer], ['ok', 'Both are forty two.']);
      });

    for (const fault of ['hang', 'stall'] as const)
      test(`lets go of a request that is in ${fault} when the turn is cancelled`, async (context) => {
        const step: Step = fault === 'hang' ? { fault } : { fault, reply: { text: 'One two three four five six.' } };
        const conversation = await start(context, [step, ANSWER]);
        const interrupt = new AbortController();
        const cancelled = conversation.say('Hello', interrupt.signal);
        await conversation.double.waiting;
        const since = performance.now();
        interrupt.abort();
        assert.equal((await cancelled).end.status, 'interrupted');
        // Milliseconds in truth; a loaded machine gets more, and no time limit of ours is that short.
        assert.ok(performance.now() - since < 5_000);
        await conversation.double.abandoned;
        assert.equal((await conversation.say('Again, please.')).end.answer, 'Both are forty two.');
        assertAccepted(conversation);
      });

    for (const fault of ['hang', 'stall'] as const)
      test(`gives up a request that is in ${fault} when the time is over, and says what to do`, async (context) => {
        const step: Step = fault === 'hang' ? { fault } : { fault, reply: { text: 'One two three four five six.' } };
        const limits = { LLM_TIMEOUT_MS: '150', LLM_MAX_RETRIES: '0' };
        const conversation = await start(context, [step, ANSWER], limits);
        const { end } = await conversation.say('Hello');
        assert.deepEqual([end.status, end.error?.code], ['failed', 'unreachable']);
        assert.match(end.error?.message ?? '', /did not answer in time.*LLM_TIMEOUT_MS/);
      });

    // A format without keys has no wrong ones.
    if (!hasKey(format)) return;
    test('asks once with a wrong key, and does not repeat it', async (context) => {
      const [variable = ''] = keyVariables(format);
      const conversation = await start(context, [ANSWER], { [variable]: 'wrong-key-0123456789' });
      const { end } = await conversation.say('Hello');
      assert.equal(end.error?.code, 'model_refused');
      assert.match(end.error.message, new RegExp(variable));
      assert.doesNotMatch(JSON.stringify(end), /wrong-key/);
      assert.equal(conversation.double.requests.length, 1);
    });
  });

function assertAccepted({ double }: Conversation): void {
  assert.deepEqual(double.refusals, []);
}

function keyVariables(format: WireFormat): string[] {
  return Object.entries(format.environment('http://127.0.0.1:1')).flatMap(([name, value]) =>
    value === KEY ? [name] : [],
  );
}

function hasKey(format: WireFormat): boolean {
  return keyVariables(format).length > 0;
}
