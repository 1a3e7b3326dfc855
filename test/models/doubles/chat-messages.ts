// The messages of the chat-completions family as a request carries them, and the rules that hold between them. OpenAI's
// own form; vendors that differ extend it. Source: CreateChatCompletionRequest of OpenAI's OpenAPI document, as
// generated into openai 7.57.0 (resources/chat/completions), read 2026-11-23.

import * as z from 'zod';
import type { DeclaredTool } from './tool-schema-rules.ts';

const text = z.union([
  z.string(),
  z.array(z.strictObject({ type: z.literal('text'), text: z.string().min(1) })).min(1),
]);
const image = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: z.string(), detail: z.enum(['auto', 'low', 'high']).optional() }),
});
const toolCall = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});

/** Messages of OpenAI; `assistant` and `tool` have the fields that a vendor adds to them. */
export function chatMessagesSchema(assistant: z.ZodRawShape = {}, tool: z.ZodRawShape = {}) {
  return z
    .array(
      z.discriminatedUnion('role', [
        z.strictObject({ role: z.enum(['system', 'developer']), content: text, name: z.string().optional() }),
        z.strictObject({
          role: z.literal('user'),
          content: z.union([
            text,
            z.array(z.union([z.strictObject({ type: z.literal('text'), text: z.string() }), image])),
          ]),
          name: z.string().optional(),
        }),
        z.strictObject({
          role: z.literal('assistant'),
          content: z.union([text, z.null()]).optional(),
          tool_calls: z.array(toolCall).min(1).optional(),
          refusal: z.string().nullish(),
          name: z.string().optional(),
          ...assistant,
        }),
        z.strictObject({ role: z.literal('tool'), content: text, tool_call_id: z.string(), ...tool }),
      ]),
    )
    .min(1);
}

export type ChatMessages = z.output<ReturnType<typeof chatMessagesSchema>>;

/** A function as the chat-completions family declares it. */
export const chatToolsSchema = z
  .array(
    z.strictObject({
      type: z.literal('function'),
      function: z.strictObject({
        name: z.string(),
        description: z.string().optional(),
        parameters: z.record(z.string(), z.unknown()).optional(),
        strict: z.boolean().nullish(),
      }),
    }),
  )
  .max(128);

export interface ChatBody {
  readonly messages: ChatMessages;
  readonly tools?: z.output<typeof chatToolsSchema> | null | undefined;
  readonly stream?: boolean | null | undefined;
}

/** Every call is answered directly after it, and nothing is answered that was not called. */
export function refuseDanglingCalls({ messages }: ChatBody): string | undefined {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id))
        return `Invalid parameter: messages[${index}] with role 'tool' must be a response to a preceding message with 'tool_calls'.`;
      continue;
    }
    if (open.size > 0) return describeOpen(open);
    if (message.role !== 'assistant') continue;
    if (!message.tool_calls && message.content == null)
      return `Invalid value for 'content': expected a string, got null (messages[${index}]).`;
    for (const call of message.tool_calls ?? []) {
      try {
        JSON.parse(call.function.arguments);
      } catch {
        return `Invalid arguments of call ${call.id}: not JSON.`;
      }
    }
    open = new Set(message.tool_calls?.map(({ id }) => id));
    if (open.size !== (message.tool_calls?.length ?? 0)) return `Duplicate tool call ids in messages[${index}].`;
  }
  return open.size > 0 ? describeOpen(open) : undefined;
}

function describeOpen(open: ReadonlySet<string>): string {
  return `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(', ')}`;
}

/** Applies one vendor's rule to every tool of a body. */
export function refuseTools(rule: (tool: DeclaredTool) => string | undefined): (body: ChatBody) => string | undefined {
  return ({ tools }) => {
    for (const { function: declared } of tools ?? []) {
      const complaint = rule({ ...declared, schema: declared.parameters });
      if (complaint !== undefined) return complaint;
    }
    return undefined;
  };
}

/** The doubles stream; who asks for a whole message gets none. */
export function refuseWhole({ stream }: ChatBody): string | undefined {
  return stream ? undefined : 'This double only streams.';
}
