// A request of the chat-completions family, brought to what its vendors publish where the packages send more than that.
// Pure.

import { recordOf } from './plain-schema.ts';
import type { JsonBody } from './provider.ts';

/**
 * Results of tools without the tool's name: no vendor's schema knows it, and xAI refuses it ("Only messages of role
 * 'user' can have a name"). The call's id says which tool it was.
 */
export function leaveOutToolNames(body: JsonBody): JsonBody {
  if (!Array.isArray(body['messages'])) return body;
  const messages = body['messages'].map((message: unknown) => {
    const { name: _, ...others } = recordOf(message);
    return others['role'] === 'tool' ? others : message;
  });
  return { ...body, messages };
}
