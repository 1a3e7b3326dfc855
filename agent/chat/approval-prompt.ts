// Asks a person whether a tool call may run. Shows what a decision needs: server, tool, all arguments, scopes, and what of
// it is only the server's word. One key answers; everything that is not a clear yes is a no.

import type { ApprovalAnswer, ApprovalRequest, Approver } from '../approval.ts';
import { diffLines } from '../mcp/line-difference.ts';
import { plural } from '../plural.ts';
import type { KeyPress } from './key-router.ts';
import type { Questions } from './questions.ts';
import type { Paint } from './terminal.ts';
import { scopesText } from './turn-lines.ts';
import { cutToWidth, visibleLine, visibleText, widthOf, wrapToWidth } from './visible-text.ts';
import { wrapLines } from './wrapped-lines.ts';

const SHOWN_LINES = 12;

export interface ApprovalPromptOptions {
  readonly questions: Questions;
  readonly print: (text: string) => void;
  readonly paint: Paint;
  readonly columns: () => number;
  /** Where approvals for good are kept, for people; `undefined` when they are kept nowhere. */
  readonly approvalFile: string | undefined;
  /** What is wrong with arguments that a person has edited; `undefined` if nothing is. */
  readonly faultOf: (toolName: string, args: Readonly<Record<string, unknown>>) => Promise<string | undefined>;
}

type Key = 'once' | 'tool' | 'server' | 'always' | 'edit' | 'deny' | 'reason' | 'view';

const KEYS: Readonly<Record<string, { readonly value: Key; readonly shown: string }>> = {
  y: { value: 'once', shown: 'once' },
  t: { value: 'tool', shown: 'this tool, this session' },
  s: { value: 'server', shown: 'this server, this session' },
  p: { value: 'always', shown: 'always' },
  e: { value: 'edit', shown: 'edit' },
  v: { value: 'view', shown: 'view' },
  d: { value: 'reason', shown: 'deny, because' },
  n: { value: 'deny', shown: 'denied' },
};

export function createApprovalPrompt(options: ApprovalPromptOptions): Approver {
  const { questions, print, paint } = options;
  return (request, signal) =>
    questions.inTurn(async (now) => {
      let shownLines = SHOWN_LINES;
      for (;;) {
        const key = await now.key(
          { text: approvalText(request, shownLines, options), prompt: paint('strong', '› '), read: readApprovalKey },
          signal,
        );
        if (key === 'view') shownLines = Number.POSITIVE_INFINITY;
        else if (key === 'edit') {
          const args = await editArguments(now, signal);
          if (args !== undefined) return { kind: 'edit', args };
        } else if (key === 'reason') {
          const reason = await now.line({ prompt: 'reason: ' }, signal);
          if (reason !== undefined) return { kind: 'deny', reason: reason.trim() };
        } else return ANSWERS[key];
      }

      async function editArguments(ask: Questions, stop: AbortSignal) {
        let initial = JSON.stringify(request.args);
        for (;;) {
          const edited = await ask.line({ prompt: 'arguments: ', initial }, stop);
          if (edited === undefined) return undefined;
          const args = parseArguments(edited);
          const fault = args === undefined ? 'not a JSON object' : await options.faultOf(request.name, args);
          if (args !== undefined && fault === undefined) return args;
          print(`${paint('bad', `${visibleLine(fault ?? '')}; edit again, or Esc`)}\n`);
          initial = edited;
        }
      }
    }, signal);
}

/** What a key means; nothing for keys that answer nothing, so that a slip of the finger allows nothing. */
export function readApprovalKey({ text, name, ctrl, meta }: KeyPress): { value: Key; shown: string } | undefined {
  if (name === 'return' || name === 'enter' || name === 'escape' || (ctrl && name === 'd')) return KEYS['n'];
  if (ctrl || meta) return undefined;
  return Object.hasOwn(KEYS, text) ? KEYS[text] : undefined;
}

const ANSWERS: Readonly<Record<'once' | 'tool' | 'server' | 'always' | 'deny', ApprovalAnswer>> = {
  once: { kind: 'once' },
  tool: { kind: 'tool-for-session' },
  server: { kind: 'server-for-session' },
  always: { kind: 'always' },
  deny: { kind: 'deny', reason: '' },
};

/** @param shownLines of the arguments */
export function approvalText(
  request: ApprovalRequest,
  shownLines: number,
  { paint, columns, approvalFile }: Pick<ApprovalPromptOptions, 'paint' | 'columns' | 'approvalFile'>,
): string {
  const server = visibleLine(request.server);
  const width = columns();
  const oneLine = visibleLine(JSON.stringify(request.args));
  const isShort = widthOf(oneLine) < width - 6;
  const argumentLines = isShort ? [`    ${oneLine}`] : argumentRows(request.args, Math.max(width - 6, 1));
  const saved = approvalFile === undefined ? '' : `  p always, saved in ${approvalFile}`;
  const fitted = (lines: readonly string[]) => wrapLines(lines.join('\n'), width).split('\n');
  const lines = [
    ...fitted([`${paint('warning', '?')} ${paint('strong', `run ${visibleLine(request.name)} on ${server}?`)}`]),
    // What is going to be sent, and what has changed, stand in rows of their own.
    ...atMost(shownLines, argumentLines, paint),
    ...changeLines(request, shownLines, width, paint),
    ...fitted([
      `  ${effectText(request, paint)}`,
      ...scopeLines(request, paint),
      paint('dim', cutToWidth(`  ${visibleLine(request.description)}`, width)),
      `  y once · t this tool, this session · s all of ${server}, this session`,
      saved,
      '  e edit arguments · d deny with a reason · n deny (Enter, Esc)',
    ]),
  ];
  return `${lines.filter((line) => line.trim() !== '').join('\n')}\n`;
}

/**
 * Arguments in rows of our own, each behind a mark: left to the terminal, a long text with enough spaces in it would go on at
 * the beginning of a line, and look like a line of ours.
 */
function argumentRows(args: Readonly<Record<string, unknown>>, width: number): string[] {
  return visibleText(JSON.stringify(args, undefined, 2))
    .split('\n')
    .flatMap((line) => wrapToWidth(line, width))
    .map((row) => `    │ ${row}`);
}

function atMost(shownLines: number, rows: readonly string[], paint: Paint): readonly string[] {
  const hidden = rows.length - shownLines;
  if (hidden <= 0) return rows;
  return [
    ...rows.slice(0, shownLines),
    paint('warning', `    … ${plural(hidden, 'more line')}: v shows ${hidden === 1 ? 'it' : 'them'}`),
  ];
}

/** What the tool does to the world: a fact if the configuration trusts the server, hearsay otherwise. */
function effectText(
  { annotations: { readOnlyHint, destructiveHint }, isTrusted }: ApprovalRequest,
  paint: Paint,
): string {
  if (readOnlyHint === undefined && destructiveHint === undefined)
    return paint('warning', 'the server does not say: it may change or destroy things');
  const [fact, hearsay] = readOnlyHint
    ? ['read-only', 'it is read-only']
    : destructiveHint === false
      ? ['changes things, destroys nothing', 'it destroys nothing']
      : ['destructive', 'it is destructive'];
  if (!isTrusted) return paint('warning', `says ${hearsay} (not trusted)`);
  return paint(readOnlyHint ? 'good' : 'warning', fact);
}

function scopeLines({ scopes: { needed, held } }: ApprovalRequest, paint: Paint): string[] {
  if (needed.length === 0 && held === undefined) return [];
  const uses = needed.length === 0 ? 'says no scope' : `uses ${scopesText(needed)}`;
  if (held === undefined) return [`  ${uses} · no token yet`];
  const missing = needed.filter((scope) => !held.includes(scope));
  const lacking = missing.length === 0 ? '' : paint('warning', ` · not held: ${scopesText(missing)}`);
  return [`  ${uses} · the token holds ${scopesText(held)}${lacking}`];
}

/** A tool that is described otherwise than when it was approved is a new tool under an old name. */
function changeLines({ change }: ApprovalRequest, shownLines: number, width: number, paint: Paint): string[] {
  if (change === undefined) return [];
  const differences = diffLines(visibleText(change.before), visibleText(change.after)).flatMap(({ sign, line }) =>
    wrapToWidth(line, Math.max(width - 4, 1)).map((row) => paint(sign === '-' ? 'bad' : 'good', `  ${sign} ${row}`)),
  );
  return [
    paint('bad', '  the server has changed this tool since it was approved:'),
    ...atMost(shownLines, differences, paint),
  ];
}

function parseArguments(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // A JSON value that is an object and no array has string keys.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
