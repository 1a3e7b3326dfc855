// The clients that this server knows of, for the person who runs it: who registered, who holds a connection, and how to end
// what one of them has. What a person connected is connections.ts.

import type { DatabaseSync } from 'node:sqlite';

export interface KnownClient {
  readonly clientId: string;
  /** Chosen by whoever registered it; `undefined` for a client that is built in or a document on the web. */
  readonly name: string | undefined;
  /** Is it here because it registered itself? */
  readonly isRegistered: boolean;
  /** Connections that are still in force. */
  readonly connections: number;
  /** Seconds since the epoch: registration, consent or token, whichever came last. */
  readonly lastUsedAt: number;
}

export interface KnownClients {
  /** Last use first. */
  list(): readonly KnownClient[];
  /**
   * Ends a client: its registration, its connections, its codes and tokens. Works for any client id, since a machine holds
   * tokens without a connection.
   */
  revoke(clientId: string): void;
}

export function createKnownClients(
  database: DatabaseSync,
  now: () => number,
  endClient: (clientId: string) => void,
): KnownClients {
  const select = database.prepare(`
    SELECT client, max(name) AS name, max(registered) AS registered, sum(connected) AS connections, max(used_at) AS used_at
    FROM (
      SELECT id AS client, json_extract(payload, '$.client_name') AS name, 1 AS registered, 0 AS connected, used_at
        FROM entry WHERE model = 'Client'
      UNION ALL
      SELECT client_id, NULL, 0, 1, used_at FROM entry WHERE model = 'Grant' AND client_id IS NOT NULL AND expires_at > ?)
    GROUP BY client ORDER BY used_at DESC, client`);
  return {
    list: () =>
      select.all(now()).map((row) => ({
        clientId: String(row['client']),
        name: typeof row['name'] === 'string' ? row['name'] : undefined,
        isRegistered: row['registered'] === 1,
        connections: Number(row['connections']),
        lastUsedAt: Number(row['used_at'] ?? 0),
      })),
    revoke: endClient,
  };
}
