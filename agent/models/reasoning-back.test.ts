import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { giveReasoningBack } from './reasoning-back.ts';

const thinking = (text: string) => new AIMessage({ content: '', additional_kwargs: { reasoning_content: text } });

test('the running turn gets its reasoning back, and no turn before it', () => {
  const body = {
    model: 'deepseek-reasoner',
    messages: [
      { role: 'user', content: 'one' },
      { role: 'assistant', content: '' },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: '' },
      { role: 'tool', content: '3' },
    ],
  };
  const mended = giveReasoningBack(body, [
    new HumanMessage('one'),
    thinking('old'),
    new HumanMessage('two'),
    thinking('new'),
    new ToolMessage({ content: '3', tool_call_id: 'call_1' }),
  ]);
  assert.deepEqual(mended, {
    ...body,
    messages: body.messages.with(3, { role: 'assistant', content: '', reasoning_content: 'new' } as never),
  });
});

test('a request of another form stays as it is', () => {
  assert.deepEqual(giveReasoningBack({ a: 1 }, []), { a: 1 });
});
