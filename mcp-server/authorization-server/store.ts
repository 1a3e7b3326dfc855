// What the authorization server remembers, in one SQLite file: what oidc-provider stores (entries.ts), revoked grants and
// tokens (revocations.ts), accounts (account-store.ts), what people have connected (connections.ts), who the clients are
// (known-clients.ts) and which passwords were tried (stored-attempts.ts). oidc-provider's own store is an in-memory cache of 1 000 entries that strangers can flush; this one survives a restart, is bounded
// per model, and lets a code be used exactly once, across processes too.

import { DatabaseSync } from 'node:sqlite';
import type { AdapterFactory } from 'oidc-provider';
import { databaseRemedy } from '../errors.ts';
import { type AccountStore, createAccountStore } from './account-store.ts';
import { type Connections, createConnections } from './connections.ts';
import { createEntries } from './entries.ts';
import { createKnownClients, type KnownClients } from './known-clients.ts';
import { OVERLAP_SECONDS, STORE_LIMITS } from './limits.ts';
import { ensurePrivateFile, unreadable } from './private-files.ts';
import { createRevocations, type Revocations } from './revocations.ts';
import { createStoredAttempts, type StoredAttempts } from './stored-attempts.ts';

export interface StoreOptions {
  readonly file: string;
  /** Clock in milliseconds; default the system's. */
  readonly now?: (() => number) | undefined;
  /** A rotated refresh token works this much longer, in seconds; default `OVERLAP_SECONDS`, 0 turns it off. */
  readonly refreshOverlapSeconds?: number | undefined;
}

export interface Store {
  /** What oidc-provider asks for, once per model. */
  readonly adapter: AdapterFactory;
  readonly revocations: Revocations;
  readonly connections: Connections;
  readonly accounts: AccountStore;
  readonly clients: KnownClients;
  readonly attempts: StoredAttempts;
  close(): void;
}

const SCHEMA_VERSION = 3;

/** Each step takes a database of the version before to its own; a new database walks all of them. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE entry (
    model      TEXT NOT NULL,
    id         TEXT NOT NULL,
    payload    TEXT NOT NULL,
    grant_id   TEXT,
    uid        TEXT,
    user_code  TEXT,
    consumed   INTEGER,
    expires_at INTEGER,
    PRIMARY KEY (model, id)
  ) STRICT;
  CREATE INDEX entry_grant ON entry (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX entry_uid ON entry (model, uid) WHERE uid IS NOT NULL;
  CREATE INDEX entry_user_code ON entry (model, user_code) WHERE user_code IS NOT NULL;
  CREATE INDEX entry_model_expiry ON entry (model, expires_at);
  CREATE INDEX entry_expiry ON entry (expires_at) WHERE expires_at IS NOT NULL;
  `,
  `
  ALTER TABLE entry ADD COLUMN client_id TEXT;
  ALTER TABLE entry ADD COLUMN account_id TEXT;
  ALTER TABLE entry ADD COLUMN used_at INTEGER;
  UPDATE entry SET client_id = json_extract(payload, '$.clientId'), account_id = json_extract(payload, '$.accountId');
  CREATE INDEX entry_client ON entry (client_id, model) WHERE client_id IS NOT NULL;
  CREATE INDEX entry_account ON entry (account_id, model) WHERE account_id IS NOT NULL;
  CREATE INDEX entry_use ON entry (model, used_at) WHERE used_at IS NOT NULL;
  CREATE TABLE denial (
    kind         TEXT NOT NULL,
    id           TEXT NOT NULL,
    client_id    TEXT,
    issued_until INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT;
  CREATE INDEX denial_expiry ON denial (expires_at);
  CREATE INDEX denial_client ON denial (client_id, kind) WHERE client_id IS NOT NULL;
  CREATE TABLE account (
    id            TEXT NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE attempt (
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT;
  CREATE INDEX attempt_end ON attempt (ends_at);
  `,
];

/**
 * Opens the database, mode 0600 (SQLite gives its -wal and -shm files the same mode), creates it when it is new, and
 * brings one of an earlier version up to date.
 *
 * @throws {ServerError} `unreadable_data` when it is not our database, is damaged, or others may read it
 */
export async function openStore({
  file,
  now = Date.now,
  refreshOverlapSeconds = OVERLAP_SECONDS,
}: StoreOptions): Promise<Store> {
  await ensurePrivateFile(file);
  const database = openDatabase(file);
  const seconds = () => Math.floor(now() / 1_000);
  const revocations = createRevocations(database, seconds);
  const entries = createEntries({ database, now: seconds, revocations, refreshOverlapSeconds });
  return {
    adapter: entries.adapter,
    revocations,
    connections: createConnections(database, seconds, entries.endGrant),
    accounts: createAccountStore(database, seconds, entries.endGrant),
    clients: createKnownClients(database, seconds, entries.endClient),
    attempts: createStoredAttempts(database, now),
    close: () => database.close(),
  };
}

function openDatabase(file: string): DatabaseSync {
  const remedy = `restore it from a backup, or delete it together with ${file}-wal and ${file}-shm: everybody then signs in once more`;
  let database: DatabaseSync | undefined;
  let version = 0;
  try {
    database = new DatabaseSync(file, { timeout: STORE_LIMITS.busyTimeoutMs });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE;');
    version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
    if (version < SCHEMA_VERSION) database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    database.exec('COMMIT');
  } catch (error) {
    database?.close();
    throw unreadable(
      file,
      error instanceof Error ? error.message : String(error),
      databaseRemedy(error, remedy),
      error,
    );
  }
  if (version <= SCHEMA_VERSION) return database;
  database.close();
  throw unreadable(file, `it is version ${version} of this database, expected ${SCHEMA_VERSION}`, remedy);
}
