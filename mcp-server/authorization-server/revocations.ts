// What has been revoked and could still be presented: access tokens are JWTs that a resource server verifies by itself,
// so it has to be told. An entry lives as long as an access token can, and then the token's own expiry does the work.

import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { LIFETIMES_SECONDS, REVOCATION_LIMITS } from './limits.ts';

/** The list as a resource server reads it. */
export interface RevocationList {
  /** Grants (claim `gid`) of which no token is good any more. */
  readonly grants: readonly string[];
  /** Single tokens (claim `jti`). */
  readonly tokens: readonly string[];
  /** Clients, each with the second up to which its tokens (claim `iat`) are no good. */
  readonly clients: Readonly<Record<string, number>>;
}

export interface Revocations {
  denyGrant(grantId: string): void;
  /** One access token. Many of one client become a denial of all that it holds: the list stays small. */
  denyToken(tokenId: string, clientId: string): void;
  denyClient(clientId: string): void;
  isDenied(claims: {
    readonly gid?: unknown;
    readonly jti?: unknown;
    readonly client_id?: unknown;
    readonly iat?: unknown;
  }): boolean;
  /** The list in JSON, and a tag that changes with it. */
  read(): { readonly body: string; readonly tag: string };
}

export function createRevocations(database: DatabaseSync, now: () => number): Revocations {
  const statements = {
    deny: database.prepare(`
      INSERT INTO denial (kind, id, client_id, issued_until, expires_at) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (kind, id) DO UPDATE SET issued_until = excluded.issued_until, expires_at = excluded.expires_at`),
    sweep: database.prepare('DELETE FROM denial WHERE expires_at < ?'),
    find: database.prepare('SELECT issued_until FROM denial WHERE kind = ? AND id = ? AND expires_at >= ?'),
    all: database.prepare('SELECT kind, id, issued_until FROM denial WHERE expires_at >= ? ORDER BY kind, id'),
    countOfClient: database.prepare(`SELECT count(*) AS rows FROM denial WHERE client_id = ? AND kind = 'token'`),
    forgetOfClient: database.prepare(`DELETE FROM denial WHERE client_id = ? AND kind = 'token'`),
  };
  const deny = (kind: 'grant' | 'token' | 'client', id: string, clientId: string | null) => {
    statements.sweep.run(now());
    statements.deny.run(
      kind,
      id,
      clientId,
      now(),
      now() + LIFETIMES_SECONDS.accessToken + REVOCATION_LIMITS.marginSeconds,
    );
  };
  const find = (kind: string, id: unknown) =>
    typeof id === 'string' ? statements.find.get(kind, id, now())?.['issued_until'] : undefined;

  return {
    denyGrant: (grantId) => deny('grant', grantId, null),
    denyToken(tokenId, clientId) {
      deny('token', tokenId, clientId);
      if (Number(statements.countOfClient.get(clientId)?.['rows']) <= REVOCATION_LIMITS.maxTokensPerClient) return;
      statements.forgetOfClient.run(clientId);
      deny('client', clientId, null);
    },
    denyClient: (clientId) => deny('client', clientId, null),
    isDenied({ gid, jti, client_id, iat }) {
      const until = find('client', client_id);
      return (
        find('grant', gid) !== undefined ||
        find('token', jti) !== undefined ||
        (typeof until === 'number' && !(typeof iat === 'number' && iat > until))
      );
    },
    read() {
      const rows = statements.all.all(now());
      const idsOf = (kind: string) => rows.filter((row) => row['kind'] === kind).map((row) => String(row['id']));
      const list: RevocationList = {
        grants: idsOf('grant'),
        tokens: idsOf('token'),
        clients: Object.fromEntries(
          rows.filter((row) => row['kind'] === 'client').map((row) => [String(row['id']), Number(row['issued_until'])]),
        ),
      };
      const body = JSON.stringify(list);
      return { body, tag: `"${createHash('sha256').update(body).digest('base64url')}"` };
    },
  };
}
