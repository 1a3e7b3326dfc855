// The database of conversations: one private file, opened so that two processes do each other no harm.

import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import { ensurePrivateDirectory } from '../auth/private-file.ts';
import { AgentError } from '../errors.ts';

/** What we use of better-sqlite3, which brings no types. */
export interface Database {
  readonly open: boolean;
  prepare(sql: string): Statement;
  exec(sql: string): void;
  pragma(text: string): unknown;
  close(): void;
}

export interface Statement {
  run(...values: readonly SqlValue[]): { readonly changes: number };
  get(...values: readonly SqlValue[]): unknown;
  all(...values: readonly SqlValue[]): unknown[];
}

type SqlValue = string | number | null;

/** A row is written in milliseconds; whoever waits longer waits for somebody who was stopped in the middle. */
const BUSY_TIMEOUT_MS = 5_000;
const FILE_MODE = 0o600;

/**
 * Opens the database, and creates it with mode 0600 in a directory of mode 0700 if there is none.
 *
 * @throws {AgentError} `invalid_configuration` when it cannot be opened
 */
export async function openDatabase(
  file: string,
): Promise<{ readonly saver: SqliteSaver; readonly database: Database }> {
  try {
    await ensurePrivateDirectory(dirname(file));
    // SQLite would create it as the umask says; what it makes beside it has the same mode.
    await (await open(file, 'a', FILE_MODE)).close();
    const saver = SqliteSaver.fromConnString(file);
    const database: Database = saver.db;
    database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.pragma('journal_mode = WAL');
    // A crash of the machine may cost the last turn, never the file.
    database.pragma('synchronous = NORMAL');
    // What somebody deletes is gone, not only unlisted.
    database.pragma('secure_delete = ON');
    return { saver, database };
  } catch (error) {
    throw new AgentError(
      'invalid_configuration',
      `Conversations cannot be kept in ${file}: ${error instanceof Error ? error.message : String(error)} Set XDG_STATE_HOME to a directory of yours, or THREAD_STORE=none to keep nothing.`,
      { cause: error },
    );
  }
}
