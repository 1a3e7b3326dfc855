// Ctrl+R: finds an earlier request by a part of it, newest first, while its letters are typed. readline has no such search.

import { type KeyPress, type KeyRouter, listenToKeys } from './key-router.ts';
import { type ChatOutput, columnsOf } from './terminal.ts';
import { cutToWidth, visibleLine } from './visible-text.ts';

const ERASE_ROW = '\r\x1b[2K';

export interface HistorySearch {
  readonly keys: KeyRouter;
  readonly output: ChatOutput;
  /** Newest first. */
  readonly entries: readonly string[];
  /** What stood in the line; comes back if the search is given up. */
  readonly initial: string;
}

export interface FoundRequest {
  readonly line: string;
  /** Whether it is to be sent as it is. */
  readonly isSent: boolean;
}

/** Where a search stands. */
export interface SearchState {
  readonly query: string;
  /** How many matches are passed over. */
  readonly skipped: number;
}

/** Searches in the row of the prompt until a key ends it. */
export async function searchHistory(search: HistorySearch): Promise<FoundRequest> {
  const { keys, output, entries, initial } = search;
  const taken = keys.take();
  const { promise, resolve } = Promise.withResolvers<{ line: string; isSent: boolean }>();
  let state: SearchState = { query: '', skipped: 0 };
  const show = () => {
    const match = findMatch(entries, state);
    const text = `(search) ${state.query}: ${match ?? (state.query === '' ? '' : 'nothing found')}`;
    output.write(`${ERASE_ROW}${cutToWidth(visibleLine(text), columnsOf(output) - 1)}`);
  };
  listenToKeys(taken, (key) => {
    const next = searchStep(state, key);
    if (next !== 'accept' && next !== 'send' && next !== 'give-up') {
      // There is no further match behind the last one.
      if (next.skipped === 0 || findMatch(entries, next) !== undefined) state = next;
      show();
      return;
    }
    const match = findMatch(entries, state);
    resolve({
      line: next === 'give-up' ? initial : (match ?? initial),
      isSent: next === 'send' && match !== undefined,
    });
  });
  taken.stream.once('end', () => resolve({ line: initial, isSent: false }));
  show();
  try {
    return await promise;
  } finally {
    taken.release();
    output.write(ERASE_ROW);
  }
}

/** What a key does to the search. */
export function searchStep(state: SearchState, key: KeyPress): SearchState | 'accept' | 'send' | 'give-up' {
  if (key.ctrl && key.name === 'r') return { ...state, skipped: state.skipped + 1 };
  if (key.ctrl && (key.name === 'c' || key.name === 'g')) return 'give-up';
  if (key.name === 'return' || key.name === 'enter') return 'send';
  if (key.name === 'backspace') return { query: [...state.query].slice(0, -1).join(''), skipped: 0 };
  if (key.ctrl || key.meta || key.text === '' || /\p{Cc}/u.test(key.text)) return 'accept';
  return { query: state.query + key.text, skipped: 0 };
}

/** The match that is not passed over; letters count in either case. */
export function findMatch(entries: readonly string[], { query, skipped }: SearchState): string | undefined {
  if (query === '') return undefined;
  const wanted = query.toLowerCase();
  return entries.filter((entry) => entry.toLowerCase().includes(wanted))[skipped];
}
