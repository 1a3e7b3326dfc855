// OpenRouter, POST /api/v1/chat/completions. Source: schemas/openrouter.json and the handbook's list
// of parameters. Comments keep the stream alive, and usage comes last, with an empty list of choices (Effect-TS/effect
// pull request 6117, March 2026).

import * as z from 'zod';
import { createFormat, KEY, type WireFormat } from '../wire-format.ts';
import { chatMessagesSchema } from './chat-messages.ts';
import { streamChat } from './chat-stream.ts';
import { openaiChatFields, openaiChatParts } from './openai-chat.ts';

const MODEL = 'anthropic/claude-sonnet-4.5';
const number = z.number().nullish();

export const openrouter: WireFormat = createFormat({
  ...openaiChatParts,
  id: 'openrouter',
  reasoning: 'plain',
  selection: { provider: 'openrouter', model: MODEL, reason: 'LLM_MODEL' },
  environment: (origin) => ({ OPENROUTER_BASE_URL: `${origin}/api/v1`, OPENROUTER_API_KEY: KEY }),
  path: '/api/v1/chat/completions',
  published: { name: 'openrouter' },
  schema: z.strictObject({
    ...openaiChatFields,
    messages: chatMessagesSchema({
      reasoning: z.string().nullish(),
      reasoning_details: z.array(z.unknown()).optional(),
    }),
    usage: z.strictObject({ include: z.boolean() }).optional(),
    provider: z.unknown().optional(),
    plugins: z.array(z.unknown()).optional(),
    models: z.array(z.string()).optional(),
    route: z.string().nullish(),
    transforms: z.array(z.string()).optional(),
    top_k: number,
    min_p: number,
    top_a: number,
    repetition_penalty: number,
    logit_bias: z.unknown().optional(),
    session_id: z.string().optional(),
    reasoning: z.unknown().optional(),
  }),
  error: (status, message) => ({ error: { code: status, message } }),
  stream: (reply, turn) =>
    streamChat({ model: MODEL, usage: 'trailing', preamble: [': OPENROUTER PROCESSING\n\n'], thought }, reply, turn),
});

/** Twice: as a text, and with what the vendor behind it needs to read it again. */
function thought(reasoning: string): object {
  return { reasoning, reasoning_details: [{ type: 'reasoning.text', text: reasoning, index: 0, format: null }] };
}
