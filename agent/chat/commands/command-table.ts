// The table of all slash commands, from which help, completion and the guess at a slip are made.

import { nearestWord } from '../../nearest-word.ts';
import type { Completion } from '../line-editor.ts';
import { visibleLine } from '../visible-text.ts';
import { type Command, type CommandContext, type CommandOutcome, type CompletionContext, text } from './command.ts';
import { SERVER_COMMANDS } from './server-commands.ts';
import { SETTING_COMMANDS } from './setting-commands.ts';
import { THREAD_COMMANDS } from './thread-commands.ts';

const COMMANDS: readonly Command[] = [
  {
    name: '/help',
    usage: '[command]',
    description: 'commands and keys',
    run: help,
    complete: () => COMMANDS.map(({ name }) => name.slice(1)),
  },
  ...SERVER_COMMANDS,
  ...THREAD_COMMANDS,
  ...SETTING_COMMANDS,
  { name: '/quit', usage: '', description: 'leaves; so does Ctrl+D', run: async () => ({ type: 'quit' }) },
];

const KEYS: readonly (readonly [string, string])[] = [
  ['Enter', 'sends; while the agent works, it is kept and sent next'],
  ['\\ at the end', 'goes on with the request on the next line; a paste may have many lines'],
  ['Tab', 'completes commands, their arguments, tools and resources'],
  ['Up, Ctrl+R', 'earlier requests; Ctrl+R finds one by a part of it'],
  ['Ctrl+C', 'cancels the answer, or clears the line; twice on an empty line leaves'],
  ['Ctrl+L', 'clears the screen'],
];

/** The command word of a line and what follows it, or `undefined` if the line is a request. `/etc/hosts` is no command. */
export function parseCommand(line: string): { readonly word: string; readonly rest: string } | undefined {
  const [, word, rest = ''] = /^(\/[\w-]*)(?:[ \t]+(.*))?$/.exec(line.trimEnd()) ?? [];
  return word === undefined ? undefined : { word, rest: rest.trim() };
}

/**
 * Runs a command; of an unknown one it says so, and names the nearest that exists.
 *
 * @throws {AgentError} what the agent throws
 */
export async function runCommand(
  line: { readonly word: string; readonly rest: string },
  context: CommandContext,
): Promise<CommandOutcome> {
  const { word, rest } = line;
  const command = COMMANDS.find(({ name }) => name === word);
  if (command !== undefined) return command.run(context, rest.split(/\s+/).filter(Boolean), rest);
  const names = COMMANDS.map(({ name }) => name.slice(1));
  const nearest = nearestWord(word.slice(1), names);
  const guess = nearest === undefined ? '' : ` did you mean /${nearest}?`;
  return text(`unknown command ${visibleLine(word)};${guess} /help lists all`);
}

/**
 * Completes the last word of a line, in the form readline wants: candidates, and the part that they replace. Words of a
 * request are completed too: names of tools, addresses of resources.
 */
export function completeLine(line: string, context: CompletionContext): Completion | Promise<Completion> {
  const [, before = '', last = ''] = /^(.*?)(\S*)$/s.exec(line) ?? [];
  if (before === '' && last.startsWith('/')) {
    const names = COMMANDS.filter(({ name }) => name.startsWith(last));
    return fitting(
      names.map(({ name }) => name),
      last,
      names[0]?.usage === '' ? '' : ' ',
    );
  }
  const [word = '', ...words] = before.split(/\s+/).filter(Boolean);
  if (word.startsWith('/')) {
    const command = COMMANDS.find(({ name }) => name === word);
    const candidates = command?.complete?.(context, words, last) ?? [];
    return candidates instanceof Promise ? candidates.then((found) => fitting(found, last)) : fitting(candidates, last);
  }
  if (last.length < 2) return [[], last];
  const { servers } = context.agent;
  const tools = servers.tools().map(({ name }) => name);
  if (!last.includes(':')) return fitting(tools, last);
  return servers.resources().then((resources) =>
    fitting(
      resources.map(({ uri }) => uri),
      last,
    ),
  );
}

/** Those that begin with `last`; names that could not be printed as they are complete nothing. */
function fitting(candidates: readonly string[], last: string, suffix = ''): Completion {
  const words = [...new Set(candidates)].filter((one) => one.startsWith(last) && !/[\p{Cc}\p{Cf}\s]/u.test(one));
  return [words.length === 1 ? words.map((word) => (/[=:]$/.test(word) ? word : word + suffix)) : words, last];
}

async function help({ paint }: CommandContext, [wanted]: readonly string[]): Promise<CommandOutcome> {
  const command = COMMANDS.find(({ name }) => name === wanted || name === `/${wanted}`);
  if (command !== undefined)
    return text(`${paint('strong', `${command.name} ${command.usage}`.trim())}  ${command.description}`);
  const rows = [...COMMANDS.map(({ name, description }) => [name, description] as const), ...KEYS];
  const width = Math.max(...rows.map(([key]) => key.length));
  return text(
    'Say what you want in your own words; the agent uses the tools of its servers for it.',
    ...rows.map(([key, about]) => `${paint('strong', key.padEnd(width))}  ${about}`),
    paint('dim', '/help COMMAND shows what may follow it'),
  );
}
