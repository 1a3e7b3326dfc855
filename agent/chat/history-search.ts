// Ctrl+R: finds an earlier request by a part of it, newest first, while its letters are typed. readline has no such search;
// it only edits what is searched for.

import { type ChatOutput, columnsOf } from './terminal.ts';
import { cutToWidth, visibleLine } from './visible-text.ts';

const ERASE_ROW = '\r\x1b[2K';
/** Keys that edit what is searched for, besides those that type. */
const EDITING = ['backspace', 'delete'];
const EDITING_WITH_CTRL = ['h', 'u', 'w', 'y'];

export interface SearchKey {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
}

export interface HistorySearch {
  /** The request that is found; `undefined` while there is none. */
  found(): string | undefined;
  /** Takes a key; `query` is what is searched for after it. */
  press(key: SearchKey, query: string): 'goes-on' | 'accepted' | 'given-up';
  /** Takes the search off the screen. */
  end(): void;
}

/** Searches in the row of the prompt. @param entries newest first */
export function startHistorySearch(output: ChatOutput, entries: readonly string[]): HistorySearch {
  let query = '';
  let skipped = 0;
  const matches = () => {
    const wanted = query.toLowerCase();
    return query === '' ? [] : entries.filter((entry) => entry.toLowerCase().includes(wanted));
  };
  const found = () => matches()[skipped];
  const show = () => {
    const text = `(search) ${query}: ${found() ?? (query === '' ? '' : 'nothing found')}`;
    output.write(`${ERASE_ROW}${cutToWidth(visibleLine(text), columnsOf(output) - 1)}`);
  };
  show();
  return {
    found,
    press({ name = '', ctrl = false, meta = false }, next) {
      if (ctrl && name === 'g') return 'given-up';
      if (ctrl && name === 'r') {
        // Behind the last match there is none.
        if (skipped + 1 < matches().length) skipped += 1;
      } else if (next !== query && !meta && (ctrl ? EDITING_WITH_CTRL.includes(name) : !isMove(name))) {
        query = next;
        skipped = 0;
      } else if (!EDITING.includes(name) && !(ctrl && EDITING_WITH_CTRL.includes(name))) return 'accepted';
      show();
      return 'goes-on';
    },
    end: () => void output.write(ERASE_ROW),
  };
}

function isMove(name: string): boolean {
  return ['up', 'down', 'left', 'right', 'home', 'end', 'tab', 'escape', 'pageup', 'pagedown'].includes(name);
}
