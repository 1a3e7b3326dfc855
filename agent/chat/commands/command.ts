// What a slash command is, and what it may look at. Commands return text; the chat prints it.

import type { ChatAgent, Conversation } from '../conversation.ts';
import type { Questions } from '../questions.ts';
import type { Paint } from '../terminal.ts';

export interface CommandContext {
  readonly agent: ChatAgent;
  readonly conversation: Conversation;
  readonly paint: Paint;
  readonly columns: number;
  /** `undefined` where nobody can be asked. */
  readonly questions: Questions | undefined;
  /** Aborts when the person cancels the command. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export type CommandOutcome =
  /** Lines for the person; every foreign word in them has been made visible. */
  | { readonly type: 'text'; readonly text: string }
  /** For other programs: no line of it may be broken. */
  | { readonly type: 'source'; readonly text: string }
  | { readonly type: 'quit' };

export type Candidates = readonly string[] | Promise<readonly string[]>;

export interface Command {
  /** With the slash. */
  readonly name: string;
  /** What may follow it, for people; empty when nothing does. */
  readonly usage: string;
  readonly description: string;
  /** @param words what follows the name, split at blanks; `rest` is the same unsplit */
  readonly run: (context: CommandContext, words: readonly string[], rest: string) => Promise<CommandOutcome>;
  /**
   * Candidates for the last word; at once wherever that is possible, since keys may follow Tab at once.
   *
   * @param words the words before it
   */
  readonly complete?: (context: CompletionContext, words: readonly string[], last: string) => Candidates;
}

export type CompletionContext = Pick<CommandContext, 'agent' | 'conversation'>;

export function text(...lines: readonly string[]): CommandOutcome {
  return { type: 'text', text: lines.join('\n') };
}
