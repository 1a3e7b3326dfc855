// OpenAI, POST /v1/responses. Source: schemas/openai-responses.json, opened on 2026-11-27, and openai 7.57.0
// (resources/responses).

import * as z from 'zod';
import { createFormat, KEY, type WireFormat } from '../wire-format.ts';
import { openaiError } from './openai-chat.ts';
import { streamResponse } from './openai-responses-stream.ts';
import { refuseForOpenAI } from './tool-schema-rules.ts';

const MODEL = 'gpt-5.6';
const number = z.number().nullish();
const status = z.enum(['in_progress', 'completed', 'incomplete']);

const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const inputImage = z.strictObject({
  type: z.literal('input_image'),
  image_url: z.string(),
  detail: z.string().optional(),
});
const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()),
  logprobs: z.array(z.unknown()).optional(),
});
const functionCall = z.strictObject({
  type: z.literal('function_call'),
  call_id: z.string().min(1).max(64),
  name: z.string(),
  arguments: z.string(),
  id: z.string().startsWith('fc_').optional(),
  status: status.optional(),
});
const functionCallOutput = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: z.string(),
  output: z.union([z.string(), z.array(z.union([inputText, inputImage]))]),
  id: z.string().startsWith('fc').nullish(),
  status: status.nullish(),
});
const message = z.strictObject({
  type: z.literal('message').optional(),
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([z.string(), z.array(z.union([inputText, inputImage, outputText]))]),
  id: z.string().startsWith('msg_').optional(),
  status: status.optional(),
  phase: z.string().nullish(),
});
const reasoning = z.strictObject({
  type: z.literal('reasoning'),
  id: z.string().startsWith('rs_'),
  summary: z.array(z.unknown()),
  encrypted_content: z.string().nullish(),
  status: status.optional(),
});

const schema = z.strictObject({
  model: z.string(),
  input: z.array(z.union([message, functionCall, functionCallOutput, reasoning])).min(1),
  instructions: z.string().nullish(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        name: z.string(),
        parameters: z.record(z.string(), z.unknown()).nullable(),
        strict: z.boolean().nullable(),
        description: z.string().nullish(),
      }),
    )
    .optional(),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().optional() }).nullish(),
  store: z.boolean().nullish(),
  include: z.array(z.string()).nullish(),
  temperature: number,
  top_p: number,
  max_output_tokens: z.number().min(16).nullish(),
  reasoning: z.strictObject({ effort: z.string().nullish(), summary: z.string().nullish() }).nullish(),
  text: z.strictObject({ format: z.unknown().optional(), verbosity: z.string().nullish() }).optional(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  previous_response_id: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  service_tier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  user: z.string().optional(),
});

type Body = z.output<typeof schema>;

export const openaiResponses: WireFormat = createFormat<Body>({
  id: 'openai (responses)',
  // A name for which the package itself chooses this API, which our row allows at the vendor's own address only.
  selection: { provider: 'openai', model: MODEL, reason: 'LLM_MODEL' },
  contentType: 'text/event-stream; charset=utf-8',
  // Without it, the call after it is refused.
  reasoning: { comesBackAs: '"rs_1"' },
  officialOrigin: 'https://api.openai.com',
  environment: () => ({ OPENAI_API_KEY: KEY }),
  path: '/v1/responses',
  published: { name: 'openai-responses' },
  key: { header: 'authorization', value: `Bearer ${KEY}`, status: 401 },
  schema,
  rules: [
    ({ stream }) => (stream ? undefined : 'This double only streams.'),
    refuseDanglingItems,
    refuseDanglingReasoning,
    refuseTools,
  ],
  error: openaiError,
  stream: (reply, turn) => streamResponse(MODEL, reply, turn),
});

/** Every call has an output, and every output a call before it. */
function refuseDanglingItems({ input }: Body): string | undefined {
  const open = new Set<string>();
  for (const item of input) {
    if (item.type === 'function_call') open.add(item.call_id);
    if (item.type === 'function_call_output' && !open.delete(item.call_id))
      return `No tool call found for function call output with call_id ${item.call_id}.`;
    if (item.type === undefined || item.type === 'message') if (item.role === 'user' && open.size > 0) break;
  }
  return open.size > 0 ? `No tool output found for function call ${[...open].join(', ')}.` : undefined;
}

/** A thought is followed by what it led to. */
function refuseDanglingReasoning({ input }: Body): string | undefined {
  const follower = (index: number) => input[index + 1]?.type;
  const dangling = input.find(
    (item, index) => item.type === 'reasoning' && !/^(?:message|function_call)$/.test(String(follower(index))),
  );
  return dangling && `Item '${dangling.id}' of type 'reasoning' was provided without its required following item.`;
}

function refuseTools({ tools }: Body): string | undefined {
  for (const { name, description, parameters } of tools ?? []) {
    const complaint = refuseForOpenAI({
      name,
      description: description ?? undefined,
      schema: parameters ?? undefined,
    });
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}
