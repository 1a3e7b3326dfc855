// The same content has the same hash, whatever the order of its keys.

import { createHash } from 'node:crypto';

/** SHA-256 of a JSON value, in hexadecimal; cut to 16 bytes, which is plenty to tell versions of a task apart. */
export function canonicalHash(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value, sortKeys) ?? 'undefined')
    .digest('hex')
    .slice(0, 32);
}

function sortKeys(_key: string, part: unknown): unknown {
  return typeof part === 'object' && part !== null && !Array.isArray(part)
    ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : part;
}
