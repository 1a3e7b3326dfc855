// The notebook's one SQLite file: schema, statements, and the mode 0600 that keeps other users of the machine out.
// Every statement names the owner; there is none that could reach across.

import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { databaseRemedy, ServerError } from '../errors.ts';
import { NOTE_LIMITS } from './limits.ts';
import { INDEX_OPTIONS, indexedWords } from './search-index.ts';

/** What is written of a note. */
interface NoteRow {
  readonly id: string;
  readonly owner: string;
  readonly title: string;
  readonly body: string;
}

/** A database that lives as long as the process; for tests. */
export const IN_MEMORY = ':memory:';

const SCHEMA_VERSION = 2;
const INDEX = `CREATE VIRTUAL TABLE note_text USING fts5 (title, body, ${INDEX_OPTIONS});`;
const SCHEMA = `
  CREATE TABLE note (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    owner      TEXT NOT NULL,
    title      TEXT NOT NULL,
    body       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    digest     TEXT NOT NULL
  ) STRICT;
  CREATE INDEX note_page ON note (owner, created_at DESC, id DESC);
  CREATE INDEX note_digest ON note (owner, digest);
  ${INDEX}
  PRAGMA user_version = ${SCHEMA_VERSION};
`;
/** Version 1 had an index that a search could be lost in, and compared whole notes to find those that are there. */
const FROM_VERSION_1 = `
  DROP TRIGGER note_inserted;
  DROP TRIGGER note_deleted;
  DROP TRIGGER note_updated;
  DROP TABLE note_text;
  DROP INDEX note_title;
  ALTER TABLE note ADD COLUMN digest TEXT NOT NULL DEFAULT '';
  CREATE INDEX note_digest ON note (owner, digest);
  ${INDEX}
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

const INDEX_NOTE = 'INSERT INTO note_text (rowid, title, body) VALUES (?, ?, ?)';
const COLUMNS = 'id, title, body, version, created_at, updated_at';

/**
 * Opens the file, or creates it with mode 0600 (SQLite gives its -wal and -shm files the same mode).
 *
 * @throws {ServerError} `unreadable_data` when it is not our database, is damaged, or others may read it
 */
export function openNoteStore(file: string) {
  if (file !== IN_MEMORY) ensurePrivateFile(file);
  const database = openDatabase(file);
  const statements = {
    insert: database.prepare(`
      INSERT INTO note (id, owner, title, body, version, created_at, updated_at, digest)
      VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5, ?6) RETURNING seq`),
    update: database.prepare(`
      UPDATE note SET title = ?4, body = ?5, version = version + 1, updated_at = ?6, digest = ?7
      WHERE owner = ?1 AND id = ?2 AND version = ?3 RETURNING seq`),
    delete: database.prepare('DELETE FROM note WHERE owner = ? AND id = ? RETURNING seq'),
    index: database.prepare(INDEX_NOTE),
    unindex: database.prepare('DELETE FROM note_text WHERE rowid = ?'),
    findSame: database.prepare('SELECT 1 FROM note WHERE owner = ? AND digest = ?'),
  };
  return {
    insert({ id, owner, title, body, nowMs }: NoteRow & { readonly nowMs: number }): void {
      const row = statements.insert.get(id, owner, title, body, nowMs, digestOf(title, body));
      statements.index.run(Number(row?.['seq']), indexedWords(owner, title), indexedWords(owner, body));
    },
    /** Whether there was such a note at that version. */
    update({ id, owner, title, body, version, nowMs }: NoteRow & { readonly version: number; readonly nowMs: number }) {
      const row = statements.update.get(owner, id, version, title, body, nowMs, digestOf(title, body));
      if (!row) return false;
      statements.unindex.run(Number(row['seq']));
      statements.index.run(Number(row['seq']), indexedWords(owner, title), indexedWords(owner, body));
      return true;
    },
    delete(owner: string, id: string): void {
      const row = statements.delete.get(owner, id);
      if (row) statements.unindex.run(Number(row['seq']));
    },
    has: (owner: string, title: string, body: string) =>
      statements.findSame.get(owner, digestOf(title, body)) !== undefined,
    find: database.prepare(`SELECT ${COLUMNS} FROM note WHERE owner = ? AND id = ?`),
    count: database.prepare('SELECT count(*) AS notes FROM note WHERE owner = ?'),
    firstPage: database.prepare(
      `SELECT ${COLUMNS} FROM note WHERE owner = ? ORDER BY created_at DESC, id DESC LIMIT ?`,
    ),
    nextPage: database.prepare(`
      SELECT ${COLUMNS} FROM note WHERE owner = ? AND (created_at, id) < (?, ?)
      ORDER BY created_at DESC, id DESC LIMIT ?`),
    // By row, newest first: the index is read in that order and no further than needed. Ranks of FTS5 count the notes of
    // everybody, and so would tell an owner what is in those of others.
    search: database.prepare(`
      SELECT ${COLUMNS.replaceAll(/\w+/g, 'note.$&')}
      FROM note_text JOIN note ON note.seq = note_text.rowid
      WHERE note_text MATCH ?1 AND note.owner = ?2
      ORDER BY note_text.rowid DESC LIMIT ?3`),
    suggest: database.prepare(`
      SELECT id, title FROM note
      WHERE owner = ?1 AND (instr(lower(title), lower(?2)) > 0 OR substr(id, 1, length(?2)) = ?2)
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
    if (version === 1) upgrade(database);
    database.exec('COMMIT');
  } catch (error) {
    database?.close();
    throw unreadable(file, error instanceof Error ? error.message : String(error), error);
  }
  if (version === 0 || version === 1 || version === SCHEMA_VERSION) return database;
  database.close();
  throw unreadable(file, `it is version ${version} of the notebook, expected ${SCHEMA_VERSION}`);
}

function upgrade(database: DatabaseSync): void {
  database.exec(FROM_VERSION_1);
  const index = database.prepare(INDEX_NOTE);
  const mark = database.prepare('UPDATE note SET digest = ? WHERE seq = ?');
  for (const row of database.prepare('SELECT seq, owner, title, body FROM note').all()) {
    const [seq, owner] = [Number(row['seq']), String(row['owner'])];
    const [title, body] = [String(row['title']), String(row['body'])];
    mark.run(digestOf(title, body), seq);
    index.run(seq, indexedWords(owner, title), indexedWords(owner, body));
  }
}

/** A note that is there already is found by this, not by comparing texts. A title has no line break. */
function digestOf(title: string, body: string): string {
  return hash('sha256', `${title}\n${body}`, 'base64url');
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
  return new ServerError(
    'unreadable_data',
    `Cannot use ${file}: ${what}. To go on: ${databaseRemedy(cause, remedy)}.`,
    { cause },
  );
}
