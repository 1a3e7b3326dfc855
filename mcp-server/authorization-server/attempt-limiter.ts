// Counts attempts per key in a window of time: registrations per address, codes tried, documents fetched. Bounded, so that
// many keys cost no memory. Forgotten at a restart: a code of 34 bits that lives ten minutes and a store with a cap of
// its own lose nothing by that. Passwords do, and are counted in the database (stored-attempts.ts).

export type AttemptVerdict = { readonly ok: true } | { readonly ok: false; readonly retryAfterSeconds: number };

export interface AttemptLimiter {
  /** Counts one attempt, unless there were too many. */
  take(key: string): AttemptVerdict;
  /** Looks without counting. */
  check(key: string): AttemptVerdict;
  /** Forgets a key: it has shown that it is who it says. */
  forget(key: string): void;
}

export interface AttemptLimiterOptions {
  readonly maxAttempts: number;
  readonly windowMs: number;
  /** Clock in milliseconds. */
  readonly now: () => number;
  /** Keys remembered at most; the oldest window goes first. Default 10 000. */
  readonly maxKeys?: number;
}

export function createAttemptLimiter({
  maxAttempts,
  windowMs,
  now,
  maxKeys = 10_000,
}: AttemptLimiterOptions): AttemptLimiter {
  const windows = new Map<string, { readonly endsAtMs: number; attempts: number }>();
  const current = (key: string) => {
    const window = windows.get(key);
    if (window && window.endsAtMs <= now()) windows.delete(key);
    return windows.get(key);
  };
  const check = (key: string): AttemptVerdict => {
    const window = current(key);
    if (!window || window.attempts < maxAttempts) return { ok: true };
    return { ok: false, retryAfterSeconds: Math.max(1, Math.ceil((window.endsAtMs - now()) / 1_000)) };
  };
  return {
    check,
    take(key) {
      const verdict = check(key);
      if (!verdict.ok) return verdict;
      const window = current(key);
      if (window) window.attempts += 1;
      else windows.set(key, { endsAtMs: now() + windowMs, attempts: 1 });
      const oldest = windows.keys().next().value;
      if (windows.size > maxKeys && oldest !== undefined) windows.delete(oldest);
      return verdict;
    },
    forget: (key) => void windows.delete(key),
  };
}
