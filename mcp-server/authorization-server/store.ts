// What the authorization server remembers: sessions, interactions, grants, codes and refresh tokens in one SQLite file.
// oidc-provider's own store is an in-memory cache of 1 000 entries that strangers can flush; this one survives a
// restart, is bounded per model, and lets a code or refresh token be used exactly once, across processes too.

import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider';
import { STORE_LIMITS } from './limits.ts';
import { ensurePrivateFile, unreadable } from './private-files.ts';

export interface StoreOptions {
  readonly file: string;
  /** Clock in milliseconds; default the system's. */
  readonly now?: (() => number) | undefined;
}

export interface Store {
  /** What oidc-provider asks for, once per model. */
  readonly adapter: AdapterFactory;
  close(): void;
}

const SCHEMA_VERSION = 1;
const SCHEMA = `
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
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Models whose id is itself the secret that a client presents. Only its hash is stored: a copied file redeems nothing. */
const BEARER_MODELS: ReadonlySet<string> = new Set([
  'AccessToken',
  'AuthorizationCode',
  'ClientCredentials',
  'InitialAccessToken',
  'RefreshToken',
  'RegistrationAccessToken',
]);

/**
 * Opens the database, mode 0600 (SQLite gives its -wal and -shm files the same mode), and creates it when it is new.
 *
 * @throws {ServerError} `unreadable_data` when it is not our database, is damaged, or others may read it
 */
export async function openStore({ file, now = Date.now }: StoreOptions): Promise<Store> {
  await ensurePrivateFile(file);
  const database = openDatabase(file);
  const statements = prepare(database);
  const seconds = () => Math.floor(now() / 1_000);
  return {
    adapter: (model) => createAdapter(model, statements, seconds),
    close: () => database.close(),
  };
}

function openDatabase(file: string): DatabaseSync {
  const remedy = `restore it from a backup, or delete it together with ${file}-wal and ${file}-shm: everybody then signs in once more`;
  let database: DatabaseSync | undefined;
  let version: unknown;
  try {
    database = new DatabaseSync(file, { timeout: STORE_LIMITS.busyTimeoutMs });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE;');
    version = database.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version === 0) database.exec(SCHEMA);
    database.exec('COMMIT');
  } catch (error) {
    database?.close();
    throw unreadable(file, error instanceof Error ? error.message : String(error), remedy, error);
  }
  if (version === 0 || version === SCHEMA_VERSION) return database;
  database.close();
  throw unreadable(file, `it is version ${version} of this database, expected ${SCHEMA_VERSION}`, remedy);
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: DatabaseSync) {
  return {
    // An entry that was used stays used, whoever writes it again.
    upsert: database.prepare(`
      INSERT INTO entry (model, id, payload, grant_id, uid, user_code, consumed, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
        uid = excluded.uid, user_code = excluded.user_code, consumed = coalesce(consumed, excluded.consumed),
        expires_at = excluded.expires_at`),
    find: database.prepare('SELECT id, payload, consumed FROM entry WHERE model = ? AND id = ?'),
    findByUid: database.prepare('SELECT id, payload, consumed FROM entry WHERE model = ? AND uid = ?'),
    findByUserCode: database.prepare('SELECT id, payload, consumed FROM entry WHERE model = ? AND user_code = ?'),
    consume: database.prepare('UPDATE entry SET consumed = ? WHERE model = ? AND id = ? AND consumed IS NULL'),
    grantOf: database.prepare('SELECT grant_id FROM entry WHERE model = ? AND id = ?'),
    destroy: database.prepare('DELETE FROM entry WHERE model = ? AND id = ?'),
    revoke: database.prepare('DELETE FROM entry WHERE model = ? AND grant_id = ?'),
    revokeAll: database.prepare(`DELETE FROM entry WHERE grant_id = ?1 OR (model = 'Grant' AND id = ?1)`),
    sweep: database.prepare(
      'DELETE FROM entry WHERE rowid IN (SELECT rowid FROM entry WHERE expires_at < ? ORDER BY expires_at LIMIT ?)',
    ),
    count: database.prepare('SELECT count(*) AS rows FROM entry WHERE model = ?'),
    evict: database.prepare(`DELETE FROM entry WHERE rowid IN
      (SELECT rowid FROM entry WHERE model = ? AND expires_at IS NOT NULL ORDER BY expires_at LIMIT ?)`),
  };
}

function createAdapter(model: string, statements: Statements, now: () => number): Adapter {
  const isBearer = BEARER_MODELS.has(model);
  const keyOf = (id: string) => (isBearer ? createHash('sha256').update(id).digest('base64url') : id);
  const maxRows = STORE_LIMITS.maxRowsPerModel[model] ?? STORE_LIMITS.maxRowsPerModel.default;

  const makeRoom = () => {
    statements.sweep.run(now() - STORE_LIMITS.sweepGraceSeconds, STORE_LIMITS.sweepRowsPerWrite);
    const excess = Number(statements.count.get(model)?.['rows']) - maxRows;
    if (excess > 0) statements.evict.run(model, excess);
  };

  return {
    async upsert(id, payload, expiresIn) {
      const { jti, ...rest } = payload;
      statements.upsert.run(
        model,
        keyOf(id),
        JSON.stringify(isBearer ? rest : payload),
        payload.grantId ?? null,
        payload.uid ?? null,
        payload.userCode ?? null,
        typeof payload.consumed === 'number' ? payload.consumed : null,
        expiresIn === undefined ? null : now() + expiresIn,
      );
      makeRoom();
    },
    async find(id) {
      const payload = toPayload(statements.find.get(model, keyOf(id)));
      return payload && isBearer ? { ...payload, jti: id } : payload;
    },
    async findByUid(uid) {
      return toPayload(statements.findByUid.get(model, uid));
    },
    async findByUserCode(userCode) {
      return toPayload(statements.findByUserCode.get(model, userCode));
    },
    async destroy(id) {
      statements.destroy.run(model, keyOf(id));
    },
    async consume(id) {
      const key = keyOf(id);
      if (statements.consume.run(now(), model, key).changes === 1) return;
      // Somebody else used it after oidc-provider had looked: the same case as one who comes later, so the same
      // answer, and everything that came of the grant ends. RFC 6749 §4.1.2, RFC 9700 §4.14.2
      const grantId = statements.grantOf.get(model, key)?.['grant_id'];
      if (typeof grantId === 'string') statements.revokeAll.run(grantId);
      throw new errors.InvalidGrant({ detail: 'used twice at the same time' });
    },
    async revokeByGrantId(grantId) {
      statements.revoke.run(model, grantId);
    },
  };
}

function toPayload(row: Record<string, unknown> | undefined): AdapterPayload | undefined {
  if (!row) return undefined;
  // Safe: only `upsert` writes this column, from an AdapterPayload.
  const payload = JSON.parse(String(row['payload'])) as AdapterPayload;
  return row['consumed'] === null ? payload : { ...payload, consumed: row['consumed'] };
}
