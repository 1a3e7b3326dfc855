// What no task file may hold, whatever its shape: keys that JavaScript treats in a way of its own, and values that are nested
// deeper than anything sensible. Looked for before anything else reads the value.

import type { Path, Source } from './source.ts';

/** Recursion over a value stays far from the end of the stack. */
const MAX_DEPTH = 100;

/** The places that make a value unfit to be read; at most one for each reason. */
export function unreadableIn({ value, locate, locateKey }: Source) {
  const waiting: { readonly part: object; readonly path: Path }[] = [];
  const add = (part: unknown, path: Path) => {
    if (typeof part === 'object' && part !== null) waiting.push({ part, path });
  };
  add(value, []);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { part, path } = next;
    if (path.length > MAX_DEPTH)
      return [{ ...locate(path.slice(0, 3)), message: `nested more than ${MAX_DEPTH} deep somewhere in here` }];
    // Libraries drop it without a word, and a task would expect less than it says.
    if (Object.hasOwn(part, '__proto__'))
      return [{ ...locateKey(path, '__proto__'), message: 'the key "__proto__" cannot be used' }];
    for (const [key, below] of Object.entries(part)) add(below, [...path, Array.isArray(part) ? Number(key) : key]);
  }
  return [];
}
