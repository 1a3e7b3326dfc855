import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import fc from 'fast-check';
import { createOwnMessage, isFromPerson, openCallsOf, startOfTurn, withAnsweredCalls } from './messages.ts';

const call = (id: string) => ({ id, name: 'tool', args: {}, type: 'tool_call' as const });
const calls = (...ids: string[]) => new AIMessage({ content: '', tool_calls: ids.map(call) });
const result = (id: string, text = `result of ${id}`) => new ToolMessage({ content: text, tool_call_id: id });

describe('a conversation before a model reads it', () => {
  test('stays as it is when every call has its answer', () => {
    const whole = [new HumanMessage('go'), calls('a', 'b'), result('a'), result('b'), new AIMessage('done')];
    assert.deepEqual(withAnsweredCalls(whole), whole);
  });

  test('gets an answer for a call that a killed process left open', () => {
    const [, , first, second] = withAnsweredCalls([new HumanMessage('go'), calls('a', 'b'), result('b')]);
    assert.deepEqual([first?.text, second?.text], ['There is no result.', 'result of b']);
  });

  test('keeps the first of two answers, and drops one that nobody asked for', () => {
    const messages = [calls('a'), result('a', 'first'), result('a', 'second'), result('x')];
    assert.deepEqual(
      withAnsweredCalls(messages).map(({ text }) => text),
      ['', 'first'],
    );
  });

  test('keeps apart calls of different messages that have the same id', () => {
    const messages = [calls('a'), result('a', 'first'), calls('a'), result('a', 'second'), calls('a')];
    assert.deepEqual(
      withAnsweredCalls(messages).map(({ text }) => text),
      ['', 'first', '', 'second', '', 'There is no result.'],
    );
    assert.equal(openCallsOf(messages).length, 1);
  });

  test('has exactly one answer to each call, right after it, whatever it was before', () => {
    const piece = fc.oneof(
      fc.constant('human'),
      fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
      fc.constantFrom('a', 'b', 'c', 'd').map((id) => ({ id })),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const messages = pieces.map((one): BaseMessage => {
          if (typeof one === 'string') return new HumanMessage('hello');
          return Array.isArray(one) ? calls(...one) : result(one.id);
        });
        const whole = withAnsweredCalls(messages);
        const expected = whole.flatMap((message) => (AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []));
        const answers = whole.filter((message) => ToolMessage.isInstance(message));
        assert.deepEqual(
          answers.map(({ tool_call_id }) => tool_call_id),
          expected.map(({ id }) => id),
        );
        assert.deepEqual(openCallsOf(whole), []);
        assert.deepEqual(withAnsweredCalls(whole), whole);
      }),
    );
  });
});

test('a turn begins at what a person said, not at what the agent wrote in their place', () => {
  const messages = [new HumanMessage('one'), new AIMessage('1'), new HumanMessage('two'), createOwnMessage('again')];
  assert.equal(startOfTurn(messages), 2);
  assert.deepEqual(messages.map(isFromPerson), [true, false, true, false]);
});
