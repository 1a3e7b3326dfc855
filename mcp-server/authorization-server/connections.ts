// What a person has connected: the grants that can still give tokens, as the connections page lists them.

import type { DatabaseSync } from 'node:sqlite';
import { LIFETIMES_SECONDS } from './limits.ts';

/** One consent of one person to one client, still in force. */
export interface Connection {
  readonly grantId: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Seconds since the epoch: when a token was last given out under it. */
  readonly lastUsedAt: number;
}

export interface Connections {
  /** Newest use first. */
  list(accountId: string): readonly Connection[];
  /** Notes that a token was given out. */
  touch(grantId: string): void;
  /** Ends one, with all its tokens; `false` when it is not this person's. */
  revoke(accountId: string, grantId: string): boolean;
}

export function createConnections(
  database: DatabaseSync,
  now: () => number,
  endGrant: (grantId: string) => void,
): Connections {
  const statements = {
    list: database.prepare(`
      SELECT id, client_id, payload, used_at FROM entry AS consent
      WHERE account_id = ?1 AND model = 'Grant' AND expires_at > ?2 AND (used_at > ?3 OR EXISTS
        (SELECT 1 FROM entry WHERE grant_id = consent.id AND model = 'RefreshToken' AND consumed IS NULL AND expires_at > ?2))
      ORDER BY used_at DESC, id`),
    touch: database.prepare(`UPDATE entry SET used_at = ? WHERE model = 'Grant' AND id = ?`),
    owner: database.prepare(`SELECT account_id FROM entry WHERE model = 'Grant' AND id = ?`),
  };
  return {
    list(accountId) {
      const rows = statements.list.all(accountId, now(), now() - LIFETIMES_SECONDS.accessToken);
      return rows.map((row) => ({
        grantId: String(row['id']),
        clientId: String(row['client_id']),
        scopes: scopesOf(JSON.parse(String(row['payload']))),
        lastUsedAt: Number(row['used_at']),
      }));
    },
    touch: (grantId) => void statements.touch.run(now(), grantId),
    revoke(accountId, grantId) {
      if (statements.owner.get(grantId)?.['account_id'] !== accountId) return false;
      endGrant(grantId);
      return true;
    },
  };
}

/** A grant holds the same scopes under the resource and under OpenID Connect's heading. */
function scopesOf(grant: { openid?: { scope?: string }; resources?: Record<string, string> }): string[] {
  const texts = [grant.openid?.scope, ...Object.values(grant.resources ?? {})];
  return [...new Set(texts.flatMap((text) => text?.split(' ') ?? []).filter((name) => name !== ''))];
}
