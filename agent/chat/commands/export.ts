// `/export`: the conversation as a file. Never over a file that is there, and readable by its owner alone.

import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { plural } from '../../plural.ts';
import { toMarkdown, toOpenAiMessages } from '../../threads/export.ts';
import { visibleLine } from '../visible-text.ts';
import { type CommandContext, type CommandOutcome, text } from './command.ts';

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
  const thread = await agent.threads.find(threadId);
  if (messages.length === 0 || thread === undefined) return text('nothing was said yet');
  const content =
    format === 'json' ? `${JSON.stringify(toOpenAiMessages(messages), undefined, 2)}\n` : toMarkdown(thread, messages);
  try {
    await writeFile(file, content, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'EEXIST') return text(`${visibleLine(file)} is there already; name another file`);
    return text(`cannot write ${visibleLine(file)}: ${visibleLine(error.message)}`);
  }
  return text(`wrote ${plural(messages.length, 'message')} to ${visibleLine(file)}`);
}
