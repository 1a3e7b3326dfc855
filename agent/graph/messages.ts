// Questions about a conversation that the graph and the session both ask, and the rule that every call has one answer. Pure.

import { randomUUID } from 'node:crypto';
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import type { ToolCall } from '@langchain/core/messages/tool';
import type { ToolCallError } from '../turn-events.ts';

/** What a ToolMessage's `artifact` holds: for people and scripts, never sent to a model. */
export interface ToolCallArtifact {
  readonly server: string;
  readonly durationMs: number;
  readonly structuredContent: unknown;
  readonly error: ToolCallError | undefined;
}

/** Ids of messages that the agent wrote in the person's place begin so. */
const OURS = 'agent-';

/** The tool calls of an AI message, or none. */
export function toolCallsOf(message: BaseMessage | undefined): ToolCall[] {
  return message && AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [];
}

/** The answer to a call that gave no result: providers refuse a thread in which one is missing. */
export function createFailedToolMessage(call: ToolCall, text: string, artifact?: ToolCallArtifact): ToolMessage {
  return new ToolMessage({ status: 'error', content: text, name: call.name, tool_call_id: call.id ?? '', artifact });
}

/** A message to the model that no person wrote: a summary, or what is wrong with an answer. */
export function createOwnMessage(text: string): HumanMessage {
  return new HumanMessage({ id: `${OURS}${randomUUID()}`, content: text });
}

export function isFromPerson(message: BaseMessage): boolean {
  return HumanMessage.isInstance(message) && !message.id?.startsWith(OURS);
}

/** Where the turn begins that the person's last message began. */
export function startOfTurn(messages: readonly BaseMessage[]): number {
  return Math.max(0, messages.findLastIndex(isFromPerson));
}

/** The calls that nobody has answered. */
export function openCallsOf(messages: readonly BaseMessage[]): ToolCall[] {
  const answered = new Set(
    messages.filter((message) => ToolMessage.isInstance(message)).map(({ tool_call_id }) => tool_call_id),
  );
  return messages.flatMap(toolCallsOf).filter(({ id }) => !answered.has(id ?? ''));
}

/**
 * The conversation with exactly one answer to each call, right after it, as every provider wants it; the same array if it
 * is so already. A process that was killed leaves calls open, and a tool that did not heed its cancellation answers twice.
 */
export function withAnsweredCalls(messages: readonly BaseMessage[]): BaseMessage[] {
  const answers = new Map<string, ToolMessage>();
  for (const message of messages)
    if (ToolMessage.isInstance(message) && !answers.has(message.tool_call_id))
      answers.set(message.tool_call_id, message);
  const whole = messages.flatMap((message) => {
    if (ToolMessage.isInstance(message)) return [];
    const calls = toolCallsOf(message);
    return [
      message,
      ...calls.map((call) => answers.get(call.id ?? '') ?? createFailedToolMessage(call, 'There is no result.')),
    ];
  });
  const isSame = whole.length === messages.length && whole.every((message, index) => message === messages[index]);
  return isSame ? [...messages] : whole;
}
