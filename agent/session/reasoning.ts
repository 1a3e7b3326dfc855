// What a model thinks aloud, out of a piece of its message: every vendor has a place of its own for it. Pure.

import type { BaseMessage } from '@langchain/core/messages';

/** The reasoning in a piece of a message; empty when there is none. */
export function reasoningOf({ content, additional_kwargs }: BaseMessage): string {
  const beside = additional_kwargs['reasoning_content'];
  const said = typeof beside === 'string' ? beside : summaryOf(additional_kwargs['reasoning']);
  const inside = typeof content === 'string' ? '' : content.map(reasoningOfBlock).join('');
  // A package that fills both places says the same in both.
  return inside || said;
}

function reasoningOfBlock(block: object): string {
  const { type, thinking, reasoning, reasoningText, summary }: Record<string, unknown> = { ...block };
  switch (type) {
    case 'thinking':
      return stringOf(thinking);
    case 'reasoning':
      return stringOf(reasoning) || summaryOf({ summary });
    case 'reasoning_content':
      return isObject(reasoningText) ? stringOf(reasoningText['text']) : '';
    default:
      return '';
  }
}

/** OpenAI's Responses API. */
function summaryOf(reasoning: unknown): string {
  if (!isObject(reasoning) || !Array.isArray(reasoning['summary'])) return '';
  return reasoning['summary'].map((part: unknown) => (isObject(part) ? stringOf(part['text']) : '')).join('');
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
