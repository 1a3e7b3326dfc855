// Google Gemini, POST /v1beta/models/{model}:streamGenerateContent?alt=sse. Source: schemas/google.json, opened on
// 2026-11-27; what holds between turns from its 400 answers ("Please ensure that the number of function response parts is
// equal to the number of function call parts of the function call turn", cloudwego/eino-ext issue 571: results in turns of
// their own are refused). The document says `id` of a call, which the package never sends back.

import * as z from 'zod';
import { createFormat, event, KEY, type Reply, SIGNATURE, USAGE, type WireFormat, wordsOf } from '../wire-format.ts';
import { refuseForGoogle } from './tool-schema-rules.ts';

const MODEL = 'gemini-2.5-flash';

const part = z.union([
  z.strictObject({
    text: z.string().min(1),
    thought: z.boolean().optional(),
    thoughtSignature: z.string().optional(),
  }),
  z.strictObject({ inlineData: z.strictObject({ mimeType: z.string(), data: z.string() }) }),
  z.strictObject({
    functionCall: z.strictObject({
      id: z.string().optional(),
      name: z.string(),
      args: z.record(z.string(), z.unknown()).optional(),
    }),
    thoughtSignature: z.string().optional(),
  }),
  z.strictObject({
    functionResponse: z.strictObject({
      id: z.string().optional(),
      name: z.string(),
      response: z.record(z.string(), z.unknown()),
    }),
  }),
]);
const turn = z.strictObject({ role: z.enum(['user', 'model']), parts: z.array(part).min(1) });

const schema = z.strictObject({
  contents: z.array(turn).min(1),
  systemInstruction: z.strictObject({ role: z.string().optional(), parts: z.array(part).min(1) }).optional(),
  tools: z
    .array(
      z.strictObject({
        functionDeclarations: z.array(
          z.strictObject({
            name: z.string(),
            description: z.string().min(1),
            parameters: z.record(z.string(), z.unknown()).optional(),
          }),
        ),
      }),
    )
    .optional(),
  toolConfig: z.unknown().optional(),
  safetySettings: z.array(z.unknown()).optional(),
  cachedContent: z.string().optional(),
  generationConfig: z
    .strictObject({
      temperature: z.number().optional(),
      topP: z.number().optional(),
      topK: z.number().optional(),
      maxOutputTokens: z.number().optional(),
      stopSequences: z.array(z.string()).optional(),
      candidateCount: z.number().optional(),
      responseMimeType: z.string().optional(),
      thinkingConfig: z.unknown().optional(),
    })
    .optional(),
});

type Body = z.output<typeof schema>;

export const google: WireFormat = createFormat<Body>({
  id: 'google',
  selection: { provider: 'google', model: MODEL, reason: 'LLM_MODEL' },
  contentType: 'text/event-stream',
  reasoning: { comesBackAs: SIGNATURE },
  environment: (origin) => ({ GOOGLE_BASE_URL: origin, GOOGLE_API_KEY: KEY }),
  path: `/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`,
  published: { name: 'google' },
  // A wrong key is a bad request to this vendor.
  key: {
    header: 'x-goog-api-key',
    value: KEY,
    status: 400,
    complaint: 'API key not valid. Please pass a valid API key.',
  },
  schema,
  rules: [refuseDanglingTurns, refuseTools],
  error: (status, message) => ({ error: { code: status, message, status: STATUSES[status] ?? 'INTERNAL' } }),
  retryLater: (seconds) => ({
    headers: {},
    body: {
      error: {
        code: 429,
        message: `Resource has been exhausted. Please retry in ${seconds}s.`,
        status: 'RESOURCE_EXHAUSTED',
        details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${seconds}s` }],
      },
    },
  }),
  stream: streamTurn,
});

const STATUSES: Readonly<Record<number, string>> = { 400: 'INVALID_ARGUMENT', 404: 'NOT_FOUND' };

/** The turn after calls is one turn with exactly their results. */
function refuseDanglingTurns({ contents }: Body): string | undefined {
  for (const [index, { role, parts }] of contents.entries()) {
    const before = contents[index - 1]?.parts ?? [];
    const called = before.flatMap((one) => ('functionCall' in one ? [one.functionCall.name] : []));
    const answered = parts.flatMap((one) => ('functionResponse' in one ? [one.functionResponse.name] : []));
    if (called.toSorted().join() !== answered.toSorted().join())
      return 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.';
    const calls = parts.some((one) => 'functionCall' in one);
    if (calls && role !== 'model') return 'Please use a valid role: function calls belong to the model.';
    if (calls && contents[index - 1]?.role !== 'user')
      return 'Please ensure that function call turn comes immediately after a user turn or after a function response turn.';
  }
  return contents.at(-1)?.parts.some((one) => 'functionCall' in one)
    ? 'Please ensure that a function response turn comes after the function call turn.'
    : undefined;
}

function refuseTools({ tools }: Body): string | undefined {
  for (const { name, description, parameters } of (tools ?? []).flatMap((tool) => tool.functionDeclarations)) {
    const complaint = refuseForGoogle({ name, description, schema: parameters });
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

/** Calls come whole, without ids, the first of several signed with what led to them, and the reason to stop is the same as for text. */
function streamTurn({ reasoning, text, calls }: Reply, turnNumber: number): string[] {
  const signed = reasoning === undefined ? {} : { thoughtSignature: SIGNATURE };
  const parts = [
    ...wordsOf(reasoning ?? '').map((word) => [{ text: word, thought: true }]),
    ...wordsOf(text ?? '').map((word) => [{ text: word }]),
    ...(calls
      ? [calls.map(({ name, args }, index) => ({ functionCall: { name, args }, ...(index === 0 ? signed : {}) }))]
      : []),
    [{ text: '' }],
  ];
  return parts.map((said, index) =>
    event({
      candidates: [
        {
          content: { role: 'model', parts: said },
          index: 0,
          ...(index === parts.length - 1 ? { finishReason: 'STOP' } : {}),
        },
      ],
      usageMetadata: {
        promptTokenCount: USAGE.input,
        candidatesTokenCount: Math.min(index + 1, USAGE.output),
        ...(index === parts.length - 1 ? { candidatesTokenCount: USAGE.output } : {}),
        totalTokenCount: USAGE.input + USAGE.output,
      },
      modelVersion: MODEL,
      responseId: `response-${turnNumber}`,
    }).replaceAll('\n', '\r\n'),
  );
}
