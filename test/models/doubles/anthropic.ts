// Anthropic, POST /v1/messages. Source: schemas/anthropic.json, opened on 2026-11-27, and @anthropic-ai/sdk 0.122.0
// (resources/messages); what holds between messages from its 400 answers.

import * as z from 'zod';
import { createFormat, KEY, SIGNATURE, type WireFormat } from '../wire-format.ts';
import { streamMessage } from './anthropic-stream.ts';
import { refuseForAnthropic } from './tool-schema-rules.ts';

const MODEL = 'claude-sonnet-4-5';
const cache_control = z.unknown().optional();
const TOOL_ID = /^[a-zA-Z0-9_-]+$/;

const textBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string().min(1, 'text content blocks must be non-empty'),
  cache_control,
  citations: z.unknown().optional(),
});
const imageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.record(z.string(), z.unknown()),
  cache_control,
});
const thinkingBlock = z.strictObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.literal(SIGNATURE),
});
const toolUseBlock = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string().regex(TOOL_ID),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,200}$/),
  input: z.record(z.string(), z.unknown()),
  cache_control,
});
const toolResultBlock = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string().regex(TOOL_ID),
  content: z.union([z.string(), z.array(z.union([textBlock, imageBlock]))]).optional(),
  is_error: z.boolean().optional(),
  cache_control,
});
const block = z.discriminatedUnion('type', [textBlock, imageBlock, thinkingBlock, toolUseBlock, toolResultBlock]);

const schema = z.strictObject({
  model: z.string(),
  max_tokens: z.int().min(1),
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant']),
        content: z.union([z.string().min(1, 'all messages must have non-empty content'), z.array(block).min(1)]),
      }),
    )
    .min(1),
  system: z.union([z.string(), z.array(textBlock)]).optional(),
  tools: z
    .array(
      z.strictObject({
        name: z.string(),
        description: z.string().optional(),
        input_schema: z.record(z.string(), z.unknown()),
        type: z.literal('custom').nullish(),
        strict: z.boolean().optional(),
        cache_control,
      }),
    )
    .optional(),
  tool_choice: z.unknown().optional(),
  stream: z.boolean().optional(),
  stop_sequences: z.array(z.string()).optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_k: z.number().min(0).optional(),
  top_p: z.number().min(0).max(1).optional(),
  thinking: z.unknown().optional(),
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  service_tier: z.enum(['auto', 'standard_only']).optional(),
  output_config: z.unknown().optional(),
  cache_control,
});

type Body = z.output<typeof schema>;

export const anthropic: WireFormat = createFormat<Body>({
  id: 'anthropic',
  selection: { provider: 'anthropic', model: MODEL, reason: 'LLM_MODEL' },
  contentType: 'text/event-stream; charset=utf-8',
  reasoning: { comesBackAs: SIGNATURE },
  environment: (origin) => ({ ANTHROPIC_BASE_URL: origin, ANTHROPIC_API_KEY: KEY }),
  path: '/v1/messages',
  published: { name: 'anthropic' },
  key: { header: 'x-api-key', value: KEY, status: 401 },
  headers: { 'anthropic-version': /^2023-06-01$/ },
  schema,
  rules: [({ stream }) => (stream ? undefined : 'This double only streams.'), refuseDanglingBlocks, refuseTools],
  error: (status, message) => ({ type: 'error', error: { type: ERROR_TYPES[status] ?? 'api_error', message } }),
  stream: (reply, turn) => streamMessage(MODEL, reply, turn),
});

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

/** The message after a call starts with all of its results, and has no others. */
function refuseDanglingBlocks({ messages }: Body): string | undefined {
  if (messages[0]?.role !== 'user') return `messages: first message must use the "user" role`;
  for (const [index, { role, content }] of messages.entries()) {
    const blocks = typeof content === 'string' ? [] : content;
    const before = messages[index - 1]?.content;
    const called = (typeof before === 'string' ? [] : (before ?? [])).flatMap((one) =>
      one.type === 'tool_use' ? [one.id] : [],
    );
    const answered = blocks.flatMap((one) => (one.type === 'tool_result' ? [one.tool_use_id] : []));
    const stray = answered.find((id) => !called.includes(id));
    if (stray !== undefined) return `messages.${index}: unexpected tool_use_id found in tool_result blocks: ${stray}`;
    const missing = called.filter((id) => !answered.includes(id));
    if (missing.length > 0)
      return `messages.${index - 1}: tool_use ids were found without tool_result blocks immediately after: ${missing.join(', ')}`;
    if (blocks.findLastIndex(({ type }) => type === 'tool_result') >= answered.length)
      return `messages.${index}: tool_result blocks must come first`;
    if (role === 'assistant' && answered.length > 0) return `messages.${index}: tool_result in an assistant message`;
    if (role === 'user' && blocks.some(({ type }) => type === 'tool_use'))
      return `messages.${index}: tool_use in a user message`;
  }
  const last = messages.at(-1);
  const dangling = typeof last?.content !== 'string' && last?.content.some(({ type }) => type === 'tool_use');
  return dangling ? 'messages: tool_use ids were found without tool_result blocks immediately after' : undefined;
}

function refuseTools({ tools }: Body): string | undefined {
  for (const { name, description, input_schema } of tools ?? []) {
    const complaint = refuseForAnthropic({ name, description, schema: input_schema });
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}
