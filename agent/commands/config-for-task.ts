// The configuration that tasks need: their servers, and the login that they act with. Where that cannot be had exactly,
// there is none: a task that acts as somebody else would test something else. Loads no agent, and asks nobody.

import { readFileSync } from 'node:fs';
import type { AgentConfig, HttpServerConfig, McpServerConfig } from '../config.ts';
import { type CredentialConfig, NOBODYS_PROFILE } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import type { ActingAs, AgentNeeds } from '../tasks/task.ts';

/**
 * The configuration, changed to what the tasks need.
 *
 * @throws {AgentError} `invalid_configuration`, or `login_required` if the local client cannot be read
 */
export function configForTask(
  { servers, actingAs }: Pick<AgentNeeds, 'servers' | 'actingAs'>,
  config: AgentConfig,
): AgentConfig {
  const used = servers ? config.servers.filter(({ name }) => servers.includes(name)) : config.servers;
  // Conversations of tasks are kept in their transcripts, not among those of people.
  const own: AgentConfig = { ...config, servers: used, threadFile: undefined };
  return actingAs ? configActingAs(actingAs, own) : own;
}

function configActingAs(actingAs: ActingAs, config: AgentConfig): AgentConfig {
  const places = config.servers.filter(isPlaceToSignIn);
  const [anywhere] = places;
  if (!anywhere) throw refusal(actingAs, 'none of its servers takes a login.');
  for (const { name, headers } of places)
    if (headers['authorization'] !== undefined)
      throw refusal(actingAs, `the configuration gives the server ${name} its authorization.`);
  return actingAs.kind === 'profile' ? asPerson(actingAs, config, places) : asMachine(actingAs, config, places);
}

/** Only what this profile's person has signed in to: without that, a login is missing, and no machine stands in. */
function asPerson(actingAs: ActingAs, config: AgentConfig, places: readonly HttpServerConfig[]): AgentConfig {
  const { name: profile } = actingAs;
  for (const { name, auth } of places) {
    const pinned = auth?.login.profile;
    if (pinned !== undefined && pinned !== profile)
      throw refusal(actingAs, `the configuration has the profile ${JSON.stringify(pinned)} for the server ${name}.`);
    const credential = auth?.credential ?? config.credential;
    // It acts as whoever it was issued to.
    if (credential.kind === 'bearer')
      throw refusal(
        actingAs,
        `the configuration has no logins of people for the server ${name}, but a ready-made token.`,
      );
  }
  return withLogins(config, profile, loginAlone);
}

function asMachine(actingAs: ActingAs, config: AgentConfig, places: readonly HttpServerConfig[]): AgentConfig {
  for (const { name, auth } of places) {
    const clientId = machineClientOf(auth?.credential ?? config.credential);
    if (clientId !== actingAs.name)
      throw refusal(
        actingAs,
        `the configuration has ${clientId === undefined ? 'no machine client' : `the client ${JSON.stringify(clientId)}`} for the server ${name}.`,
      );
  }
  // A person who has signed in takes the machine's place; under this profile there is none.
  return withLogins(config, NOBODYS_PROFILE, (credential) => credential);
}

function withLogins(
  config: AgentConfig,
  profile: string,
  change: (credential: CredentialConfig) => CredentialConfig,
): AgentConfig {
  const changed = (server: McpServerConfig): McpServerConfig => {
    if (server.transport !== 'http' || !server.auth) return server;
    const { credential, login } = server.auth;
    return { ...server, auth: { credential: credential && change(credential), login: { ...login, profile } } };
  };
  return {
    ...config,
    credential: change(config.credential),
    login: { ...config.login, profile },
    servers: config.servers.map(changed),
  };
}

/** The login that the person made beside a machine client, which is then no way to a token. */
function loginAlone(credential: CredentialConfig): CredentialConfig {
  if (credential.kind === 'login') return credential;
  return {
    kind: 'login',
    method: 'authorization-code',
    issuer: undefined,
    // The client of the login is the one it was made with; a machine's is none.
    clientId: undefined,
    authentication: { kind: 'none' },
    audience: 'audience' in credential ? credential.audience : undefined,
  };
}

function machineClientOf(credential: CredentialConfig): string | undefined {
  if (credential.kind === 'client-credentials' || credential.kind === 'jwt-bearer') return credential.clientId;
  if (credential.kind !== 'local-client') return undefined;
  try {
    const client: unknown = JSON.parse(readFileSync(credential.file, 'utf8'));
    const id: unknown =
      typeof client === 'object' && client !== null && 'client_id' in client ? client.client_id : undefined;
    return typeof id === 'string' ? id : undefined;
  } catch (error) {
    throw new AgentError(
      'login_required',
      `Cannot read ${credential.file}: is the local server running? (${String(error).slice(0, 120)})`,
      { cause: error },
    );
  }
}

function isPlaceToSignIn(server: McpServerConfig): server is HttpServerConfig {
  return server.transport === 'http' && !server.isDisabled;
}

function refusal({ kind, name }: ActingAs, reason: string): AgentError {
  const who = kind === 'profile' ? 'login profile' : 'machine client';
  return new AgentError('invalid_configuration', `A task acts as the ${who} ${JSON.stringify(name)}, but ${reason}`);
}
