// The configuration that tasks need: their servers, and the login that they act with. Where that cannot be had exactly,
// there is none: a task that acts as somebody else would test something else. Loads no agent.

import { readFileSync } from 'node:fs';
import { AGENT_VARIABLES, type AgentConfig, type Flags, parseConfig } from '../config.ts';
import { AgentError } from '../errors.ts';
import type { ActingAs, AgentNeeds } from '../tasks/task.ts';

/**
 * The configuration, changed to what the tasks need.
 *
 * @param flags what the configuration was parsed with
 * @throws {AgentError} `invalid_configuration`, or `login_required` if the local client cannot be read
 */
export function configForTask(
  { servers, actingAs }: Pick<AgentNeeds, 'servers' | 'actingAs'>,
  config: AgentConfig,
  flags: Flags,
): AgentConfig {
  // Conversations of tasks are kept in their transcripts, not among those of people.
  const acting = { ...(actingAs ? configActingAs(actingAs, config, flags) : config), threadFile: undefined };
  return servers ? { ...acting, servers: acting.servers.filter(({ name }) => servers.includes(name)) } : acting;
}

function configActingAs(actingAs: ActingAs, config: AgentConfig, flags: Flags): AgentConfig {
  if (actingAs.kind === 'machine') {
    const clientId = machineClientOf(config);
    if (clientId === actingAs.name) return config;
    throw new AgentError(
      'invalid_configuration',
      `A task acts as the machine client ${JSON.stringify(actingAs.name)}, but the configuration has ${clientId === undefined ? 'no machine client' : `the client ${JSON.stringify(clientId)}`}.`,
    );
  }
  const changed = parseConfig(
    { ...config.environment, AUTH_PROFILE: actingAs.name, AUTH_GRANT: loginGrantOf(config) },
    flags,
  );
  // A pre-issued token, say, would act as whoever it was issued to.
  if (AGENT_VARIABLES.includes('AUTH_PROFILE') && isLogin(changed)) return changed;
  throw new AgentError(
    'invalid_configuration',
    `A task acts as the login profile ${JSON.stringify(actingAs.name)}, but the configuration has no logins of people (credential: ${config.credential.kind}).`,
  );
}

function machineClientOf({ credential }: AgentConfig): string | undefined {
  if (credential.kind === 'client-credentials') return credential.clientId;
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

function loginGrantOf({ environment }: AgentConfig): string {
  return environment['AUTH_GRANT'] === 'device-code' ? 'device-code' : 'authorization-code';
}

function isLogin({ credential }: AgentConfig): boolean {
  const kind: string = credential.kind;
  return kind === 'login';
}
