// What the chat needs to know of the terminal it runs in. The caller decides on colour and on the history file, so that
// nothing in this folder reads the environment.

import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

// A piped chat has no width: enough for a line of a log.
const PIPE_COLUMNS = 200;

export type ChatInput = Readable & { readonly isTTY?: boolean };
export type ChatOutput = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface ChatTerminal {
  readonly input: ChatInput;
  readonly output: ChatOutput;
  /** Whether escapes for colour may be written; without a terminal on both sides they never are. */
  readonly color: boolean;
  /** Where requests are remembered between chats; `undefined` remembers nothing. */
  readonly historyFile?: string | undefined;
}

/** The roles that text has in a chat. */
export type Role =
  | 'dim'
  | 'strong'
  | 'tool'
  | 'good'
  | 'warning'
  | 'bad'
  | 'heading'
  | 'emphasis'
  | 'struck'
  | 'code'
  | 'link';

/** Gives text the colour of its role, or leaves it as it is. */
export type Paint = (role: Role, text: string) => string;

const FORMATS = {
  dim: 'dim',
  strong: 'bold',
  tool: 'cyan',
  good: 'green',
  warning: 'yellow',
  bad: 'red',
  heading: 'magenta',
  emphasis: 'italic',
  struck: 'strikethrough',
  code: 'yellow',
  link: 'underline',
} as const satisfies Record<Role, Parameters<typeof styleText>[0]>;

/** True when a person sits at both ends. With only one end a terminal, its own line editing serves better than ours. */
export function isInteractive(terminal: ChatTerminal): boolean {
  return terminal.input.isTTY === true && terminal.output.isTTY === true;
}

/** Columns of the terminal as of now. */
export function columnsOf(output: ChatOutput): number {
  // Some pseudo-terminals say that they are 0 columns wide.
  return output.columns || PIPE_COLUMNS;
}

/** The paint for a terminal; without colour it returns the text as it came. */
export function createPaint(color: boolean): Paint {
  if (!color) return (_role, text) => text;
  return (role, text) => styleText(FORMATS[role], text, { validateStream: false });
}
