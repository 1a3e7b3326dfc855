// Ollama, POST /api/chat. Source: schemas/ollama.json, and docs/openapi.yaml and api/types.go of ollama/ollama, opened on
// 2026-11-27. The server ignores fields that it does not know and answers to calls that nobody made; this double does not,
// so that a slip shows. It has no keys, streams lines of JSON, and sends each call whole in a line of its own.

import * as z from 'zod';
import { createFormat, type Reply, USAGE, type WireFormat, wordsOf } from '../wire-format.ts';
import { refuseForMistral } from './tool-schema-rules.ts';

const MODEL = 'qwen3:8b';

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  thinking: z.string().optional(),
  images: z.array(z.base64()).optional(),
  tool_name: z.string().optional(),
  tool_call_id: z.string().optional(),
  tool_calls: z
    .array(
      z.strictObject({
        id: z.string().optional(),
        type: z.literal('function').optional(),
        // An object here, where others want a text.
        function: z.strictObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }),
      }),
    )
    .optional(),
});

const schema = z.strictObject({
  model: z.string(),
  messages: z.array(message).min(1),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({
          name: z.string(),
          description: z.string().optional(),
          parameters: z.looseObject({
            type: z.literal('object'),
            required: z.array(z.string()).optional(),
            properties: z.record(z.string(), z.looseObject({ description: z.string().optional() })).optional(),
          }),
        }),
      }),
    )
    .optional(),
  stream: z.boolean().optional(),
  format: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  options: z.record(z.string(), z.unknown()).optional(),
  keep_alive: z.union([z.string(), z.number()]).optional(),
  think: z.union([z.boolean(), z.string()]).optional(),
});

type Body = z.output<typeof schema>;

export const ollama: WireFormat = createFormat<Body>({
  id: 'ollama',
  selection: { provider: 'ollama', model: MODEL, reason: 'LLM_MODEL' },
  contentType: 'application/x-ndjson',
  reasoning: 'plain',
  environment: (origin) => ({ OLLAMA_HOST: origin }),
  path: '/api/chat',
  // The server hands out ids itself, and passes over what it does not know.
  published: { name: 'ollama', alsoTakes: { ToolCall: { id: { type: 'string' }, type: { const: 'function' } } } },
  key: undefined,
  schema,
  rules: [({ stream }) => (stream === false ? 'This double only streams.' : undefined), refuseDangling, refuseTools],
  error: (_status, text) => ({ error: text }),
  stream: streamLines,
});

/** As many results after a message as it has calls. */
function refuseDangling({ messages }: Body): string | undefined {
  let open = 0;
  for (const [index, { role, tool_calls = [] }] of messages.entries()) {
    if (role === 'tool') {
      if (open === 0) return `messages[${index}]: a result without a call`;
      open -= 1;
    } else if (open > 0) return `messages[${index}]: ${open} calls have no result`;
    else open = tool_calls.length;
  }
  return open > 0 ? `${open} calls have no result` : undefined;
}

function refuseTools({ tools }: Body): string | undefined {
  for (const { function: declared } of tools ?? []) {
    const complaint = refuseForMistral({ ...declared, schema: declared.parameters });
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function streamLines({ reasoning, text, calls }: Reply): string[] {
  const line = (said: object, more: object = { done: false }) =>
    `${JSON.stringify({
      model: MODEL,
      created_at: '2026-11-23T00:00:00.000Z',
      message: { role: 'assistant', content: '', ...said },
      ...more,
    })}\n`;
  return [
    ...wordsOf(reasoning ?? '').map((thinking) => line({ thinking })),
    ...wordsOf(text ?? '').map((content) => line({ content })),
    ...(calls ?? []).map(({ name, args }, index) =>
      line({ tool_calls: [{ id: `call_${index}`, function: { index, name, arguments: args } }] }),
    ),
    line(
      {},
      {
        done: true,
        done_reason: 'stop',
        total_duration: 1,
        load_duration: 1,
        prompt_eval_count: USAGE.input,
        prompt_eval_duration: 1,
        eval_count: USAGE.output,
        eval_duration: 1,
      },
    ),
  ];
}
