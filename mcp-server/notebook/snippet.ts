// The piece of a note that a search result shows: around the first place where one of the words stands. Linear in the
// text, whatever is in it.

const MAX_LENGTH = 160;
/** Characters before the word, so that it can be read in its sentence. */
const LEAD_LENGTH = 40;
/** Places inside of other words that are passed over before a word is given up. */
const MAX_PASSED_OVER = 50;
const LETTER = /[\p{L}\p{N}]/u;

/** @param words in lower case, as the query has them */
export function snippetOf(text: string, words: readonly string[]): string {
  const lower = text.toLowerCase();
  // A few letters change their length with their case; places in one text are then no places in the other.
  const found = lower.length === text.length ? firstPlace(lower, words) : 0;
  const start = found <= LEAD_LENGTH ? 0 : wordStart(text, found - LEAD_LENGTH, found);
  const piece = text.slice(start, start + MAX_LENGTH);
  const end = start + MAX_LENGTH < text.length ? '…' : '';
  return `${start > 0 ? '…' : ''}${piece.toWellFormed().trim()}${end}`;
}

/** Where the first word begins that begins like one of `words`; 0 when an accent or a ligature hides it. */
function firstPlace(text: string, words: readonly string[]): number {
  let first = text.length;
  for (const word of words) {
    let at = text.indexOf(word);
    for (let passed = 0; passed < MAX_PASSED_OVER && at !== -1 && at < first; passed += 1) {
      if (at === 0 || !LETTER.test(text[at - 1] ?? '')) first = at;
      else at = text.indexOf(word, at + word.length);
    }
  }
  return first === text.length ? 0 : first;
}

/** The first beginning of a word from `from` on, before `limit`. */
function wordStart(text: string, from: number, limit: number): number {
  for (let at = from; at < limit; at += 1) if (/\s/.test(text[at - 1] ?? '')) return at;
  return from;
}
