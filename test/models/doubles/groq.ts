// Groq, POST /openai/v1/chat/completions. Source: schemas/groq.json, groq-sdk 1.6.0, and `stream_options`,
// which the handbook has. Calls come whole, usage in `x_groq` of the last event.

import * as z from 'zod';
import { createFormat, KEY, type WireFormat } from '../wire-format.ts';
import { chatMessagesSchema } from './chat-messages.ts';
import { streamChat } from './chat-stream.ts';
import { openaiChatFields, openaiChatParts } from './openai-chat.ts';

const { verbosity: _verbosity, prompt_cache_key: _cached, ...fields } = openaiChatFields;

export const groq: WireFormat = createFormat({
  ...openaiChatParts,
  id: 'groq',
  reasoning: 'plain',
  selection: { provider: 'groq', model: 'openai/gpt-oss-20b', reason: 'LLM_MODEL' },
  environment: (origin) => ({ GROQ_BASE_URL: origin, GROQ_API_KEY: KEY }),
  path: '/openai/v1/chat/completions',
  // Its definition is in the document, and nothing refers to it; the handbook has it.
  published: { name: 'groq', alsoTakes: { CompletionCreateParams: { stream_options: { type: 'object' } } } },
  schema: z.strictObject({
    ...fields,
    messages: chatMessagesSchema({ reasoning: z.string().nullish() }),
    reasoning_format: z.enum(['hidden', 'raw', 'parsed']).nullish(),
    include_reasoning: z.boolean().nullish(),
  }),
  stream: (reply, turn) =>
    streamChat(
      { model: 'openai/gpt-oss-20b', usage: 'x_groq', wholeCalls: true, thought: (reasoning) => ({ reasoning }) },
      reply,
      turn,
    ),
});
