// Amazon Bedrock, POST /model/{modelId}/converse-stream with a Bedrock API key. Source: ConverseStreamRequest and
// ConverseStreamOutput of AWS's model of the service, as generated into @aws-sdk/client-bedrock-runtime (models_0), read
// 2026-11-27; AWS publishes no OpenAPI document of it. What holds between messages is Anthropic's, from the 400 answers
// that Bedrock passes on ("Expected toolResult blocks at messages.2.content for the following Ids").

import * as z from 'zod';
import { createFormat, halvesOf, KEY, type Reply, SIGNATURE, USAGE, type WireFormat, wordsOf } from '../wire-format.ts';
import { encodeEvent } from './aws-event-stream.ts';
import { refuseForAnthropic } from './tool-schema-rules.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const TOOL_ID = /^[a-zA-Z0-9_-]{1,64}$/;

const text = z.strictObject({ text: z.string().min(1) });
const image = z.strictObject({
  image: z.strictObject({
    format: z.enum(['png', 'jpeg', 'gif', 'webp']),
    source: z.strictObject({ bytes: z.base64() }),
  }),
});
const reasoningContent = z.strictObject({
  reasoningContent: z.strictObject({
    reasoningText: z.strictObject({ text: z.string(), signature: z.literal(SIGNATURE) }),
  }),
});
const toolUse = z.strictObject({
  toolUse: z.strictObject({
    toolUseId: z.string().regex(TOOL_ID),
    name: z.string().regex(TOOL_ID),
    input: z.record(z.string(), z.unknown()),
  }),
});
const toolResult = z.strictObject({
  toolResult: z.strictObject({
    toolUseId: z.string().regex(TOOL_ID),
    content: z.array(z.union([text, image, z.strictObject({ json: z.unknown() })])),
    status: z.enum(['success', 'error']).optional(),
  }),
});

const schema = z.strictObject({
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant']),
        content: z.array(z.union([text, image, reasoningContent, toolUse, toolResult])).min(1),
      }),
    )
    .min(1),
  system: z.array(text).optional(),
  inferenceConfig: z
    .strictObject({
      maxTokens: z.int().min(1).optional(),
      temperature: z.number().min(0).max(1).optional(),
      topP: z.number().min(0).max(1).optional(),
      stopSequences: z.array(z.string()).optional(),
    })
    .optional(),
  toolConfig: z
    .strictObject({
      tools: z
        .array(
          z.strictObject({
            toolSpec: z.strictObject({
              name: z.string(),
              description: z.string().min(1).optional(),
              inputSchema: z.strictObject({ json: z.record(z.string(), z.unknown()) }),
            }),
          }),
        )
        .min(1),
      toolChoice: z.unknown().optional(),
    })
    .optional(),
  additionalModelRequestFields: z.unknown().optional(),
  additionalModelResponseFieldPaths: z.array(z.string()).optional(),
});

type Body = z.output<typeof schema>;

export const bedrock: WireFormat = createFormat<Body>({
  id: 'bedrock',
  selection: { provider: 'bedrock', model: MODEL, reason: 'LLM_MODEL' },
  contentType: 'application/vnd.amazon.eventstream',
  reasoning: { comesBackAs: SIGNATURE },
  environment: (origin) => ({ BEDROCK_BASE_URL: origin, AWS_BEARER_TOKEN_BEDROCK: KEY }),
  path: `/model/${encodeURIComponent(MODEL)}/converse-stream`,
  key: { header: 'authorization', value: `Bearer ${KEY}`, status: 403 },
  schema,
  published: undefined,
  rules: [refuseDanglingBlocks, refuseTools],
  error: (status, message) => ({ message, __type: ERROR_TYPES[status] ?? 'InternalServerException' }),
  stream: streamMessages,
});

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  429: 'ThrottlingException',
};

/** The message after calls has exactly their results. */
function refuseDanglingBlocks({ messages }: Body): string | undefined {
  let called: string[] = [];
  for (const [index, { role, content }] of messages.entries()) {
    const answered = content.flatMap((block) => ('toolResult' in block ? [block.toolResult.toolUseId] : []));
    if (called.toSorted().join() !== answered.toSorted().join())
      return `Expected toolResult blocks at messages.${index}.content for the following Ids: ${called.join(', ')}`;
    called = content.flatMap((block) => ('toolUse' in block ? [block.toolUse.toolUseId] : []));
    if (messages[index - 1]?.role === role) return 'A conversation must alternate between user and assistant roles.';
  }
  return called.length > 0 ? 'Expected toolResult blocks after the last message.' : undefined;
}

function refuseTools({ toolConfig }: Body): string | undefined {
  for (const { toolSpec } of toolConfig?.tools ?? []) {
    const { name, description, inputSchema } = toolSpec;
    const complaint = refuseForAnthropic({ name, description, schema: inputSchema.json });
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

type Event = readonly [type: string, payload: object];

function streamMessages({ reasoning, text: said, calls }: Reply, turn: number): Uint8Array[] {
  const blocks: Event[][] = [
    ...(reasoning === undefined ? [] : [reasoningBlock(reasoning)]),
    ...(said === undefined ? [] : [wordsOf(said).map((word): Event => delta({ text: word }))]),
    ...(calls ?? []).map(({ name, args }, index): Event[] => [
      ['contentBlockStart', { start: { toolUse: { toolUseId: `tooluse_${turn}_${index}`, name } } }],
      ...halvesOf(args).map((input) => delta({ toolUse: { input } })),
    ]),
  ];
  const usage = { inputTokens: USAGE.input, outputTokens: USAGE.output, totalTokens: USAGE.input + USAGE.output };
  const events: Event[] = [
    ['messageStart', { role: 'assistant' }],
    ...blocks.flatMap((block, contentBlockIndex): Event[] => [
      ...block.map(([type, payload]): Event => [type, { ...payload, contentBlockIndex }]),
      ['contentBlockStop', { contentBlockIndex }],
    ]),
    ['messageStop', { stopReason: calls ? 'tool_use' : 'end_turn' }],
    ['metadata', { usage, metrics: { latencyMs: 1 } }],
  ];
  return events.map(([type, payload]) => encodeEvent(type, payload));
}

function delta(part: object): Event {
  return ['contentBlockDelta', { delta: part }];
}

function reasoningBlock(reasoning: string): Event[] {
  return [
    ...wordsOf(reasoning).map((word) => delta({ reasoningContent: { text: word } })),
    delta({ reasoningContent: { signature: SIGNATURE } }),
  ];
}
