// Mistral, POST /v1/chat/completions. Source: schemas/mistral.json; the order of roles from its 400 answers
// ("Unexpected role 'user' after role 'tool'", code 3230; "Not the same number of function calls and responses", 3230).

import * as z from 'zod';
import { createFormat, KEY, type WireFormat } from '../wire-format.ts';
import {
  type ChatBody,
  chatMessagesSchema,
  chatToolsSchema,
  refuseDanglingCalls,
  refuseTools,
  refuseWhole,
} from './chat-messages.ts';
import { streamChat } from './chat-stream.ts';
import { refuseForMistral } from './tool-schema-rules.ts';

const MODEL = 'mistral-large-latest';
const number = z.number().nullish();

const schema = z.strictObject({
  model: z.string(),
  messages: z.preprocess(
    withoutIndex,
    chatMessagesSchema({ prefix: z.boolean().optional() }, { name: z.string().nullish() }),
  ),
  tools: chatToolsSchema.nullish(),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: z.boolean().optional(),
  stream: z.boolean(),
  temperature: z.number().min(0).max(1.5).nullish(),
  top_p: number,
  max_tokens: number,
  random_seed: number,
  n: number,
  presence_penalty: z.number().min(-2).max(2).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  response_format: z.unknown().optional(),
  prediction: z.unknown().optional(),
  reasoning_effort: z.string().nullish(),
  prompt_mode: z.string().nullish(),
  safe_prompt: z.boolean().optional(),
});

export const mistral: WireFormat = createFormat<ChatBody>({
  id: 'mistral',
  selection: { provider: 'mistral', model: MODEL, reason: 'LLM_MODEL' },
  contentType: 'text/event-stream; charset=utf-8',
  reasoning: 'plain',
  environment: (origin) => ({ MISTRAL_BASE_URL: origin, MISTRAL_API_KEY: KEY }),
  path: '/v1/chat/completions',
  key: { header: 'authorization', value: `Bearer ${KEY}`, status: 401 },
  schema,
  schemaStatus: 422,
  published: { name: 'mistral' },
  rules: [refuseWhole, refuseRoleOrder, refuseCallIds, refuseDanglingCalls, refuseTools(refuseForMistral)],
  error: (status, message) =>
    status === 401
      ? { detail: 'Unauthorized' }
      : { object: 'error', message, type: 'invalid_request_error', param: null, code: null },
  stream: (reply, turn) =>
    streamChat({ model: MODEL, usage: 'last', wholeCalls: true, callId: nineCharacters, thought }, reply, turn),
});

/** Its SDK numbers the calls of a request, which the vendor's schema knows. */
function withoutIndex(messages: unknown): unknown {
  return JSON.parse(JSON.stringify(messages), (key, value) => (key === 'index' ? undefined : value));
}

function refuseRoleOrder({ messages }: ChatBody): string | undefined {
  for (const [index, { role }] of messages.entries()) {
    const before = messages[index - 1]?.role;
    if (role === 'user' && before === 'tool') return `Unexpected role 'user' after role 'tool'`;
    if (role === 'tool' && before === 'user') return `Unexpected role 'tool' after role 'user'`;
    if (role === 'system' && before === 'assistant') return `Unexpected role 'system' after role 'assistant'`;
  }
  const last = messages.at(-1)?.role;
  return last === 'user' || last === 'tool'
    ? undefined
    : `Expected last role User or Tool (or Assistant with prefix True) for serving but got ${last}`;
}

function refuseCallIds({ messages }: ChatBody): string | undefined {
  const ids = messages.flatMap((message) =>
    message.role === 'tool'
      ? [message.tool_call_id]
      : message.role === 'assistant'
        ? (message.tool_calls ?? []).map(({ id }) => id)
        : [],
  );
  const wrong = ids.find((id) => !/^[a-zA-Z0-9]{9}$/.test(id));
  return wrong === undefined ? undefined : `Tool call id was ${wrong} but must be a-z, A-Z, 0-9, with a length of 9.`;
}

function nineCharacters(turn: number, index: number): string {
  return `c${String(turn).padStart(4, '0')}x${String(index).padStart(3, '0')}`;
}

/** ThinkChunk of the vendor's document: a list in the place of the text. */
function thought(text: string): object {
  return { content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] };
}
