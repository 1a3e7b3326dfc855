// The table of local accounts: names and password hashes, nothing else about anybody. Who may sign in is decided in
// accounts.ts; how a password is hashed in passwords.ts.

import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

export interface StoredAccount {
  /** The `sub` of this person's tokens; never used again for somebody else. */
  readonly id: string;
  readonly name: string;
  readonly passwordHash: string;
}

export interface AccountStore {
  /** `false` when there is one of that name. */
  add(name: string, passwordHash: string): boolean;
  /** `false` when there is none of that name. Ends all its grants and sessions. */
  remove(name: string): boolean;
  /** `false` when there is none of that name. Ends its sessions, not its grants. */
  setPassword(name: string, passwordHash: string): boolean;
  /** Ends the sessions and grants of an account that is not in this table. */
  endEverything(id: string): void;
  findById(id: string): StoredAccount | undefined;
  findByName(name: string): StoredAccount | undefined;
  list(): readonly StoredAccount[];
  count(): number;
}

/** Names are compared without regard to case; `Ana` and `ana` would be taken for one another. */
export function foldAccountName(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

export function createAccountStore(
  database: DatabaseSync,
  now: () => number,
  endGrant: (grantId: string) => void,
): AccountStore {
  const statements = {
    add: database.prepare(
      'INSERT INTO account (id, name, password_hash, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
    ),
    remove: database.prepare('DELETE FROM account WHERE id = ?'),
    setPassword: database.prepare('UPDATE account SET password_hash = ? WHERE id = ?'),
    byId: database.prepare('SELECT id, name, password_hash FROM account WHERE id = ?'),
    byName: database.prepare('SELECT id, name, password_hash FROM account WHERE name = ?'),
    all: database.prepare('SELECT id, name, password_hash FROM account ORDER BY name'),
    count: database.prepare('SELECT count(*) AS rows FROM account'),
    grants: database.prepare(`SELECT id FROM entry WHERE account_id = ? AND model = 'Grant'`),
    forget: database.prepare('DELETE FROM entry WHERE account_id = ?'),
    endSessions: database.prepare(`DELETE FROM entry WHERE account_id = ? AND model = 'Session'`),
  };
  const endEverything = (id: string) => {
    for (const grant of statements.grants.all(id)) endGrant(String(grant['id']));
    statements.forget.run(id);
  };
  const findByName = (name: string) => toAccount(statements.byName.get(foldAccountName(name)));
  return {
    add: (name, passwordHash) =>
      statements.add.run(randomUUID(), foldAccountName(name), passwordHash, now()).changes === 1,
    remove(name) {
      const account = findByName(name);
      if (!account) return false;
      endEverything(account.id);
      return statements.remove.run(account.id).changes === 1;
    },
    setPassword(name, passwordHash) {
      const account = findByName(name);
      if (!account) return false;
      statements.endSessions.run(account.id);
      return statements.setPassword.run(passwordHash, account.id).changes === 1;
    },
    endEverything,
    findById: (id) => toAccount(statements.byId.get(id)),
    findByName,
    list: () => statements.all.all().flatMap((row) => toAccount(row) ?? []),
    count: () => Number(statements.count.get()?.['rows']),
  };
}

function toAccount(row: Record<string, unknown> | undefined): StoredAccount | undefined {
  return row && { id: String(row['id']), name: String(row['name']), passwordHash: String(row['password_hash']) };
}
