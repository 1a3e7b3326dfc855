// Remembers that a token has been verified, so that a busy client costs one signature check a minute instead of one a
// call. Holds hashes, never tokens; a remembered verdict never outlives the token, the keys or the deny list.

import { hash } from 'node:crypto';
import { elapsedMs } from '../clock.ts';
import type { Verdict } from './principal.ts';

type Verify = (token: string) => Promise<Verdict>;

export interface TokenCacheOptions {
  /** Changes whenever a key was added or removed; a verdict of another generation is not used. Default constant. */
  readonly keyGeneration?: () => number;
  /** Clock in milliseconds; default the system's for expiry, and one that nobody sets for age. */
  readonly now?: () => number;
  /** Most verdicts that are kept; default 10 000. */
  readonly maxEntries?: number;
}

const LIMITS = {
  /** A verdict is good for this long: the longest that a removed key can go unnoticed. */
  maxAgeMs: 60_000,
  /** About 5 MB. */
  maxEntries: 10_000,
} as const;

interface Entry {
  readonly verdict: Verdict;
  readonly expiresAtMs: number;
  readonly verifiedAtMs: number;
  readonly generation: number;
}

/**
 * Wraps `verify`. Only acceptances are remembered, least recently used ones are forgotten first, and concurrent checks
 * of one token are one check.
 */
export function createTokenCache(verify: Verify, options: TokenCacheOptions = {}): Verify {
  const now = options.now ?? Date.now;
  const elapsed = options.now ?? elapsedMs;
  const generation = options.keyGeneration ?? (() => 0);
  const maxEntries = options.maxEntries ?? LIMITS.maxEntries;
  const entries = new Map<string, Entry>();
  const pending = new Map<string, Promise<Verdict>>();

  const check = async (token: string, key: string): Promise<Verdict> => {
    const before = generation();
    const verdict = await verify(token);
    if (verdict.ok && before === generation()) {
      const expiresAtMs = verdict.principal.expiresAt * 1000;
      entries.set(key, { verdict, expiresAtMs, verifiedAtMs: elapsed(), generation: before });
      const oldest = entries.keys().next().value;
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    }
    return verdict;
  };

  return (token) => {
    const key = hash('sha256', token, 'base64url');
    const entry = entries.get(key);
    if (entry) {
      entries.delete(key);
      const isYoung = elapsed() - entry.verifiedAtMs < LIMITS.maxAgeMs;
      if (isYoung && entry.expiresAtMs > now() && entry.generation === generation()) {
        // Back in at the end: the order of the map is the order of use.
        entries.set(key, entry);
        return Promise.resolve(entry.verdict);
      }
    }
    const running = pending.get(key) ?? check(token, key).finally(() => pending.delete(key));
    pending.set(key, running);
    return running;
  };
}
