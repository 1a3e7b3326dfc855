// oidc-provider's storage adapter over the table `entry`: sessions, interactions, grants, codes, refresh tokens and
// registered clients. Whatever ends a grant goes through here, and so onto the list of what is revoked.

import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider';
import { CLIENT_LIMITS, STORE_LIMITS } from './limits.ts';
import type { Revocations } from './revocations.ts';

export interface EntriesOptions {
  readonly database: DatabaseSync;
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly revocations: Revocations;
  readonly refreshOverlapSeconds: number;
}

export interface Entries {
  readonly adapter: AdapterFactory;
  /** Ends a grant with its codes, refresh tokens and access tokens. */
  readonly endGrant: (grantId: string) => void;
  /** Ends a client with its registration and everything that it was given. */
  readonly endClient: (clientId: string) => void;
}

/** Models whose id is itself the secret that a client presents. Only its hash is stored: a copied file redeems nothing. */
const BEARER_MODELS: ReadonlySet<string> = new Set([
  'AccessToken',
  'AuthorizationCode',
  'ClientCredentials',
  'InitialAccessToken',
  'RefreshToken',
  'RegistrationAccessToken',
]);

type Statements = ReturnType<typeof prepare>;

export function createEntries({ database, now, revocations, refreshOverlapSeconds }: EntriesOptions): Entries {
  const statements = prepare(database);
  const endGrant = (grantId: string) => {
    statements.revokeAll.run(grantId);
    revocations.denyGrant(grantId);
  };
  const endClient = (clientId: string) => {
    for (const grant of statements.grantsOfClient.all(clientId)) endGrant(String(grant['id']));
    statements.destroyOfClient.run(clientId);
    statements.destroy.run('Client', clientId);
    revocations.denyClient(clientId);
  };
  return {
    endGrant,
    endClient,
    adapter: (model) => createAdapter({ model, statements, now, endGrant, endClient, refreshOverlapSeconds }),
  };
}

function prepare(database: DatabaseSync) {
  return {
    // An entry that was used stays used, whoever writes it again.
    upsert: database.prepare(`
      INSERT INTO entry (model, id, payload, grant_id, uid, user_code, consumed, expires_at, client_id, account_id, used_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
        uid = excluded.uid, user_code = excluded.user_code, consumed = coalesce(consumed, excluded.consumed),
        expires_at = excluded.expires_at, client_id = excluded.client_id, account_id = excluded.account_id,
        used_at = excluded.used_at`),
    claim: database.prepare(
      'INSERT INTO entry (model, id, payload, expires_at) VALUES (?, ?, ?, ?) ON CONFLICT (model, id) DO NOTHING',
    ),
    find: database.prepare('SELECT id, payload, consumed FROM entry WHERE model = ? AND id = ?'),
    findByUid: database.prepare('SELECT id, payload, consumed FROM entry WHERE model = ? AND uid = ?'),
    findByUserCode: database.prepare('SELECT id, payload, consumed FROM entry WHERE model = ? AND user_code = ?'),
    consume: database.prepare('UPDATE entry SET consumed = ? WHERE model = ? AND id = ? AND consumed IS NULL'),
    lookUp: database.prepare('SELECT grant_id, consumed FROM entry WHERE model = ? AND id = ?'),
    destroy: database.prepare('DELETE FROM entry WHERE model = ? AND id = ?'),
    revoke: database.prepare('DELETE FROM entry WHERE model = ? AND grant_id = ?'),
    revokeAll: database.prepare(`DELETE FROM entry WHERE grant_id = ?1 OR (model = 'Grant' AND id = ?1)`),
    sweep: database.prepare(
      'DELETE FROM entry WHERE rowid IN (SELECT rowid FROM entry WHERE expires_at < ? ORDER BY expires_at LIMIT ?)',
    ),
    count: database.prepare('SELECT count(*) AS rows FROM entry WHERE model = ?'),
    // Strangers make sessions and interactions by the thousand; those of people who signed in go last.
    evict: database.prepare(`DELETE FROM entry WHERE rowid IN (SELECT rowid FROM entry
      WHERE model = ? AND expires_at IS NOT NULL ORDER BY account_id IS NOT NULL, expires_at LIMIT ?)`),
    touchClient: database.prepare(`UPDATE entry SET used_at = ? WHERE model = 'Client' AND id = ?`),
    grantsOfClient: database.prepare(`SELECT id FROM entry WHERE client_id = ? AND model = 'Grant'`),
    destroyOfClient: database.prepare('DELETE FROM entry WHERE client_id = ?'),
    idleClients: database.prepare(`
      SELECT id FROM entry AS client WHERE model = 'Client' AND used_at < ?1 AND NOT EXISTS
        (SELECT 1 FROM entry WHERE client_id = client.id AND model IN ('Grant', 'RefreshToken') AND expires_at > ?2)
      ORDER BY used_at LIMIT ?3`),
  };
}

interface AdapterOptions {
  readonly model: string;
  readonly statements: Statements;
  readonly now: () => number;
  readonly endGrant: (grantId: string) => void;
  readonly endClient: (clientId: string) => void;
  readonly refreshOverlapSeconds: number;
}

function createAdapter(options: AdapterOptions): Adapter {
  const { model, statements, now, endGrant, endClient } = options;
  const isBearer = BEARER_MODELS.has(model);
  const keyOf = (id: string) => (isBearer ? createHash('sha256').update(id).digest('base64url') : id);
  const maxRows = STORE_LIMITS.maxRowsPerModel[model] ?? STORE_LIMITS.maxRowsPerModel.default;
  /** A refresh token that was rotated just now still works: the answer may have been lost, or another call was quicker. */
  const isOverlapping = (consumed: unknown) =>
    model === 'RefreshToken' && typeof consumed === 'number' && now() - consumed < options.refreshOverlapSeconds;

  const makeRoom = () => {
    statements.sweep.run(now() - STORE_LIMITS.sweepGraceSeconds, STORE_LIMITS.sweepRowsPerWrite);
    if (model === 'Client') return;
    const excess = Number(statements.count.get(model)?.['rows']) - maxRows;
    if (excess > 0) statements.evict.run(model, excess);
  };

  /** Clients do not expire, they fall into disuse; one with a live grant never does. */
  const makeRoomForClient = (id: string) => {
    const reap = (idleSeconds: number, limit: number) => {
      for (const client of statements.idleClients.all(now() - idleSeconds, now(), limit))
        endClient(String(client['id']));
    };
    reap(CLIENT_LIMITS.idleSeconds, STORE_LIMITS.sweepRowsPerWrite);
    const isFull = () => Number(statements.count.get('Client')?.['rows']) >= CLIENT_LIMITS.maxClients;
    if (statements.find.get('Client', id) || !isFull()) return;
    reap(CLIENT_LIMITS.graceSeconds, 1);
    if (isFull())
      throw new errors.TemporarilyUnavailable('too many clients are registered at the moment; try again later');
  };

  const toPayload = (row: Record<string, unknown> | undefined): AdapterPayload | undefined => {
    if (!row) return undefined;
    // Safe: only `upsert` writes this column, from an AdapterPayload.
    const payload = JSON.parse(String(row['payload'])) as AdapterPayload;
    const { consumed } = row;
    return consumed === null || isOverlapping(consumed) ? payload : { ...payload, consumed };
  };

  return {
    async upsert(id, payload, expiresIn) {
      const { jti, ...rest } = payload;
      const expiresAt = expiresIn === undefined ? null : now() + expiresIn;
      if (model === 'ReplayDetection') {
        // The library looks first and writes then; of two that come at the same time, one would slip through.
        if (statements.claim.run(model, id, JSON.stringify(payload), expiresAt).changes === 0)
          throw new errors.InvalidRequest('this assertion or proof has been used before');
        return makeRoom();
      }
      if (model === 'Client') makeRoomForClient(id);
      if (model === 'Interaction') {
        const client = payload.params?.['client_id'];
        if (typeof client === 'string') statements.touchClient.run(now(), client);
      }
      statements.upsert.run(
        model,
        keyOf(id),
        JSON.stringify(isBearer ? rest : payload),
        payload.grantId ?? null,
        payload.uid ?? null,
        payload.userCode ?? null,
        typeof payload.consumed === 'number' ? payload.consumed : null,
        expiresAt,
        payload.clientId ?? null,
        payload.accountId ?? null,
        model === 'Client' || model === 'Grant' ? now() : null,
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
      if (model === 'Grant') endGrant(id);
      else if (model === 'Client') endClient(id);
      else statements.destroy.run(model, keyOf(id));
    },
    async consume(id) {
      const key = keyOf(id);
      if (statements.consume.run(now(), model, key).changes === 1) return;
      const entry = statements.lookUp.get(model, key);
      if (isOverlapping(entry?.['consumed'])) return;
      // Somebody else used it after oidc-provider had looked: the same case as one who comes later, so the same
      // answer, and everything that came of the grant ends. RFC 6749 §4.1.2, RFC 9700 §4.14.2
      const grantId = entry?.['grant_id'];
      if (typeof grantId === 'string') endGrant(grantId);
      throw new errors.InvalidGrant({ detail: 'used twice at the same time' });
    },
    async revokeByGrantId(grantId) {
      statements.revoke.run(model, grantId);
    },
  };
}
