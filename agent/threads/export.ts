// A conversation for others to read: Markdown for people, OpenAI-style messages for programs. Pure.
//
// Conversations hold what people, models and tools said. Tokens and keys are in none of it: they travel in headers, which no
// message is made from.

import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import type { ToolCall } from '@langchain/core/messages/tool';
import type { ThreadSummary } from './thread-store.ts';

/** A message as OpenAI's chat completions take it. */
export type OpenAiMessage =
  | { readonly role: 'user' | 'system'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string | null; readonly tool_calls?: readonly OpenAiToolCall[] }
  | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string };

interface OpenAiToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** The conversation as messages that can be sent to a model again. Images and other blocks are left out. */
export function toOpenAiMessages(messages: readonly BaseMessage[]): OpenAiMessage[] {
  return messages.map((message): OpenAiMessage => {
    if (ToolMessage.isInstance(message))
      return { role: 'tool', tool_call_id: message.tool_call_id, content: message.text };
    if (!AIMessage.isInstance(message))
      return { role: HumanMessage.isInstance(message) ? 'user' : 'system', content: message.text };
    const calls = (message.tool_calls ?? []).map(toOpenAiCall);
    return {
      role: 'assistant',
      content: message.text === '' && calls.length > 0 ? null : message.text,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    };
  });
}

function toOpenAiCall({ id = '', name, args }: ToolCall): OpenAiToolCall {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(args) } };
}

/** The conversation as Markdown: a heading for each request, calls with their results in code blocks. */
export function toMarkdown(thread: ThreadSummary, messages: readonly BaseMessage[]): string {
  const results = new Map(
    messages
      .filter((message) => ToolMessage.isInstance(message))
      .map((message) => [message.tool_call_id, message] as const),
  );
  const date = new Date(thread.createdAtMs).toISOString();
  const sections = messages.flatMap((message) => {
    if (ToolMessage.isInstance(message)) return [];
    if (!AIMessage.isInstance(message)) return [`## User\n\n${message.text}`];
    const calls = (message.tool_calls ?? []).map((call) => describeCall(call, results.get(call.id ?? '')));
    const text = message.text === '' ? [] : [`## Assistant\n\n${message.text}`];
    return [...text, ...calls];
  });
  return `${[`# ${escapeLine(thread.title)}`, `${date} · ${escapeLine(thread.model)} · ${thread.id}`, ...sections].join('\n\n')}\n`;
}

function describeCall({ name, args }: ToolCall, result: ToolMessage | undefined): string {
  const outcome = result?.status === 'error' ? 'failed' : 'gave';
  return [
    `### Tool ${code(name)}`,
    fenced(JSON.stringify(args, undefined, 2), 'json'),
    ...(result ? [`${outcome}:`, fenced(result.text)] : ['has no result.']),
  ].join('\n\n');
}

/** A fence longer than any in the text, so that nothing in it ends the block. */
function fenced(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}

function escapeLine(text: string): string {
  return text.replace(/[\\`*_[\]<>#]/g, '\\$&');
}
