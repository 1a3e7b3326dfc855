// Styled text before it is painted: fragments carry roles, words are what may not be torn apart. Widths are counted here,
// since painted text can no longer be measured.

import type { Paint, Role } from '../terminal.ts';
import { cutToWidth, widthOf } from '../visible-text.ts';

export interface Fragment {
  readonly text: string;
  /** Outermost first. */
  readonly roles: readonly Role[];
}

/** Fragments without a gap between them, and whether a space stands before them. */
export interface Word {
  readonly fragments: readonly Fragment[];
  readonly hasSpaceBefore: boolean;
}

// Between characters of scripts that are written without spaces a line may break anywhere but before closing signs.
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\u3000-\u303F\uFF00-\uFFEF]/u;
const CLOSING = /[\p{Pe}\p{Pf}\u3001\u3002\uFF0C\uFF0E\uFF01\uFF1F\uFF1A\uFF1B\p{M}\u30FC]/u;
const PIECES = new RegExp(`(?<space>\\s+)|${UNSPACED.source}${CLOSING.source}*|(?:(?!${UNSPACED.source})\\S)+`, 'gu');

/** Whether a line may break before this character, whatever stands before it. */
export function isBreakable(character: string): boolean {
  return UNSPACED.test(character) && !CLOSING.test(character);
}

/** Splits fragments where a line may break. Runs of white space count as one space. */
export function toWords(fragments: readonly Fragment[]): Word[] {
  const words: Word[] = [];
  let current: Fragment[] = [];
  let hasSpaceBefore = false;
  const finish = () => {
    if (current.length > 0) words.push({ fragments: current, hasSpaceBefore });
    if (current.length > 0) hasSpaceBefore = false;
    current = [];
  };
  for (const { text, roles } of fragments)
    for (const match of text.matchAll(PIECES)) {
      const [piece] = match;
      if (match.groups?.['space'] !== undefined) {
        finish();
        hasSpaceBefore = true;
        continue;
      }
      if (isBreakable(piece)) finish();
      current.push({ text: piece, roles });
    }
  finish();
  return words;
}

export function widthOfFragments(fragments: readonly Fragment[]): number {
  return fragments.reduce((width, { text }) => width + widthOf(text), 0);
}

/** The fragments in lines of at most `columns`; a word that is wider is torn apart. */
export function wrapFragments(fragments: readonly Fragment[], columns: number): (readonly Fragment[])[] {
  const lines: Fragment[][] = [[]];
  let width = 0;
  const room = Math.max(columns, 1);
  for (const word of toWords(fragments).flatMap((word) => tearApart(word, room))) {
    const wordWidth = widthOfFragments(word.fragments);
    const gap = word.hasSpaceBefore && width > 0 ? 1 : 0;
    if (width > 0 && width + gap + wordWidth > room) {
      lines.push([...word.fragments]);
      width = wordWidth;
      continue;
    }
    lines.at(-1)?.push(...(gap ? [{ text: ' ', roles: [] }] : []), ...word.fragments);
    width += gap + wordWidth;
  }
  return lines;
}

export function paintFragments(fragments: readonly Fragment[], paint: Paint): string {
  return fragments.map(({ text, roles }) => roles.reduceRight((painted, role) => paint(role, painted), text)).join('');
}

function tearApart(word: Word, columns: number): Word[] {
  if (widthOfFragments(word.fragments) <= columns) return [word];
  const pieces = word.fragments.flatMap(({ text, roles }) =>
    piecesOf(text, columns).map((piece) => ({ text: piece, roles })),
  );
  return pieces.map((piece, index) => ({
    fragments: [piece],
    hasSpaceBefore: index === 0 && word.hasSpaceBefore,
  }));
}

function piecesOf(text: string, columns: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (widthOf(rest) > columns) {
    // A cut line ends in an ellipsis in the place of what did not fit; a column of two cannot hold a wide character.
    const piece = cutToWidth(rest, columns + 1).slice(0, -1) || rest.slice(0, [...rest][0]?.length ?? 1);
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return rest === '' ? pieces : [...pieces, rest];
}
