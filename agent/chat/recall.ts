// What the up arrow calls back. readline remembers every line by itself, pieces of a paste and cleared lines as well; here
// whole requests are remembered instead, and put in the place of readline's list.

const MAX_ENTRIES = 1000;
// readline edits one line; a request of several lines shows its line breaks as this sign while it is edited.
const LINE_BREAK_SIGN = '⏎';

export interface Recall {
  /** The list that readline works on, newest first. */
  readonly list: string[];
  readonly maxEntries: number;
  /** All requests as lines that can be edited, newest first. */
  entries(): readonly string[];
  /** Undoes what readline did to its list; to be called on its `history` event, with the list it passes. */
  restore(list: string[]): void;
  /** Makes a request the newest entry. */
  remember(request: string): void;
}

/** @param requests of earlier chats, oldest first */
export function createRecall(requests: readonly string[]): Recall {
  const entries = requests.map(toEditedLine).reverse();
  let working = [...entries];
  const restore = (list: string[]): void => {
    working = list;
    working.splice(0, working.length, ...entries);
  };
  return {
    list: working,
    // One more than ours, so that readline drops nothing before we restore its list.
    maxEntries: MAX_ENTRIES + 1,
    entries: () => entries,
    restore,
    remember(request) {
      const line = toEditedLine(request);
      if (entries[0] !== line) entries.unshift(line);
      entries.splice(MAX_ENTRIES);
      restore(working);
    },
  };
}

/** A request as one line that can be edited. */
export function toEditedLine(request: string): string {
  return request.replaceAll('\n', LINE_BREAK_SIGN);
}

/** An edited line as the request that it stands for. */
export function toRequest(line: string): string {
  return line.replaceAll(LINE_BREAK_SIGN, '\n');
}
