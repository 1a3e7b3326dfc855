// Reasoning that has to go back to the model that wrote it: DeepSeek refuses a call of a tool in the running turn without
// the thoughts that led to it, and wants none of the turns before. Pure; loads no message class, since rows are read
// before any package is.

import type { BaseMessage } from '@langchain/core/messages';
import { recordOf } from './plain-schema.ts';
import type { JsonBody } from './provider.ts';

/** The request with the reasoning of the running turn beside its calls. */
export function giveReasoningBack(body: JsonBody, messages: readonly BaseMessage[]): JsonBody {
  if (!Array.isArray(body['messages'])) return body;
  const start = messages.findLastIndex((message) => message.getType() === 'human');
  const isRunning = new Set(messages.slice(start + 1));
  const answers = messages.filter((message) => message.getType() === 'ai');
  let index = 0;
  const sent = body['messages'].map((part: unknown) => {
    if (recordOf(part)['role'] !== 'assistant') return part;
    const answer = answers[index];
    index += 1;
    const reasoning = answer?.additional_kwargs['reasoning_content'];
    const isWanted = answer !== undefined && isRunning.has(answer) && typeof reasoning === 'string';
    return isWanted ? { ...recordOf(part), reasoning_content: reasoning } : part;
  });
  return { ...body, messages: sent };
}
