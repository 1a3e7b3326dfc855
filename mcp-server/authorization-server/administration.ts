// What the person who runs this server can do from the command line, beside a running server or without one: accounts,
// clients and signing keys. All of it goes through the files in DATA_DIR; a running server notices by itself.

import { join } from 'node:path';
import { ServerError } from '../errors.ts';
import type { Log } from '../log.ts';
import { foldAccountName } from './account-store.ts';
import { DEMO_USER } from './accounts.ts';
import { BUILT_IN_CLIENT_IDS } from './clients.ts';
import { CONNECTIONS_CLIENT_ID } from './connections-page.ts';
import type { KnownClient } from './known-clients.ts';
import { DATABASE_FILE_NAME, PASSWORD_LIMITS } from './limits.ts';
import { hashPassword } from './passwords.ts';
import { ensurePrivateDirectory } from './private-files.ts';
import { type RotationResult, rotateSigningKeys } from './signing-keys.ts';
import { openStore } from './store.ts';

export interface AdministrationOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** Clock in milliseconds; default the system's. */
  readonly now?: () => number;
}

export interface Administration {
  /** From the first account on, the demo account is gone with all that it connected. */
  addUser(name: string, password: string): Promise<void>;
  /** Ends the person's sign-ins, not what is connected. */
  setPassword(name: string, password: string): Promise<void>;
  /** Ends everything that the person signed in to or connected. */
  removeUser(name: string): void;
  listUsers(): readonly string[];
  /** Registered clients and those that people connected, last use first. */
  listClients(): readonly KnownClient[];
  /**
   * Ends a client's registration, connections and tokens; resource servers refuse the tokens within seconds. Whoever is
   * no registration (built in, or a document on the web) can be connected again by a person.
   */
  revokeClient(clientId: string): KnownClient;
  rotateKeys(atOnce: boolean): Promise<RotationResult>;
  close(): void;
}

/** @throws {ServerError} `unreadable_data`; the operations `invalid_configuration` for a name or password that cannot be */
export async function openAdministration({ dataDir, log, now }: AdministrationOptions): Promise<Administration> {
  await ensurePrivateDirectory(dataDir);
  const store = await openStore({ file: join(dataDir, DATABASE_FILE_NAME), now });
  const { accounts, clients } = store;
  const listClients = () => clients.list().filter(({ clientId }) => clientId !== CONNECTIONS_CLIENT_ID);
  return {
    async addUser(name, password) {
      const hash = await hashPassword(checked(name, password));
      if (!accounts.add(name, hash))
        throw fault(`there is an account ${JSON.stringify(foldAccountName(name))} already`);
      accounts.endEverything(DEMO_USER.accountId);
    },
    async setPassword(name, password) {
      if (!accounts.setPassword(name, await hashPassword(checked(name, password)))) throw unknown(name);
    },
    removeUser(name) {
      if (!accounts.remove(name)) throw unknown(name);
    },
    listUsers: () => accounts.list().map(({ name }) => name),
    listClients,
    revokeClient(clientId) {
      // A machine of our own holds tokens and no connection.
      const known =
        listClients().find((client) => client.clientId === clientId) ??
        (BUILT_IN_CLIENT_IDS.includes(clientId) && {
          clientId,
          name: undefined,
          isRegistered: false,
          connections: 0,
          lastUsedAt: 0,
        });
      if (!known) throw fault(`there is no client ${JSON.stringify(clientId.slice(0, 200))}; see "clients list"`);
      clients.revoke(clientId);
      return known;
    },
    rotateKeys: (atOnce) => rotateSigningKeys({ dataDir, log, ...(now && { now }) }, atOnce),
    close: () => store.close(),
  };
}

function checked(name: string, password: string): string {
  const { maxNameLength, minPasswordLength, maxPasswordLength } = PASSWORD_LIMITS;
  if (!/^[\p{L}\p{N}._@+-]+$/u.test(foldAccountName(name)) || name.length > maxNameLength)
    throw fault(
      `a name has 1 to ${maxNameLength} letters, digits and . _ @ + -; got ${JSON.stringify(name.slice(0, 40))}`,
    );
  if (password.length < minPasswordLength || password.length > maxPasswordLength)
    throw fault(`a password has ${minPasswordLength} to ${maxPasswordLength} characters; got ${password.length}`);
  return password;
}

function unknown(name: string): ServerError {
  return fault(`there is no account ${JSON.stringify(foldAccountName(name).slice(0, 40))}; see "users list"`);
}

function fault(what: string): ServerError {
  return new ServerError('invalid_configuration', `Nothing was changed: ${what}.`);
}
