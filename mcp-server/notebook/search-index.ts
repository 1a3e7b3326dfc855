// Text → the words that the search index holds, and what is typed → a query over them. The index keeps for each word only
// which notes have it, and each word carries its owner, so that a search costs what the notes of that owner cost, whatever
// is in them, and learns nothing from the notes of others, not even by its order or its duration.

import { NOTE_LIMITS } from './limits.ts';

/** Letters and digits with the marks that belong to them. */
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;
const MARK = /\p{M}/gu;

/** First characters of a word that count; the index has a list of notes for each beginning, so longer ones cost more. */
const MAX_WORD_LENGTH = 8;
/** Of the owner's digest; enough that two owners never share a word, and the note itself is checked as well. */
const OWNER_LENGTH = 16;

/** The options of the FTS5 table: no positions, and every beginning of a word as an entry of its own. */
export const INDEX_OPTIONS = [
  "content = ''",
  'contentless_delete = 1',
  'detail = column',
  // Words are made here; `ascii` takes every letter beyond ASCII as it is.
  "tokenize = 'ascii'",
  `prefix = '${Array.from({ length: MAX_WORD_LENGTH }, (_, index) => OWNER_LENGTH + index + 1).join(' ')}'`,
].join(', ');

/** What the index gets to hold for `text`: each word once, without accents, in lower case. */
export function indexedWords(owner: string, text: string): string {
  return wordsOf(text)
    .map((word) => entry(owner, word))
    .join(' ');
}

/**
 * Finds notes of `owner` in whose `columns` every word of `text` stands, or a longer one that begins like it. `undefined`
 * when `text` has no word, which finds nothing. Words after the 16th are ignored.
 *
 * @see https://www.sqlite.org/fts5.html §3
 */
export function searchQuery(owner: string, columns: readonly string[], text: string): string | undefined {
  const words = queryWords(text);
  if (words.length === 0) return undefined;
  // Nothing typed is syntax: an entry has letters and digits only.
  return `{${columns.join(' ')}} : (${words.map((word) => `"${entry(owner, word)}"*`).join(' AND ')})`;
}

/** The words of a query, as they count. */
export function queryWords(text: string): readonly string[] {
  return wordsOf(text.slice(0, NOTE_LIMITS.maxQueryLength)).slice(0, NOTE_LIMITS.maxQueryWords);
}

function wordsOf(text: string): readonly string[] {
  const words = new Set<string>();
  for (const [word] of text.matchAll(WORD)) {
    // A word may be as long as a note; what is beyond some characters can no longer count.
    const plain = word
      .slice(0, 4 * MAX_WORD_LENGTH)
      .normalize('NFKD')
      .replace(MARK, '')
      .toLowerCase();
    const [first] = plain.match(WORD) ?? [];
    if (first !== undefined) words.add(Array.from(first).slice(0, MAX_WORD_LENGTH).join(''));
  }
  return [...words];
}

function entry(owner: string, word: string): string {
  return `${owner.slice(0, OWNER_LENGTH)}${word}`;
}
