// A key as a person may see it: enough to tell two apart, too little to use.

/** A shorter key shows nothing of itself: the ends would be most of it. */
const MIN_SHOWN_LENGTH = 16;

/** `sk-…abcd`: the vendor's prefix, if there is one, and the last four characters. */
export function maskKey(key: string): string {
  if (key.length < MIN_SHOWN_LENGTH) return '…';
  const prefix = /^[a-zA-Z]{2,4}[-_]/.exec(key)?.[0] ?? '';
  return `${prefix}…${key.slice(-4)}`;
}
