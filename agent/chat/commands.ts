// The slash commands: one table, from which help, completion and the guess at a slip are made. Commands only return text;
// the chat prints it.

import type { Paint } from './terminal.ts';
import { cutToWidth, visibleLine } from './visible-text.ts';

/** A tool as `/tools` lists it. Everything but `server` is the server's to choose. */
export interface ChatTool {
  readonly name: string;
  readonly server: string;
  readonly description: string;
  /** Scopes that a call needs; may be empty. */
  readonly scopes: readonly string[];
}

/** What commands may look at. */
export interface CommandContext {
  readonly tools: () => readonly ChatTool[];
  readonly paint: Paint;
  readonly columns: number;
}

export type CommandOutcome = { readonly type: 'text'; readonly text: string } | { readonly type: 'quit' };

interface Command {
  readonly name: string;
  readonly description: string;
  readonly run: (context: CommandContext) => CommandOutcome;
}

const COMMANDS: readonly Command[] = [
  { name: '/help', description: 'lists the commands', run: help },
  { name: '/tools', description: 'lists the tools with server and needed scopes', run: listTools },
  { name: '/quit', description: 'leaves the chat; so does Ctrl+D', run: () => ({ type: 'quit' }) },
];

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl+C', 'cancels the answer, or clears the line; twice on an empty line leaves'],
  ['\\ at the end', 'goes on with the request on the next line'],
];

/** The command word of a line, or `undefined` if the line is a request. `/etc/hosts` is no command. */
export function parseCommand(line: string): string | undefined {
  return /^(\/[\w-]*)(?:[ \t].*)?$/.exec(line)?.[1];
}

/** Runs a command word; of an unknown one it says so, and names the nearest that exists. */
export function runCommand(word: string, context: CommandContext): CommandOutcome {
  const command = COMMANDS.find(({ name }) => name === word);
  if (command !== undefined) return command.run(context);
  return {
    type: 'text',
    text: `unknown command ${visibleLine(word)}; did you mean ${nearestCommand(word)}? /help lists all`,
  };
}

/** Completes a line that begins with `/`, in the form readline wants: candidates, and the part that they replace. */
export function completeCommand(line: string): [string[], string] {
  return [line.startsWith('/') ? COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(line)) : [], line];
}

function help({ paint }: CommandContext): CommandOutcome {
  const rows = [...COMMANDS.map(({ name, description }) => [name, description] as const), ...KEYS];
  const width = Math.max(...rows.map(([key]) => key.length));
  return {
    type: 'text',
    text: rows.map(([key, text]) => `${paint('strong', key.padEnd(width))}  ${text}`).join('\n'),
  };
}

function listTools({ tools, paint, columns }: CommandContext): CommandOutcome {
  const lines = tools().flatMap((tool) => {
    const scopes = tool.scopes.length === 0 ? '' : ` · needs ${tool.scopes.map(visibleLine).join(' ')}`;
    const heading = `${paint('strong', visibleLine(tool.name))}${paint('dim', ` · ${visibleLine(tool.server)}${scopes}`)}`;
    const description = visibleLine(tool.description);
    return description === '' ? [heading] : [heading, `  ${cutToWidth(description, columns - 2)}`];
  });
  return { type: 'text', text: lines.length === 0 ? 'no tools: no server offers any' : lines.join('\n') };
}

function nearestCommand(word: string): string {
  const [nearest] = COMMANDS.map(({ name }) => ({ name, distance: editDistance(word, name) })).sort(
    (one, other) => one.distance - other.distance,
  );
  return nearest?.name ?? '/help';
}

/** Levenshtein's distance, row by row. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, character] of [...from].entries()) {
    const above = row;
    row = [line + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (above[column - 1] ?? 0) + (to[column - 1] === character ? 0 : 1);
      row.push(Math.min(replaced, (above[column] ?? 0) + 1, (row[column - 1] ?? 0) + 1));
    }
  }
  return row[to.length] ?? 0;
}
