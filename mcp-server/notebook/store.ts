// The notebook's one SQLite file: schema, statements, and the mode 0600 that keeps other users of the machine out.
// Every statement names the owner; there is none that could reach across.

import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ServerError } from '../errors.ts';
import { NOTE_LIMITS } from './limits.ts';

/** A database that lives as long as the process; for tests. */
export const IN_MEMORY = ':memory:';

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE note (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    owner      TEXT NOT NULL,
    title      TEXT NOT NULL,
    body       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX note_page ON note (owner, created_at DESC, id DESC);
  CREATE INDEX note_title ON note (owner, title);
  CREATE VIRTUAL TABLE note_text USING fts5 (
    owner, title, body, content = 'note', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2'
  );
  CREATE TRIGGER note_inserted AFTER INSERT ON note BEGIN
    INSERT INTO note_text (rowid, owner, title, body) VALUES (new.seq, new.owner, new.title, new.body);
  END;
  CREATE TRIGGER note_deleted AFTER DELETE ON note BEGIN
    INSERT INTO note_text (note_text, rowid, owner, title, body)
      VALUES ('delete', old.seq, old.owner, old.title, old.body);
  END;
  CREATE TRIGGER note_updated AFTER UPDATE ON note BEGIN
    INSERT INTO note_text (note_text, rowid, owner, title, body)
      VALUES ('delete', old.seq, old.owner, old.title, old.body);
    INSERT INTO note_text (rowid, owner, title, body) VALUES (new.seq, new.owner, new.title, new.body);
  END;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

const COLUMNS = 'id, title, body, version, created_at, updated_at';

/**
 * Opens the file, or creates it with mode 0600 (SQLite gives its -wal and -shm files the same mode).
 *
 * @throws {ServerError} `unreadable_data` when it is not our database, is damaged, or others may read it
 */
export function openNoteStore(file: string) {
  if (file !== IN_MEMORY) ensurePrivateFile(file);
  const database = openDatabase(file);
  return {
    insert: database.prepare(
      `INSERT INTO note (id, owner, title, body, version, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5)`,
    ),
    find: database.prepare(`SELECT ${COLUMNS} FROM note WHERE owner = ? AND id = ?`),
    findSame: database.prepare('SELECT 1 FROM note WHERE owner = ? AND title = ? AND body = ?'),
    update: database.prepare(`
      UPDATE note SET title = ?4, body = ?5, version = version + 1, updated_at = ?6
      WHERE owner = ?1 AND id = ?2 AND version = ?3`),
    delete: database.prepare('DELETE FROM note WHERE owner = ? AND id = ?'),
    count: database.prepare('SELECT count(*) AS notes FROM note WHERE owner = ?'),
    firstPage: database.prepare(
      `SELECT ${COLUMNS} FROM note WHERE owner = ? ORDER BY created_at DESC, id DESC LIMIT ?`,
    ),
    nextPage: database.prepare(`
      SELECT ${COLUMNS} FROM note WHERE owner = ? AND (created_at, id) < (?, ?)
      ORDER BY created_at DESC, id DESC LIMIT ?`),
    // A word in the title counts four times as much as one in the text.
    search: database.prepare(`
      SELECT ${COLUMNS.replaceAll(/\w+/g, 'note.$&')}, snippet(note_text, 2, '', '', '…', 24) AS snippet
      FROM note_text JOIN note ON note.seq = note_text.rowid
      WHERE note_text MATCH ?1 AND note.owner = ?2
      ORDER BY bm25(note_text, 0.0, 4.0, 1.0), note.created_at DESC, note.id LIMIT ?3`),
    suggest: database.prepare(`
      SELECT id, title FROM note
      WHERE owner = ?1 AND (id LIKE ?2 || '%' ESCAPE '\\' OR title LIKE '%' || ?2 || '%' ESCAPE '\\')
      ORDER BY created_at DESC, id DESC LIMIT ?3`),
    /** Runs `work` as a whole or not at all. It must not wait: the connection belongs to everybody. */
    transaction<T>(work: () => T): T {
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => database.close(),
  };
}

function openDatabase(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  let version: unknown;
  try {
    database = new DatabaseSync(file, { timeout: NOTE_LIMITS.busyTimeoutMs });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE;');
    version = database.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version === 0) database.exec(SCHEMA);
    database.exec('COMMIT');
  } catch (error) {
    database?.close();
    throw unreadable(file, error instanceof Error ? error.message : String(error), error);
  }
  if (version === 0 || version === SCHEMA_VERSION) return database;
  database.close();
  throw unreadable(file, `it is version ${version} of the notebook, expected ${SCHEMA_VERSION}`);
}

/** SQLite would create the file with the mode that the umask leaves. */
function ensurePrivateFile(file: string): void {
  let mode: number;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const descriptor = openSync(file, constants.O_CREAT | constants.O_RDWR, 0o600);
    mode = fstatSync(descriptor).mode;
    closeSync(descriptor);
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message : String(error), error);
  }
  // Windows has no such modes; a file there is as private as the profile folder that it lies in.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw unreadable(
      file,
      `other users of this machine may read or write it (mode ${(mode & 0o777).toString(8).padStart(4, '0')}, expected 0600)`,
    );
}

function unreadable(file: string, what: string, cause?: unknown): ServerError {
  const remedy = `chmod 600 it if that is all, else restore it from a backup, or move it away together with ${file}-wal and ${file}-shm: everybody then starts with an empty notebook`;
  return new ServerError('unreadable_data', `Cannot use ${file}: ${what}. To go on: ${remedy}.`, { cause });
}
