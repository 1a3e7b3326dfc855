// What a model thinks aloud, out of a piece of its answer or out of the whole: the packages put it into three places, and
// some of it has to stay there to go back to its model, signed. Whoever shows it asks here. Pure; loads no message class.

import type { BaseMessage } from '@langchain/core/messages';

/**
 * The reasoning in a chunk of our chat model, or in a whole message; `''` if there is none. It is no part of `text`.
 *
 * A vendor's content blocks come first (`thinking`: Anthropic, Google, Mistral; `reasoning`: OpenAI's Responses API,
 * Bedrock), then `additional_kwargs.reasoning_content` (Ollama, DeepSeek, OpenRouter, Groq, xAI, OpenAI-compatible
 * servers, and whatever a model wrote between `<think>` and `</think>`). No package fills both with the same words.
 */
export function reasoningOf({
  content,
  additional_kwargs,
}: Pick<BaseMessage, 'content' | 'additional_kwargs'>): string {
  const beside: unknown = additional_kwargs['reasoning_content'];
  const inBlocks = typeof content === 'string' ? '' : content.map(thoughtsOf).join('');
  return `${inBlocks}${typeof beside === 'string' ? beside : ''}`;
}

function thoughtsOf(block: object): string {
  if (!('type' in block)) return '';
  if (block.type === 'reasoning' && 'reasoning' in block) return textOf(block.reasoning);
  if (block.type === 'thinking' && 'thinking' in block) return textOf(block.thinking);
  return '';
}

/** Mistral writes its thoughts as a list of texts. */
function textOf(thoughts: unknown): string {
  if (typeof thoughts === 'string') return thoughts;
  if (!Array.isArray(thoughts)) return '';
  return thoughts.map((part: unknown) => textOf(Object(part).text)).join('');
}
