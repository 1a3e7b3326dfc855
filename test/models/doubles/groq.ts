// Groq, POST /openai/v1/chat/completions. Source: CreateChatCompletionRequest of Groq's OpenAPI document, as generated
// into groq-sdk 1.6.0, read 2026-11-23, and `stream_options`, which its handbook has. Calls
// come whole, usage in `x_groq` of the last event.

import * as z from 'zod';
import { createFormat, KEY, type WireFormat } from '../wire-format.ts';
import { chatMessagesSchema } from './chat-messages.ts';
import { streamChat } from './chat-stream.ts';
import { openaiChatFields, openaiChatParts } from './openai-chat.ts';

const { verbosity: _verbosity, prompt_cache_key: _cached, ...fields } = openaiChatFields;

export const groq: WireFormat = createFormat({
  ...openaiChatParts,
  id: 'groq',
  selection: { provider: 'groq', model: 'openai/gpt-oss-20b', reason: 'LLM_MODEL' },
  environment: (origin) => ({ GROQ_BASE_URL: origin, GROQ_API_KEY: KEY }),
  path: '/openai/v1/chat/completions',
  schema: z.strictObject({
    ...fields,
    messages: chatMessagesSchema({ reasoning: z.string().nullish() }),
    reasoning_format: z.enum(['hidden', 'raw', 'parsed']).nullish(),
    include_reasoning: z.boolean().nullish(),
  }),
  stream: (reply, turn) => streamChat({ model: 'openai/gpt-oss-20b', usage: 'x_groq', wholeCalls: true }, reply, turn),
});
