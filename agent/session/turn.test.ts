import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AIMessage, type BaseMessage } from '@langchain/core/messages';
import {
  answer,
  assertEveryCallIsAnswered,
  calling,
  converse,
  endOf,
  ofType,
} from '../../test/support/scripted-conversation.ts';
import { AgentError } from '../errors.ts';
import type { TurnEvent } from '../turn-events.ts';
import { reasoningOf } from './reasoning.ts';

describe('a turn that is cancelled', () => {
  test('keeps the result that a sibling had given, and is not spoilt by a tool that ends later', async () => {
    const interrupt = new AbortController();
    const late = Promise.withResolvers<string>();
    const { run, model, session } = converse({
      turns: [
        calling({ name: 'quick', args: { n: 1 } }, { name: 'deaf', args: { n: 2 } }),
        answer('fine'),
        answer('still'),
      ],
      // It does not look at its signal.
      tools: { quick: async () => 'done', deaf: () => late.promise },
    });
    const events: TurnEvent[] = [];
    for await (const event of session.run('go', interrupt.signal)) {
      events.push(event);
      if (event.type === 'tool-result') interrupt.abort();
    }
    assert.equal(endOf(events).status, 'interrupted');
    late.resolve('too late');
    assert.equal(endOf(await run('and now?')).answer, 'fine');
    assert.equal(endOf(await run('and then?')).answer, 'still');
    for (const { messages } of model.calls.slice(1)) {
      assertEveryCallIsAnswered(messages);
      const results = messages.filter((message) => message.getType() === 'tool').map(({ text }) => text);
      assert.deepEqual(results, ['done', 'Cancelled by the user before there was a result.']);
    }
  });

  test('before it began asks no model', async () => {
    const { run, model } = converse({ turns: [answer('never')] });
    assert.equal(endOf(await run('go', AbortSignal.abort())).status, 'interrupted');
    assert.equal(model.callCount, 0);
  });

  test('by whoever stops reading its events cancels its tools, and frees the conversation', async () => {
    let wasCancelled = false;
    const { session, run } = converse({
      turns: [calling({ name: 'slow', args: { n: 1 } }), answer('fine')],
      tools: {
        slow: (_args, signal) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => {
              wasCancelled = true;
              reject(signal.reason);
            });
          }),
      },
    });
    for await (const event of session.run('go', new AbortController().signal)) if (event.type === 'tool-call') break;
    assert.ok(wasCancelled);
    assert.equal(endOf(await run('and now?')).answer, 'fine');
  });

  test('keeps what the model was saying, for the reader and for the next turn', async () => {
    const interrupt = new AbortController();
    const { run, model, session } = converse({ turns: [answer('One two three'), answer('fine')] });
    const events: TurnEvent[] = [];
    for await (const event of session.run('count', interrupt.signal)) {
      events.push(event);
      if (event.type === 'text-delta') interrupt.abort();
    }
    const { status, answer: text } = endOf(events);
    // The model may have come to its end before it heard.
    assert.ok(status === 'interrupted' || status === 'ok');
    assert.equal(text, 'One two three');
    await run('and now?');
    assert.deepEqual(
      model.calls[1]?.messages.slice(1).map((message) => message.text),
      ['count', 'One two three', 'and now?'],
    );
  });
});

test('a second turn on the same conversation is refused while one runs, with the reason', async () => {
  const first = Promise.withResolvers<string>();
  const started = Promise.withResolvers<void>();
  const { run, session } = converse({
    turns: [calling({ name: 'slow', args: { n: 1 } }), answer('one'), answer('three')],
    tools: {
      slow: () => {
        started.resolve();
        return first.promise;
      },
    },
  });
  const running = run('one');
  await started.promise;
  const { status, error } = endOf(await run('two'));
  assert.deepEqual([status, error?.code], ['failed', 'usage']);
  await assert.rejects(session.compact(new AbortController().signal), { code: 'usage' });
  first.resolve('done');
  assert.equal(endOf(await running).answer, 'one');
  assert.equal(endOf(await run('three')).answer, 'three');
});

test('what happens at the servers during a turn is part of it, and nothing after its end', async () => {
  let emit: (event: TurnEvent) => void = () => undefined;
  let isHeard = false;
  const login: TurnEvent = { type: 'auth', server: 'local', state: 'step-up', held: ['a'], needed: ['b'] };
  const { run } = converse({
    turns: [calling({ name: 'tool', args: { n: 1 } }), answer('done')],
    tools: {
      tool: async () => {
        emit(login);
        return 'done';
      },
    },
    listen: (hear) => {
      emit = hear;
      isHeard = true;
      return () => {
        isHeard = false;
      };
    },
  });
  const events = await run('go');
  assert.deepEqual(ofType(events, 'auth'), [login]);
  assert.equal(isHeard, false);
  assert.equal(events.at(-1)?.type, 'turn-end');
});

describe('the status of a turn', () => {
  const scope = () => new AgentError('insufficient_scope', 'lacks write:notes', { missingScopes: ['write:notes'] });

  test('is auth_required when a scope was missing, also if a call was refused besides', async () => {
    const { run } = converse({
      turns: [calling({ name: 'guarded', args: { n: 1 } }, { name: 'forbidden', args: { n: 1 } }), answer('no')],
      tools: {
        guarded: async () => {
          throw scope();
        },
        forbidden: async () => 'never',
      },
      decide: ({ name }) => (name === 'forbidden' ? { kind: 'deny', reason: 'no' } : { kind: 'allow' }),
    });
    const { status, error, missingScopes, denials, answer: text } = endOf(await run('go'));
    assert.deepEqual(
      [status, error?.code, missingScopes, denials.length, text],
      ['auth_required', 'insufficient_scope', ['write:notes'], 1, 'no'],
    );
  });

  test('is auth_required when the login is gone in the middle', async () => {
    const { run } = converse({
      turns: [calling({ name: 'guarded', args: { n: 1 } })],
      tools: {
        guarded: async () => {
          throw new AgentError('login_required', 'Sign in again.');
        },
      },
    });
    const { status, error } = endOf(await run('go'));
    assert.deepEqual([status, error], ['auth_required', { code: 'login_required', message: 'Sign in again.' }]);
  });

  test('is failed before anything else, with one error before its end', async () => {
    const { run } = converse({
      turns: [calling({ name: 'guarded', args: { n: 1 } }), new Error('quota')],
      tools: {
        guarded: async () => {
          throw scope();
        },
      },
    });
    const events = await run('go');
    assert.deepEqual([endOf(events).status, endOf(events).missingScopes], ['failed', ['write:notes']]);
    assert.equal(events.at(-2)?.type, 'error');
    assert.equal(ofType(events, 'error').length, 1);
  });

  test('is failed with the reason when no turn can be prepared', async () => {
    const { run } = converse({
      turns: [],
      store: {
        takeTurn: async () => {
          throw new AgentError('invalid_configuration', 'The file is spoilt.');
        },
        recordTurn: async () => undefined,
      },
    });
    assert.equal(endOf(await run('go')).error?.message, 'The file is spoilt.');
  });
});

test('reasoning is found wherever a vendor puts it', () => {
  const pieces: [BaseMessage, string][] = [
    [new AIMessage({ content: 'x', additional_kwargs: { reasoning_content: 'deepseek' } }), 'deepseek'],
    [new AIMessage({ content: [{ type: 'thinking', thinking: 'anthropic' }] }), 'anthropic'],
    [new AIMessage({ content: [{ type: 'reasoning', reasoning: 'standard' }] }), 'standard'],
    [new AIMessage({ content: [{ type: 'reasoning_content', reasoningText: { text: 'bedrock' } }] }), 'bedrock'],
    [new AIMessage({ content: '', additional_kwargs: { reasoning: { summary: [{ text: 'openai' }] } } }), 'openai'],
    [new AIMessage({ content: 'said' }), ''],
    [new AIMessage({ content: [{ type: 'text', text: 'said' }] }), ''],
  ];
  for (const [piece, expected] of pieces) assert.equal(reasoningOf(piece), expected);
});
