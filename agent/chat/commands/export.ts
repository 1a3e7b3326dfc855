// `/export`: the conversation as a file. Never over a file that is there, and readable by its owner alone.

import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { visibleLine } from '../visible-text.ts';
import { type CommandContext, type CommandOutcome, text } from './command.ts';

type Message = Awaited<ReturnType<CommandContext['agent']['threads']['messages']>>[number];

export async function exportConversation(
  { agent, conversation }: CommandContext,
  words: readonly string[],
): Promise<CommandOutcome> {
  const [first = 'md', ...others] = words;
  const isFormat = first === 'md' || first === 'json';
  const format = isFormat ? first : first.endsWith('.json') ? 'json' : 'md';
  const { threadId } = conversation.session();
  const file = resolve((isFormat ? others : words).join(' ') || `conversation-${threadId.slice(0, 8)}.${format}`);
  const messages = await agent.threads.messages(threadId);
  if (messages.length === 0) return text('nothing was said yet');
  const content =
    format === 'json'
      ? `${JSON.stringify(messages.map(toOpenAi), undefined, 2)}\n`
      : messages.map(toMarkdown).join('\n');
  try {
    await writeFile(file, content, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'EEXIST') return text(`${visibleLine(file)} is there already; name another file`);
    return text(`cannot write ${visibleLine(file)}: ${visibleLine(error.message)}`);
  }
  return text(`wrote ${messages.length} messages to ${visibleLine(file)}`);
}

/** A message as OpenAI's chat completions have it. */
function toOpenAi(message: Message): Readonly<Record<string, unknown>> {
  const content = message.text;
  switch (message.getType()) {
    case 'human':
      return { role: 'user', content };
    case 'system':
      return { role: 'system', content };
    case 'tool':
      return { role: 'tool', tool_call_id: 'tool_call_id' in message ? message.tool_call_id : '', content };
    default: {
      const calls = toolCallsOf(message).map(({ id, name, args }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(args) },
      }));
      return { role: 'assistant', content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
    }
  }
}

function toMarkdown(message: Message): string {
  switch (message.getType()) {
    case 'human':
      return `## You\n\n${message.text}\n`;
    case 'tool':
      return `### Result of ${message.name ?? 'a tool'}\n\n${fenced(message.text, '')}\n`;
    case 'system':
      return `## System\n\n${message.text}\n`;
    default: {
      const calls = toolCallsOf(message).map(
        ({ name, args }) => `### Call of ${name}\n\n${fenced(JSON.stringify(args, undefined, 2), 'json')}\n`,
      );
      return [...(message.text === '' ? [] : [`## Agent\n\n${message.text}\n`]), ...calls].join('\n');
    }
  }
}

/** A fence that is longer than any inside. */
function fenced(content: string, language: string): string {
  const longest = Math.max(2, ...[...content.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${content}\n${fence}`;
}

interface Call {
  readonly id?: string;
  readonly name: string;
  readonly args: unknown;
}

function toolCallsOf(message: Message): readonly Call[] {
  // Messages of the type `ai` carry their calls so; the array is LangChain's own.
  return 'tool_calls' in message && Array.isArray(message.tool_calls) ? (message.tool_calls as Call[]) : [];
}
