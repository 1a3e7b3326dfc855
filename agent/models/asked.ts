// What a model was asked, in a form that is the same on every machine: roles, texts, calls and results, the tools with
// their schemas. No ids: they differ from run to run and mean nothing. Pure.

import { createHash } from 'node:crypto';
import type { BindToolsInput } from '@langchain/core/language_models/chat_models';
import { AIMessage, type BaseMessage, ToolMessage } from '@langchain/core/messages';
import { convertToOpenAITool } from '@langchain/core/utils/function_calling';
import * as z from 'zod';
import type { Scrub } from './scrub.ts';

const messageSchema = z.strictObject({
  role: z.string(),
  content: z.unknown(),
  calls: z.array(z.strictObject({ name: z.string(), args: z.unknown() })).optional(),
  /** Which call a result belongs to: its place among all calls of the conversation. */
  call: z.number().optional(),
  isError: z.literal(true).optional(),
});

export const askedSchema = z.strictObject({
  /** Names of the tools and a digest of what the model reads of them. */
  tools: z.record(z.string(), z.string()),
  messages: z.array(messageSchema),
});

export type Asked = z.output<typeof askedSchema>;

/** Brings messages and tools to that form, without secrets. */
export function describeAsked(messages: readonly BaseMessage[], tools: readonly BindToolsInput[], scrub: Scrub): Asked {
  const places = new Map<string, number>();
  const asked = {
    tools: Object.fromEntries(tools.map(describeTool).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    messages: messages.map((message) => describeMessage(message, places)),
  };
  return askedSchema.parse(JSON.parse(scrub(JSON.stringify(asked))));
}

/** The name under which a turn is found again. */
export function keyOf(label: string, asked: Asked): string {
  return digest({ label, asked });
}

/** What differs between a recorded turn and what is asked now, the first difference first. */
export function compareAsked(recorded: Asked, now: Asked): string[] {
  const names = [...new Set([...Object.keys(recorded.tools), ...Object.keys(now.tools)])].sort();
  const tools = names.flatMap((name) => {
    if (!(name in now.tools)) return [`tool ${name}: recorded, but not offered now`];
    if (!(name in recorded.tools)) return [`tool ${name}: offered now, but not recorded`];
    return recorded.tools[name] === now.tools[name] ? [] : [`tool ${name}: description or schema changed`];
  });
  const length = Math.max(recorded.messages.length, now.messages.length);
  const messages = Array.from({ length }, (_, index) => {
    const [before, after] = [recorded.messages[index], now.messages[index]];
    if (digest(before ?? null) === digest(after ?? null)) return [];
    const role = (after ?? before)?.role ?? '';
    return [`message ${index + 1} (${role}): recorded ${showMessage(before)}, now ${showMessage(after)}`];
  });
  return [...messages.flat(), ...tools];
}

/** JSON with sorted keys: the same value is the same text. */
export function stableJson(value: unknown, indent?: number): string {
  const sort = (_key: string, part: unknown): unknown =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, sort, indent);
}

function describeMessage(message: BaseMessage, places: Map<string, number>): z.input<typeof messageSchema> {
  const said = { role: message.type, content: describeContent(message.content) };
  if (AIMessage.isInstance(message) && message.tool_calls?.length) {
    for (const { id = '' } of message.tool_calls) places.set(id, places.size + 1);
    return { ...said, calls: message.tool_calls.map(({ name, args }) => ({ name, args })) };
  }
  if (!ToolMessage.isInstance(message)) return said;
  const call = places.get(message.tool_call_id);
  return {
    ...said,
    ...(call === undefined ? {} : { call }),
    ...(message.status === 'error' ? { isError: true as const } : {}),
  };
}

/** Without the blocks that repeat a call, since the calls have their own place, and without ids. */
function describeContent(content: BaseMessage['content']): unknown {
  if (typeof content === 'string') return content;
  const blocks = content.filter(({ type }) => !/^(?:tool_use|tool_call|functionCall|input_json_delta)$/.test(type));
  const texts = blocks.flatMap((block) =>
    block.type === 'text' && typeof block['text'] === 'string' ? [block['text']] : [],
  );
  // A text is the same text in one block or in several.
  return texts.length === blocks.length ? texts.join('') : blocks.map(({ id: _id, index: _index, ...block }) => block);
}

function describeTool(tool: BindToolsInput): [string, string] {
  const { function: declared } = convertToOpenAITool(tool);
  return [declared.name, digest(declared)];
}

function digest(value: unknown): string {
  return createHash('sha256').update(stableJson(value)).digest('hex').slice(0, 16);
}

function showMessage(message: Asked['messages'][number] | undefined): string {
  if (!message) return 'nothing';
  const said = message.calls ? stableJson(message.calls) : stableJson(message.content);
  return said.length > 160 ? `${said.slice(0, 157)}…` : said;
}
