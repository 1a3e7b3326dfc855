// Markdown that comes in pieces → text for a terminal, only ever appended: what is shown is never taken back, so nothing
// flickers and the scrollback stays as it was read. Words are shown once nothing that follows can change their look; only
// tables wait for their end. However the source is split into pieces, the result is the same.

import type { Paint, Role } from '../terminal.ts';
import { widthOf } from '../visible-text.ts';
import { paintFragments, toWords, type Word, widthOfFragments } from './fragment.ts';
import { nextCut, parseInline } from './inline.ts';
import {
  type Containers,
  endsFence,
  type Fence,
  type ListLevel,
  listsAround,
  readContainers,
  withoutQuotes,
} from './line-start.ts';
import { renderTable } from './table.ts';

/** Below this many columns for text, indentation is given up. */
const LEAST_TEXT_COLUMNS = 8;

export interface MarkdownStyle {
  readonly columns: number;
  readonly paint: Paint;
}

/** What has to be remembered between two pieces. Starts as `MARKDOWN_START`. */
export interface MarkdownState {
  /** Source that is not shown yet. */
  readonly pending: string;
  /** The line that is being shown, from its first word on. */
  readonly line: OpenLine | undefined;
  readonly fence: (Fence & { readonly column: number; readonly quotes: number }) | undefined;
  readonly rows: readonly string[];
  readonly lists: readonly ListLevel[];
  /** Whether a blank line is owed before the next one, and whether there is something for it to stand between. */
  readonly gap: 'none' | 'owed' | 'at-start';
}

interface OpenLine {
  /** Before each further row that the line takes. */
  readonly prefix: string;
  readonly prefixWidth: number;
  readonly column: number;
  readonly hasWord: boolean;
  readonly hasSpace: boolean;
  readonly roles: readonly Role[];
}

export const MARKDOWN_START: MarkdownState = {
  pending: '',
  line: undefined,
  fence: undefined,
  rows: [],
  lists: [],
  gap: 'at-start',
};

interface Step {
  readonly state: MarkdownState;
  readonly text: string;
}

/** Takes the next piece of source. What it may contain has to be safe to print: see visible-text. */
export function feedMarkdown(state: MarkdownState, piece: string, style: MarkdownStyle): Step {
  return proceed({ ...state, pending: state.pending + piece }, style);
}

/** Shows what is still held; unless nothing is, the text ends in a line feed. */
export function endMarkdown(state: MarkdownState, style: MarkdownStyle): Step {
  const hasLine = state.pending !== '' || state.line !== undefined;
  const last = hasLine ? feedMarkdown(state, '\n', style) : { state, text: '' };
  const table = endTable(last.state, style);
  return { state: MARKDOWN_START, text: `${last.text}${table.text}` };
}

function proceed(start: MarkdownState, style: MarkdownStyle): Step {
  let state = start;
  let text = '';
  for (;;) {
    const next = state.line ? showWords(state, state.line, style) : beginLine(state, style);
    if (next === undefined) return { state, text };
    text += next.text;
    state = next.state;
  }
}

/** One line, or the beginning of one; `undefined` if more source is needed. */
function beginLine(state: MarkdownState, style: MarkdownStyle): Step | undefined {
  const { pending, fence, rows } = state;
  if (pending === '') return undefined;
  const end = pending.indexOf('\n');
  const isWhole = end >= 0;
  const line = isWhole ? pending.slice(0, end) : pending;
  const rest = isWhole ? pending.slice(end + 1) : '';
  if (fence) return isWhole ? codeLine({ ...state, pending: rest }, fence, line, style.paint) : undefined;
  const containers = readContainers(line, isWhole);
  if (containers === undefined) return undefined;
  const { items, quotes, start } = containers;
  const isBare = items.length === 0 && quotes === 0;
  if (isBare && start.type === 'table-row')
    return { state: { ...state, pending: rest, rows: [...rows, line] }, text: '' };
  if (rows.length > 0) return endTable(state, style);
  if (isBare && start.type === 'blank')
    return { state: { ...state, pending: rest, gap: state.gap === 'at-start' ? 'at-start' : 'owed' }, text: '' };
  const isVerbatim = isBare && start.type === 'text' && start.indent >= 4 && state.lists.length === 0;
  if (isVerbatim && !isWhole) return undefined;
  const gap = state.gap === 'owed' ? '\n' : '';
  const shown: MarkdownState = { ...state, gap: 'none' };
  if (isVerbatim) return { state: { ...shown, pending: rest }, text: `${gap}${style.paint('code', line)}\n` };
  if (isBare && start.type === 'rule') {
    const rule = style.paint('dim', '─'.repeat(Math.min(style.columns, 40)));
    return { state: { ...shown, pending: rest, lists: [] }, text: `${gap}${rule}\n` };
  }

  const lists = listsOf(state, containers);
  const markers = items.map(({ marker }) => `${marker} `).join('');
  const textColumn = isBare && start.type === 'heading' ? 0 : (lists.at(-1)?.contentColumn ?? 0);
  const column = indentFor(textColumn, style.columns);
  const bar = quotes === 0 ? '' : style.paint('dim', '│ '.repeat(quotes));
  const first = `${gap}${bar}${' '.repeat(Math.max(column - widthOf(markers), 0))}${markers === '' ? '' : style.paint('tool', markers)}`;
  if (start.type === 'fence') {
    const { language } = start.fence;
    const code = { ...start.fence, column: column + 2, quotes };
    const label = language === '' ? '' : `${' '.repeat(column + 2)}${style.paint('dim', language)}\n`;
    return {
      state: { ...shown, pending: rest, lists, fence: code },
      text: items.length > 0 ? `${first}\n${label}` : `${gap}${label}`,
    };
  }
  const isHeading = start.type === 'heading';
  const roles: readonly Role[] = !isHeading ? [] : start.level < 3 ? ['strong', 'heading'] : ['strong'];
  const width = quotes * 2 + column;
  return {
    state: {
      ...shown,
      pending: isHeading ? `${start.text}\n${rest}` : pending.slice(containers.length),
      lists: isBare && isHeading ? [] : lists,
      line: {
        prefix: `${bar}${' '.repeat(column)}`,
        prefixWidth: width,
        column: width,
        hasWord: false,
        hasSpace: false,
        roles,
      },
    },
    text: first,
  };
}

/** The lists that are open from this line on. */
function listsOf({ lists, gap }: MarkdownState, containers: Containers): readonly ListLevel[] {
  const { items, start, quotes } = containers;
  if (items.length === 0) {
    const indent = 'indent' in start ? start.indent : start.type === 'fence' ? start.fence.indent : 0;
    // Without a blank line between, the line goes on with the item above it.
    if (gap !== 'owed' && start.type === 'text' && quotes === 0) return lists;
    return listsAround(lists, indent);
  }
  const indent = items[0]?.indent ?? 0;
  const around = listsAround(lists, indent);
  const markerColumns = items.reduce((width, { marker }) => width + widthOf(marker) + 1, 0);
  return [...around, { indent, contentColumn: (around.at(-1)?.contentColumn ?? 0) + markerColumns }];
}

/** The next words of the open line that nothing can change any more. */
function showWords(state: MarkdownState, line: OpenLine, style: MarkdownStyle): Step | undefined {
  const { pending } = state;
  if (pending === '') return undefined;
  if (pending.startsWith('\n')) return { state: { ...state, pending: pending.slice(1), line: undefined }, text: '\n' };
  const [space = ''] = /^[^\S\n]+/.exec(pending) ?? [];
  if (space !== '')
    return { state: { ...state, pending: pending.slice(space.length), line: { ...line, hasSpace: true } }, text: '' };
  const end = pending.indexOf('\n');
  const rest = end < 0 ? pending : pending.slice(0, end);
  const cut = nextCut(rest) ?? (end < 0 ? undefined : rest.length);
  if (cut === undefined) return undefined;
  let open = line;
  let text = '';
  for (const word of toWords(parseInline(rest.slice(0, cut), line.roles))) {
    const placed = placeWord(open, word, style);
    open = placed.line;
    text += placed.text;
  }
  return { state: { ...state, pending: pending.slice(cut), line: open }, text };
}

/** A word that is wider than a row is left to the terminal to wrap, so that an address can be copied as one. */
function placeWord(line: OpenLine, word: Word, { columns, paint }: MarkdownStyle): { line: OpenLine; text: string } {
  const width = widthOfFragments(word.fragments);
  const painted = paintFragments(word.fragments, paint);
  const gap = line.hasWord && (line.hasSpace || word.hasSpaceBefore) ? 1 : 0;
  const next = { ...line, hasWord: true, hasSpace: false };
  if (line.hasWord && line.column + gap + width > columns)
    return { line: { ...next, column: line.prefixWidth + width }, text: `\n${line.prefix}${painted}` };
  return { line: { ...next, column: line.column + gap + width }, text: `${' '.repeat(gap)}${painted}` };
}

function codeLine(state: MarkdownState, fence: NonNullable<MarkdownState['fence']>, line: string, paint: Paint): Step {
  const code = withoutQuotes(line, fence.quotes);
  if (endsFence(code, fence)) return { state: { ...state, fence: undefined }, text: '' };
  const unindented = code.replace(new RegExp(`^ {0,${fence.indent}}`), '');
  return {
    state: { ...state, gap: 'none' },
    text: unindented === '' ? '\n' : `${' '.repeat(fence.column)}${paint('code', unindented)}\n`,
  };
}

/** Rows that turn out to be no table are shown as they came. */
function endTable(state: MarkdownState, { columns, paint }: MarkdownStyle): Step {
  const { rows, gap } = state;
  if (rows.length === 0) return { state, text: '' };
  const lines = renderTable(rows.join('\n'), columns, paint) ?? rows;
  return {
    state: { ...state, rows: [], lists: [], gap: 'none' },
    text: `${gap === 'owed' ? '\n' : ''}${lines.join('\n')}\n`,
  };
}

function indentFor(column: number, columns: number): number {
  return Math.max(Math.min(column, columns - LEAST_TEXT_COLUMNS), 0);
}
