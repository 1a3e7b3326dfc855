import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIMessageChunk } from '@langchain/core/messages';
import { reasoningOf } from './reasoning.ts';

test('reasoning is found in blocks and beside the content', () => {
  const chunks = [
    new AIMessageChunk({ content: [{ type: 'thinking', thinking: 'a', index: 0 }] }),
    new AIMessageChunk({ content: [{ type: 'reasoning', reasoning: 'b', index: 0 }] }),
    new AIMessageChunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'c' }] }] }),
    new AIMessageChunk({ content: '', additional_kwargs: { reasoning_content: 'd' } }),
  ];
  assert.equal(chunks.map(reasoningOf).join(''), 'abcd');
});

test('text, signatures, calls and what is hidden are no reasoning', () => {
  const chunk = new AIMessageChunk({
    content: [
      { type: 'text', text: 'x' },
      { type: 'thinking', signature: 'x', index: 0 },
      { type: 'redacted_thinking', data: 'x' },
      { type: 'tool_use', id: 'x', name: 'x', input: '' },
    ],
    additional_kwargs: { reasoning: { type: 'reasoning', summary: [{ text: 'x' }] }, reasoning_content: undefined },
  });
  assert.equal(reasoningOf(chunk), '');
  assert.equal(reasoningOf(new AIMessageChunk('plain text')), '');
});
