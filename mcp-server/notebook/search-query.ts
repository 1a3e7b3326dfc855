// What a person or a model types → a query in the language of SQLite's full-text index. That language has operators,
// column filters and quotes; here only words get through, each as a quoted string, so nothing typed is syntax.

import { NOTE_LIMITS } from './limits.ts';

/** Letters and digits with the marks that belong to them: what the index itself takes for words. */
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;

/**
 * Finds notes of `owner` that contain every word of `text`, or a word that begins like it. `undefined` when `text` has
 * no word, which finds nothing. Words after the 16th are ignored.
 *
 * @param owner one word of the index, as `ownerWord` makes it
 * @see https://www.sqlite.org/fts5.html §3.1
 */
export function searchQuery(owner: string, text: string): string | undefined {
  const words = text.slice(0, NOTE_LIMITS.maxQueryLength).match(WORD)?.slice(0, NOTE_LIMITS.maxQueryWords);
  if (!words) return undefined;
  // The owner is part of the query, so that the index passes over notes of others instead of ranking them.
  return `owner : "${owner}" AND {title body} : (${words.map((word) => `"${word}"*`).join(' AND ')})`;
}
