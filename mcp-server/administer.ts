// The sub-commands of `npm run server --`: arguments → one operation on the authorization server's data → one line about
// it. Answers go to stdout, questions to stderr.

import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { type Administration, openAdministration } from './authorization-server/administration.ts';
import type { KnownClient } from './authorization-server/known-clients.ts';
import type { ServerConfig } from './config.ts';
import { ServerError } from './errors.ts';
import type { Log } from './log.ts';

export interface AdministerOptions {
  readonly config: Pick<ServerConfig, 'dataDir'>;
  readonly log: Log;
  /** Where a password comes from: a person's keyboard, or the first line of a pipe. */
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Pick<Writable, 'write'>;
  /** Where questions go. */
  readonly prompt: Writable;
}

export const USAGE = `Usage: npm run server -- [command]

Without a command: starts the MCP server and, when no issuer is configured, the authorization server.

  users add NAME        adds an account; asks for the password, or reads it from the first line of stdin
  users password NAME   sets another password
  users remove NAME     removes an account and ends all that it connected
  users list            lists the accounts
  clients list          lists the clients that registered or that somebody connected
  clients revoke ID     ends a client: its registration, connections and tokens
  keys rotate           publishes the next signing key now and uses it in a quarter of an hour
  keys rotate --at-once uses a new key now and drops the others: every token issued so far stops working
`;

/**
 * Runs one sub-command.
 *
 * @throws {ServerError} `invalid_configuration` for arguments, names or passwords that cannot be; `unreadable_data`
 */
export async function administer(args: readonly string[], options: AdministerOptions): Promise<void> {
  const { positionals, values } = parse(args);
  const [group = '', action = '', name, ...rest] = positionals;
  const command = `${group} ${action}`.trim();
  if (values.help || command === 'help') return void options.output.write(USAGE);
  const needsName = ['users add', 'users password', 'users remove', 'clients revoke'].includes(command);
  const isKnown = needsName || ['users list', 'clients list', 'keys rotate'].includes(command);
  const isMisplaced = (values['at-once'] ?? false) && command !== 'keys rotate';
  if (!isKnown || needsName !== (name !== undefined) || rest.length > 0 || isMisplaced) throw usage(args.join(' '));

  const administration = await openAdministration({ dataDir: options.config.dataDir, log: options.log });
  try {
    const report = await run(administration, command, name ?? '', values['at-once'] ?? false, options);
    options.output.write(`${report}\n`);
  } finally {
    administration.close();
  }
}

async function run(
  administration: Administration,
  command: string,
  name: string,
  atOnce: boolean,
  options: AdministerOptions,
): Promise<string> {
  switch (command) {
    case 'users add':
      await administration.addUser(name, await readPassword(`Password for ${name}: `, options));
      return `Added ${name}.`;
    case 'users password':
      await administration.setPassword(name, await readPassword(`New password for ${name}: `, options));
      return `Changed the password of ${name}; whoever is signed in under this name has to sign in again.`;
    case 'users remove':
      administration.removeUser(name);
      return `Removed ${name} and ended all that was connected.`;
    case 'users list': {
      const names = administration.listUsers();
      return names.length === 0 ? 'No accounts: on loopback, anybody signs in as the demo user.' : names.join('\n');
    }
    case 'clients list': {
      const clients = administration.listClients();
      return clients.length === 0
        ? 'No client has registered or is connected.'
        : clients.map(describeClient).join('\n');
    }
    case 'clients revoke': {
      const { isRegistered, connections } = administration.revokeClient(name);
      const ended = `ended ${connections === 1 ? '1 connection' : `${connections} connections`}`;
      return isRegistered
        ? `Removed ${name} and ${ended}. Its tokens stop working within seconds.`
        : `Revoked what ${name} had: ${ended}. Its tokens stop working within seconds; it can ask for new ones.`;
    }
    default: {
      const { kind, kid, activeFrom } = await administration.rotateKeys(atOnce);
      const at = new Date(activeFrom * 1_000).toISOString();
      return kind === 'planned'
        ? `Published the key ${kid}; it signs from ${at}.`
        : `The key ${kid} is published already and signs from ${at}. Nothing was changed.`;
    }
  }
}

/** The name is a stranger's choice: quoted, so that it can neither break the line nor speak to the terminal. */
function describeClient({ clientId, name, connections, lastUsedAt }: KnownClient): string {
  const used = new Date(lastUsedAt * 1_000).toISOString().slice(0, 16).replace('T', ' ');
  const plainName = name?.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, ' ');
  return [
    clientId,
    ...(plainName === undefined ? [] : [JSON.stringify(plainName)]),
    connections === 1 ? '1 connection' : `${connections} connections`,
    `last used ${used} UTC`,
  ].join('  ');
}

function parse(args: readonly string[]) {
  try {
    const options = { 'at-once': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    if (error instanceof TypeError) throw usage(error.message);
    throw error;
  }
}

function usage(what: string): ServerError {
  return new ServerError('invalid_configuration', `Not a command: ${what.slice(0, 200)}\n\n${USAGE}`);
}

/** A person's password is not shown while they type it. */
async function readPassword(question: string, { input, prompt }: AdministerOptions): Promise<string> {
  if (input.isTTY) prompt.write(question);
  // Without an output the interface echoes nothing.
  const lines = createInterface({ input, terminal: input.isTTY ?? false });
  try {
    for await (const line of lines) return line;
    throw new ServerError('invalid_configuration', 'Nothing was changed: no password came.');
  } finally {
    lines.close();
    if (input.isTTY) prompt.write('\n');
  }
}
