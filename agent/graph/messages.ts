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

/** Gives the calls of a message ids of their own where they have none, or the same one twice: answers are matched by them. */
export function giveDistinctIds(message: AIMessage): void {
  const calls = message.tool_calls ?? [];
  const isFirst = ({ id }: ToolCall, index: number) => id && calls.findIndex((other) => other.id === id) === index;
  if (!calls.every(isFirst))
    message.tool_calls = calls.map((call, index) => (isFirst(call, index) ? call : { ...call, id: randomUUID() }));
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
  return [...matchAnswers(messages).values()].flat().flatMap(({ call, answer }) => (answer ? [] : [call]));
}

/**
 * The conversation with exactly one answer to each call, right after it, as every provider wants it. A process that was
 * killed leaves calls open, and a tool that did not heed its cancellation answers twice.
 */
export function withAnsweredCalls(messages: readonly BaseMessage[]): BaseMessage[] {
  const matches = matchAnswers(messages);
  return messages.flatMap((message) => {
    if (ToolMessage.isInstance(message)) return [];
    const answered = matches.get(message) ?? [];
    return [
      message,
      ...answered.map(({ call, answer }) => answer ?? createFailedToolMessage(call, 'There is no result.')),
    ];
  });
}

interface Match {
  readonly call: ToolCall;
  answer: ToolMessage | undefined;
}

/** The calls of each message with their answers. An id is the latest call's of that id: some servers begin to count anew. */
function matchAnswers(messages: readonly BaseMessage[]): ReadonlyMap<BaseMessage, readonly Match[]> {
  const matches = new Map<BaseMessage, readonly Match[]>();
  const latest = new Map<string, Match>();
  for (const message of messages) {
    if (ToolMessage.isInstance(message)) {
      const match = latest.get(message.tool_call_id);
      if (match) match.answer ??= message;
      continue;
    }
    const made = toolCallsOf(message).map((call): Match => ({ call, answer: undefined }));
    for (const match of made) latest.set(match.call.id ?? '', match);
    if (made.length > 0) matches.set(message, made);
  }
  return matches;
}
