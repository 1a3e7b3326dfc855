import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { toMarkdown, toOpenAiMessages } from './export.ts';

const CALL = { id: 'call-1', name: 'add', args: { a: 2, b: 40 }, type: 'tool_call' as const };
const MESSAGES = [
  new HumanMessage('What is 2 + 40?'),
  new AIMessage({ content: '', tool_calls: [CALL] }),
  new ToolMessage({ content: '42', tool_call_id: 'call-1', name: 'add' }),
  new AIMessage('It is **42**.'),
];
const THREAD = { id: 'id-1', title: 'What is *2*?', model: 'demo', createdAtMs: 0, updatedAtMs: 0, turns: 1 };

test('a conversation is exported as messages that chat completions take', () => {
  assert.deepEqual(toOpenAiMessages(MESSAGES), [
    { role: 'user', content: 'What is 2 + 40?' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call-1', type: 'function', function: { name: 'add', arguments: '{"a":2,"b":40}' } }],
    },
    { role: 'tool', tool_call_id: 'call-1', content: '42' },
    { role: 'assistant', content: 'It is **42**.' },
  ]);
});

test('a conversation is exported as Markdown', () => {
  assert.equal(
    toMarkdown(THREAD, MESSAGES),
    [
      '# What is \\*2\\*?',
      '1970-01-01T00:00:00.000Z · demo · id-1',
      '## User\n\nWhat is 2 + 40?',
      '### Tool `add`',
      '```json\n{\n  "a": 2,\n  "b": 40\n}\n```',
      'gave:',
      '```\n42\n```',
      '## Assistant\n\nIt is **42**.\n',
    ].join('\n\n'),
  );
});

test('a result with code blocks in it stays in its block', () => {
  const result = new ToolMessage({ content: 'a\n````\nb', tool_call_id: 'call-1', status: 'error' });
  const call = new AIMessage({ content: '', tool_calls: [CALL] });
  assert.match(toMarkdown(THREAD, [call, result]), /failed:\n\n`````\na\n````\nb\n`````\n/);
});
