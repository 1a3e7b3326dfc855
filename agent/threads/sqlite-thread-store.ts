// Conversations in a SQLite file: the graph's checkpoints, and beside them a table of what a list shows.

import type { BaseMessage } from '@langchain/core/messages';
import * as z from 'zod';
import { messagesIn } from './messages-in.ts';
import { openDatabase } from './sqlite.ts';
import type { ThreadStore, ThreadSummary } from './thread-store.ts';
import { titleOf } from './title.ts';
import { createTurnLocks } from './turn-locks.ts';

const rowSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    model: z.string(),
    created_ms: z.number(),
    updated_ms: z.number(),
    turns: z.number(),
  })
  .transform(
    ({ id, title, model, created_ms, updated_ms, turns }): ThreadSummary => ({
      id,
      title,
      model,
      createdAtMs: created_ms,
      updatedAtMs: updated_ms,
      turns,
    }),
  );

/**
 * Opens the store. The file may be open in other processes at the same time.
 *
 * @param now milliseconds since the epoch; default the clock
 * @throws {AgentError} `invalid_configuration` when the file cannot be opened
 */
export async function openSqliteThreadStore(file: string, now: () => number = Date.now): Promise<ThreadStore> {
  const { saver, database } = await openDatabase(file);
  database.exec(`CREATE TABLE IF NOT EXISTS threads (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, model TEXT NOT NULL,
    created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, turns INTEGER NOT NULL
  )`);
  const takeTurn = createTurnLocks(database, now);
  const columns = 'id, title, model, created_ms, updated_ms, turns';
  const newest = database.prepare(`SELECT ${columns} FROM threads ORDER BY updated_ms DESC, id LIMIT ?`);
  const exact = database.prepare(`SELECT ${columns} FROM threads WHERE id = ?`);
  // Not LIKE, to which a person's % and _ would mean something.
  const beginning = database.prepare(`SELECT ${columns} FROM threads WHERE substr(id, 1, length(?)) = ? LIMIT 2`);
  const record = database.prepare(`INSERT INTO threads (${columns}) VALUES (?, ?, ?, ?, ?, 1)
    ON CONFLICT (id) DO UPDATE SET model = excluded.model, updated_ms = excluded.updated_ms, turns = turns + 1`);
  const remove = database.prepare('DELETE FROM threads WHERE id = ?');

  return {
    saver,
    list: async (limit = -1) => newest.all(limit).map((row) => rowSchema.parse(row)),
    find: async (id) => {
      const found = exact.all(id);
      const [row, another] = found.length > 0 || id === '' ? found : beginning.all(id, id);
      return row === undefined || another !== undefined ? undefined : rowSchema.parse(row);
    },
    messages: async (id): Promise<readonly BaseMessage[]> => messagesIn(saver, id),
    recordTurn: async (id, { request, model }) => {
      record.run(id, titleOf(request), model, now(), now());
    },
    takeTurn,
    delete: async (id) => {
      await saver.deleteThread(id);
      remove.run(id);
      // Until then the old pages are still in the log beside the file.
      database.pragma('wal_checkpoint(TRUNCATE)');
    },
    close: async () => {
      database.close();
    },
  };
}
