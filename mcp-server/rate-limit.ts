// How much one principal may ask of this server: a token bucket per principal, so that a burst is fine and a flood is not.

import { elapsedMs } from './clock.ts';

export interface RateLimitOptions {
  /** Requests that may be made in a minute; as many may come at once. */
  readonly perMinute: number;
  /** Clock in milliseconds; default one that nobody sets. */
  readonly now?: (() => number) | undefined;
  /** Principals that are remembered; default 10 000. The least recently seen are forgotten first. */
  readonly maxKeys?: number;
}

/**
 * Takes `cost` (default 1) from what `key` has left. More than is left puts it into debt, so that a batch passes whole and
 * is paid for afterwards.
 *
 * @returns seconds to wait before the next request, or 0 when this one may go on
 */
export type RateLimit = (key: string, cost?: number) => number;

const DEFAULT_MAX_KEYS = 10_000;

interface Bucket {
  readonly left: number;
  readonly atMs: number;
}

export function createRateLimit({
  perMinute,
  now = elapsedMs,
  maxKeys = DEFAULT_MAX_KEYS,
}: RateLimitOptions): RateLimit {
  const buckets = new Map<string, Bucket>();
  const perMs = perMinute / 60_000;
  return (key, cost = 1) => {
    const atMs = now();
    const { left, atMs: since } = buckets.get(key) ?? { left: perMinute, atMs };
    const filled = Math.min(perMinute, left + (atMs - since) * perMs);
    const allowed = filled >= 1;
    // Out and in again: the order of the map is the order of use.
    buckets.delete(key);
    buckets.set(key, { left: allowed ? filled - cost : filled, atMs });
    const oldest = buckets.keys().next().value;
    if (buckets.size > maxKeys && oldest !== undefined) buckets.delete(oldest);
    return allowed ? 0 : Math.max(1, Math.ceil((1 - filled) / perMs / 1000));
  };
}
