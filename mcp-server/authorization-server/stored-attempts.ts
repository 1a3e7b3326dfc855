// Counts attempts per key in the database, so that neither a restart nor a second process gives whoever guesses passwords
// a fresh start. One statement per attempt: tries at the same time are all counted.

import { createHmac } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { AttemptLimiter, AttemptVerdict } from './attempt-limiter.ts';
import { STORE_LIMITS } from './limits.ts';

export interface StoredAttemptsOptions {
  /** What is counted; each kind has keys of its own. */
  readonly kind: string;
  readonly maxAttempts: number;
  readonly windowMs: number;
  /**
   * Keys are stored as HMACs under this secret: what somebody typed into the field for the name may be a password, and
   * belongs into no file.
   */
  readonly secret: string;
}

/** Makes limiters over the table `attempt`. */
export type StoredAttempts = (options: StoredAttemptsOptions) => AttemptLimiter;

/** @param now clock in milliseconds */
export function createStoredAttempts(database: DatabaseSync, now: () => number): StoredAttempts {
  const statements = {
    sweep: database.prepare('DELETE FROM attempt WHERE ends_at <= ?'),
    // The oldest window goes first, as many as are too many.
    evict: database.prepare(`DELETE FROM attempt WHERE rowid IN (SELECT rowid FROM attempt ORDER BY ends_at
      LIMIT max(0, (SELECT count(*) FROM attempt) - ?))`),
    // One more than allowed is as far as it counts: the window neither grows nor moves while somebody goes on trying.
    take: database.prepare(`
      INSERT INTO attempt (kind, key, attempts, ends_at) VALUES (?1, ?2, 1, ?3)
      ON CONFLICT (kind, key) DO UPDATE SET attempts = min(attempts + 1, ?4 + 1)
      RETURNING attempts, ends_at`),
    find: database.prepare('SELECT attempts, ends_at FROM attempt WHERE kind = ? AND key = ? AND ends_at > ?'),
    forget: database.prepare('DELETE FROM attempt WHERE kind = ? AND key = ?'),
  };
  return ({ kind, maxAttempts, windowMs, secret }) => {
    const keyOf = (key: string) => createHmac('sha256', secret).update(`${kind}\0${key}`).digest('base64url');
    const judge = (row: Record<string, unknown> | undefined, most: number): AttemptVerdict =>
      row === undefined || Number(row['attempts']) <= most
        ? { ok: true }
        : { ok: false, retryAfterSeconds: Math.max(1, Math.ceil((Number(row['ends_at']) - now()) / 1_000)) };
    return {
      check: (key) => judge(statements.find.get(kind, keyOf(key), now()), maxAttempts - 1),
      take(key) {
        statements.sweep.run(now());
        const row = statements.take.get(kind, keyOf(key), now() + windowMs, maxAttempts);
        statements.evict.run(STORE_LIMITS.maxAttemptRows);
        return judge(row, maxAttempts);
      },
      forget: (key) => void statements.forget.run(kind, keyOf(key)),
    };
  };
}
