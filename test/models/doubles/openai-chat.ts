// OpenAI, POST /v1/chat/completions. Source: schemas/openai-chat.json, opened on 2026-11-27, and openai 7.57.0. Azure and
// compatible servers build on it.

import * as z from 'zod';
import { createFormat, type FormatParts, KEY, type WireFormat } from '../wire-format.ts';
import {
  type ChatBody,
  chatMessagesSchema,
  chatToolsSchema,
  refuseDanglingCalls,
  refuseTools,
  refuseWhole,
} from './chat-messages.ts';
import { streamChat } from './chat-stream.ts';
import { refuseForOpenAI } from './tool-schema-rules.ts';

const MODEL = 'gpt-4.1';
const number = z.number().nullish();

/** Every field that the vendor documents; those that we never send are open inside. */
export const openaiChatFields = {
  model: z.string().min(1),
  messages: chatMessagesSchema(),
  tools: chatToolsSchema.optional(),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: z.boolean().optional(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: number,
  max_tokens: number,
  max_completion_tokens: number,
  frequency_penalty: number,
  presence_penalty: number,
  n: number,
  seed: number,
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  reasoning_effort: z.string().nullish(),
  response_format: z.unknown().optional(),
  store: z.boolean().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  user: z.string().optional(),
  service_tier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  verbosity: z.string().nullish(),
};

export const OPENAI_RULES: readonly ((body: ChatBody) => string | undefined)[] = [
  refuseWhole,
  refuseDanglingCalls,
  refuseTools(refuseForOpenAI),
];

export function openaiError(status: number, message: string): unknown {
  return { error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', param: null, code: null } };
}

/** What OpenAI and those that copy it have in common. */
export const openaiChatParts: Omit<FormatParts<ChatBody>, 'id' | 'selection' | 'path' | 'environment'> = {
  contentType: 'text/event-stream; charset=utf-8',
  reasoning: 'none',
  key: { header: 'authorization', value: `Bearer ${KEY}`, status: 401 },
  schema: z.strictObject(openaiChatFields),
  published: { name: 'openai-chat' },
  rules: OPENAI_RULES,
  error: openaiError,
  stream: (reply, turn) => streamChat({ model: MODEL, usage: 'trailing' }, reply, turn),
};

export const openaiChat: WireFormat = createFormat({
  ...openaiChatParts,
  id: 'openai (chat completions)',
  selection: { provider: 'openai', model: MODEL, reason: 'LLM_MODEL' },
  environment: (origin) => ({ OPENAI_BASE_URL: `${origin}/v1`, OPENAI_API_KEY: KEY }),
  path: '/v1/chat/completions',
});
