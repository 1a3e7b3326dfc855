// One turn at a time on a conversation, among all processes that have the database open. In the database itself, so that it
// goes wherever the conversations go.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createTakenError } from './memory-thread-store.ts';
import type { Database } from './sqlite.ts';

const TIMES = {
  heartbeatMs: 5_000,
  /** A holder that gave no sign of life for so long is gone, whatever its process id says: those are used again. */
  silenceMs: 60_000,
} as const;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly beat_ms: number;
}

/** Creates the table if need be. */
export function createTurnLocks(database: Database, now: () => number) {
  database.exec(`CREATE TABLE IF NOT EXISTS running_turns (
    thread_id TEXT PRIMARY KEY, holder TEXT NOT NULL, pid INTEGER NOT NULL, host TEXT NOT NULL, beat_ms INTEGER NOT NULL
  )`);
  const find = database.prepare('SELECT holder, pid, host, beat_ms FROM running_turns WHERE thread_id = ?');
  const insert = database.prepare(
    'INSERT INTO running_turns (thread_id, holder, pid, host, beat_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  // Only the holder that was looked at: otherwise a slow process would remove the fresh row of a fast one.
  const removeIf = database.prepare('DELETE FROM running_turns WHERE thread_id = ? AND holder = ?');
  const beat = database.prepare('UPDATE running_turns SET beat_ms = ? WHERE thread_id = ? AND holder = ?');

  /** @throws {AgentError} `usage` when somebody else holds it */
  return async (threadId: string): Promise<() => Promise<void>> => {
    const holder = randomUUID();
    const take = () => insert.run(threadId, holder, process.pid, hostname(), now()).changes === 1;
    if (!take()) {
      // The columns are those of the statement.
      const other = find.get(threadId) as (Holder & { holder: string }) | undefined;
      if (other && isGone(other, now())) removeIf.run(threadId, other.holder);
      if ((other && !isGone(other, now())) || !take()) throw createTakenError();
    }
    const heartbeat = setInterval(() => {
      // The store may be closed while a turn is still being cancelled.
      if (database.open) beat.run(now(), threadId, holder);
    }, TIMES.heartbeatMs);
    heartbeat.unref();
    return async () => {
      clearInterval(heartbeat);
      removeIf.run(threadId, holder);
    };
  };
}

function isGone({ pid, host, beat_ms }: Holder, nowMs: number): boolean {
  if (nowMs - beat_ms > TIMES.silenceMs) return true;
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
