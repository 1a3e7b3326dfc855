// One line of markdown → styled fragments, by marked. Also knows where a line that is still coming in can be cut so that
// both parts read the same as the whole: a model's words are shown as they come, styled, and never taken back.

import { Lexer, type Token, type Tokens } from 'marked';
import type { Role } from '../terminal.ts';
import { visibleText } from '../visible-text.ts';
import { type Fragment, isBreakable } from './fragment.ts';

// A sign that opens emphasis and never closes holds back what follows it, up to this many characters.
const MAX_HELD = 1000;
const MARKED_UP = /[*_`~<[\]\\&@!]|https?:|www\./i;
const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
};

/** Markdown of one line as fragments. A link always shows where it leads: its text is the model's to choose. */
export function parseInline(source: string, roles: readonly Role[] = []): Fragment[] {
  if (!MARKED_UP.test(source)) return [{ text: source, roles }];
  // Once more: `&#27;` was plain text for visible-text, and marked makes an escape of it.
  return fragmentsOf(Lexer.lexInline(source), roles).map(({ text, roles: own }) => ({
    text: visibleText(text).replaceAll('\n', ' '),
    roles: own,
  }));
}

/**
 * The first place where `line` can be cut: a space, or a character before which a line may break, with nothing open before
 * it. Depends on what stands before that place alone.
 *
 * @returns `undefined` while there is none
 */
export function nextCut(line: string): number | undefined {
  const cut = findCut(line.slice(0, MAX_HELD));
  if (cut !== undefined || line.length < MAX_HELD) return cut;
  return /[\uDC00-\uDFFF]/.test(line[MAX_HELD] ?? '') ? MAX_HELD - 1 : MAX_HELD;
}

function fragmentsOf(tokens: readonly Token[], roles: readonly Role[]): Fragment[] {
  return tokens.flatMap((token) => fragmentsOfToken(token, roles));
}

function fragmentsOfToken(token: Token, roles: readonly Role[]): Fragment[] {
  const inner = 'tokens' in token && token.tokens ? token.tokens : undefined;
  switch (token.type) {
    case 'strong':
      return fragmentsOf(inner ?? [], [...roles, 'strong']);
    case 'em':
      return fragmentsOf(inner ?? [], [...roles, 'emphasis']);
    case 'del':
      return fragmentsOf(inner ?? [], [...roles, 'struck']);
    case 'codespan':
      return [{ text: textOf(token), roles: [...roles, 'code'] }];
    case 'link':
      // marked's own type for what its lexer calls a link.
      return linkFragments(token as Tokens.Link, roles);
    case 'image':
      return [{ text: `[${textOf(token)}]`, roles }, ...addressOf((token as Tokens.Image).href, roles)];
    case 'br':
      return [{ text: ' ', roles }];
    case 'text':
      return inner ? fragmentsOf(inner, roles) : [{ text: decoded(textOf(token)), roles }];
    case 'escape':
      return [{ text: textOf(token), roles }];
    default:
      return [{ text: token.raw, roles }];
  }
}

function linkFragments({ href, text, tokens }: Tokens.Link, roles: readonly Role[]): Fragment[] {
  if (text === href || `mailto:${text}` === href || href === `http://${text}`)
    return [{ text, roles: [...roles, 'link'] }];
  return [...fragmentsOf(tokens, roles), ...addressOf(href, roles)];
}

function addressOf(href: string, roles: readonly Role[]): Fragment[] {
  return [
    { text: ' (', roles },
    { text: href, roles: [...roles, 'link'] },
    { text: ')', roles },
  ];
}

function textOf(token: Token): string {
  return 'text' in token && typeof token.text === 'string' ? token.text : token.raw;
}

/** Numeric entities stay as they are: they could stand for anything that visible-text has just spelled out. */
function decoded(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => ENTITIES[entity] ?? entity);
}

function findCut(line: string): number | undefined {
  /** Signs of emphasis that were opened. */
  const open: string[] = [];
  let brackets = 0;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index] ?? '';
    if (index > 0 && open.length === 0 && brackets === 0 && (/\s/.test(character) || isBreakable(character)))
      return index;
    const end = endOfUnit(line, index, open);
    if (end === undefined) return undefined;
    if (character === '[') brackets += 1;
    if (character === ']' && brackets > 0) {
      brackets -= 1;
      const address = brackets === 0 ? endOfAddress(line, index + 1) : index + 1;
      if (address === undefined) return undefined;
      index = address - 1;
      continue;
    }
    index = end - 1;
  }
  return undefined;
}

/** Where the unit that begins at `start` ends; `undefined` if that cannot be known yet. Notes what emphasis it opens. */
function endOfUnit(line: string, start: number, open: string[]): number | undefined {
  const character = line[start] ?? '';
  if (character === '\\') return start + 2;
  if (character === '`') {
    const [run = ''] = /^`+/.exec(line.slice(start)) ?? [];
    const close = new RegExp(`(?<!\`)${run}(?!\`)`).exec(line.slice(start + run.length));
    const end = close ? start + run.length + close.index + run.length : undefined;
    return end === line.length ? undefined : end;
  }
  if (character === '<' && /^<[a-z/!?]/i.test(line.slice(start, start + 2))) {
    const end = line.indexOf('>', start);
    return end < 0 ? undefined : end + 1;
  }
  if (!/[*_~]/.test(character)) return start + 1;
  let end = start;
  while (line[end] === character) end += 1;
  if (end === line.length) return undefined;
  noteEmphasis(line, start, end, open);
  return end;
}

function noteEmphasis(line: string, start: number, end: number, open: string[]): void {
  const character = line[start] ?? '';
  const before = line[start - 1] ?? ' ';
  const after = line[end] ?? ' ';
  if (character === '_' && /[\p{L}\p{N}]/u.test(before) && /[\p{L}\p{N}]/u.test(after)) return;
  let count = end - start;
  if (/\S/.test(before)) {
    while (count > 0 && open.at(-1) === character) {
      open.pop();
      count -= 1;
    }
  }
  if (/\S/.test(after)) for (; count > 0; count -= 1) open.push(character);
}

/** After `]`: the end of `(…)`, or where it stands if none follows. */
function endOfAddress(line: string, start: number): number | undefined {
  if (start === line.length) return undefined;
  if (line[start] !== '(') return start;
  let depth = 0;
  for (let index = start; index < line.length; index += 1) {
    if (line[index] === '(') depth += 1;
    if (line[index] === ')') depth -= 1;
    if (depth === 0) return index + 1;
  }
  return undefined;
}
