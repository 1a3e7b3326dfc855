// Commands about conversations: which there are, which one this is, what it used, and what of it can be taken away.

import { AgentError } from '../../errors.ts';
import { plural } from '../../plural.ts';
import type { ThreadSummary } from '../../threads/thread-store.ts';
import type { ModelUsage } from '../conversation.ts';
import { tokensText } from '../turn-lines.ts';
import { cutToWidth, visibleLine, visibleText } from '../visible-text.ts';
import { type Command, type CommandContext, type CommandOutcome, type CompletionContext, text } from './command.ts';
import { exportConversation } from './export.ts';

const LISTED = 20;
/** Enough of an id to tell threads apart; every command takes beginnings. */
const SHORT_ID = 8;

export const THREAD_COMMANDS: readonly Command[] = [
  {
    name: '/threads',
    usage: '[delete id]',
    description: 'the conversations that are kept, newest first',
    run: threads,
    complete: (context, words) => (words.length === 0 ? ['delete'] : threadIds(context)),
  },
  {
    name: '/resume',
    usage: '[id]',
    description: 'goes on with a conversation; without an id, with the latest other one',
    run: resume,
    complete: threadIds,
  },
  { name: '/new', usage: '', description: 'begins a new conversation', run: begin },
  { name: '/compact', usage: '', description: 'sums up the older part of the conversation now', run: compact },
  { name: '/usage', usage: '', description: 'tokens and cost of this conversation', run: usage },
  {
    name: '/export',
    usage: '[md|json] [file]',
    description: 'writes the conversation to a file: Markdown, or messages as OpenAI has them',
    run: (context, words) => exportConversation(context, words),
    complete: (_context, words) => (words.length === 0 ? ['md', 'json'] : []),
  },
];

async function threads(context: CommandContext, [word, id]: readonly string[]): Promise<CommandOutcome> {
  const { agent, conversation, paint, columns, now } = context;
  if (word === 'delete') return remove(context, id);
  if (word !== undefined) return text('/threads lists, /threads delete ID deletes');
  const list = await agent.threads.list(LISTED);
  if (list.length === 0) return text('no conversation is kept yet');
  return text(
    ...list.map((thread) => {
      const mark = thread.id === conversation.session().threadId ? paint('good', '●') : ' ';
      const about = `${plural(thread.turns, 'turn')} · ${visibleLine(thread.model)} · ${agoText(thread.updatedAtMs, now())}`;
      const room = Math.max(columns - SHORT_ID - about.length - 6, 10);
      return `${mark} ${paint('strong', visibleLine(thread.id.slice(0, SHORT_ID)))} ${cutToWidth(visibleLine(thread.title), room)} ${paint('dim', `· ${about}`)}`;
    }),
  );
}

async function remove({ agent, conversation }: CommandContext, id: string | undefined): Promise<CommandOutcome> {
  if (id === undefined) return text('which one? /threads lists them');
  const thread = await agent.threads.find(id);
  if (thread === undefined) return text(notFound(id));
  if (thread.id === conversation.session().threadId) return text('this is the conversation you are in: /new first');
  await agent.threads.delete(thread.id);
  return text(`deleted ${visibleLine(thread.title)}`);
}

async function resume(context: CommandContext, [id]: readonly string[]): Promise<CommandOutcome> {
  const { agent, conversation } = context;
  const current = conversation.session().threadId;
  const thread =
    id === undefined ? (await agent.threads.list(2)).find((one) => one.id !== current) : await agent.threads.find(id);
  if (thread === undefined) return text(id === undefined ? 'there is no other conversation' : notFound(id));
  conversation.begin(thread.id);
  return text(await resumedText(context, thread));
}

/** What a person needs to go on: which conversation it is, and how it ended. */
export async function resumedText(
  { agent, paint, columns, now }: Pick<CommandContext, 'agent' | 'paint' | 'columns' | 'now'>,
  thread: ThreadSummary,
): Promise<string> {
  const messages = await agent.threads.messages(thread.id);
  const lastOf = (type: string) =>
    messages.findLast((message) => message.getType() === type && message.text !== '')?.text ?? '';
  const lines = [
    paint(
      'dim',
      `going on with "${visibleLine(thread.title)}" · ${plural(thread.turns, 'turn')} · ${agoText(thread.updatedAtMs, now())}`,
    ),
    ...[`› ${lastOf('human')}`, lastOf('ai')].map((line) => paint('dim', cutToWidth(visibleLine(line), columns))),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

async function begin({ conversation }: CommandContext): Promise<CommandOutcome> {
  conversation.begin();
  return text('a new conversation');
}

async function compact({ conversation, signal }: CommandContext): Promise<CommandOutcome> {
  const done = await conversation.session().compact(signal);
  return text(done === undefined ? 'there is nothing to sum up yet' : visibleText(done));
}

async function usage({ conversation }: CommandContext): Promise<CommandOutcome> {
  const used = conversation.usage();
  if (used.length === 0) return text('nothing was used yet');
  return text(...used.map((one) => `${visibleLine(one.model)} · ${plural(one.turns, 'turn')} · ${usedText(one)}`));
}

function usedText(used: ModelUsage): string {
  return used.inputTokens + used.outputTokens === 0 ? 'reports no tokens' : tokensText(used);
}

/** The thread to go on with at the start of a chat. */
export async function findThread(
  agent: CommandContext['agent'],
  wanted: { readonly latest: true } | { readonly id: string },
): Promise<ThreadSummary | undefined> {
  if ('latest' in wanted) return (await agent.threads.list(1))[0];
  const thread = await agent.threads.find(wanted.id);
  if (thread === undefined) throw new AgentError('usage', notFound(wanted.id));
  return thread;
}

async function threadIds({ agent }: CompletionContext): Promise<readonly string[]> {
  return (await agent.threads.list(LISTED)).map(({ id }) => id.slice(0, SHORT_ID));
}

function notFound(id: string): string {
  return `no conversation has an id that begins with ${visibleLine(id)}, or several have; /threads lists them`;
}

function agoText(atMs: number, nowMs: number): string {
  const minutes = Math.max(Math.round((nowMs - atMs) / 60_000), 0);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.round(hours / 24)} days ago`;
}
