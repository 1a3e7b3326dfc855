// The clients that are there from the start: the local agent and the resource server with their secrets, and the command
// line without one. Registration by strangers is another matter and another file.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ClientMetadata } from 'oidc-provider';
import type { Log } from '../log.ts';
import { parseJsonObject } from './json-object.ts';
import { readPrivateFile, unreadable, writePrivateFile } from './private-files.ts';

/** Asks about tokens and gets none: the only client that may introspect what it was not given itself. */
const RESOURCE_SERVER = { fileName: 'resource-server-client.json', clientId: 'mcp-server' } as const;
export const RESOURCE_SERVER_CLIENT_ID = RESOURCE_SERVER.clientId;
const COMMAND_LINE_CLIENT_ID = 'local-cli';
const AGENT = {
  fileName: 'agent-client.json',
  clientId: 'local-agent',
  loginClientId: COMMAND_LINE_CLIENT_ID,
} as const;
export const BUILT_IN_CLIENT_IDS: readonly string[] = [
  AGENT.clientId,
  RESOURCE_SERVER.clientId,
  COMMAND_LINE_CLIENT_ID,
];
const SECRET_BYTES = 32;
const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
/** `/callback` is ours, the other two are those of the MCP Inspector. */
const CALLBACK_PATHS = ['/callback', '/oauth/callback', '/oauth/callback/debug'];

/** What the local agent reads from `agent-client.json` to get a token without a person; the resource server's is alike. */
export interface AgentClient {
  /** The only server that the secret may be sent to. */
  readonly issuer: string;
  readonly client_id: string;
  readonly client_secret: string;
  /** The public client that the agent is when a person signs in; in the agent's file only. */
  readonly login_client_id?: string;
}

export interface ClientsOptions {
  readonly dataDir: string;
  readonly issuer: string;
  /** Names of all scopes of the resource: the agent's allowance. */
  readonly scopes: readonly string[];
  readonly log: Log;
}

/**
 * The built-in clients. Makes the agent's secret at the first start; when the issuer moved (another port), or the file is an
 * older one, the secret stays and the file says what holds now.
 *
 * @throws {ServerError} `unreadable_data`
 */
export async function loadClients(options: ClientsOptions): Promise<ClientMetadata[]> {
  return [
    localAgent(await loadSecretClient(AGENT, options), options.scopes),
    resourceServer(await loadSecretClient(RESOURCE_SERVER, options)),
    localCommandLine(),
  ];
}

interface SecretClient {
  readonly fileName: string;
  readonly clientId: string;
  readonly loginClientId?: string;
}

async function loadSecretClient(
  { fileName, clientId, loginClientId }: SecretClient,
  { dataDir, issuer, log }: ClientsOptions,
): Promise<AgentClient> {
  const path = join(dataDir, fileName);
  const text = await readPrivateFile(path);
  const known = text === undefined ? undefined : parseSecretClient(text, clientId);
  if (text !== undefined && !known)
    throw unreadable(
      path,
      `it is damaged; expected JSON with "issuer", "client_id": "${clientId}" and "client_secret"`,
      'delete it: the server then makes a new secret, and whoever uses it reads it from there',
    );
  if (known?.issuer === issuer && known.login_client_id === loginClientId) return known;
  const client: AgentClient = {
    issuer,
    client_id: clientId,
    client_secret: known?.client_secret ?? randomBytes(SECRET_BYTES).toString('base64url'),
    ...(loginClientId === undefined ? {} : { login_client_id: loginClientId }),
  };
  await writePrivateFile(path, `${JSON.stringify(client, undefined, 2)}\n`);
  log.info(known ? 'client-updated' : 'client-created', { file: path, client_id: client.client_id, issuer });
  return client;
}

function localAgent({ client_id, client_secret }: AgentClient, scopes: readonly string[]): ClientMetadata {
  return {
    client_id,
    client_secret,
    client_name: 'Local agent',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    // oidc-provider takes the secret in the header just as well.
    token_endpoint_auth_method: 'client_secret_post',
    scope: scopes.join(' '),
  };
}

function resourceServer({ client_id, client_secret }: AgentClient): ClientMetadata {
  return {
    client_id,
    client_secret,
    client_name: 'MCP server',
    grant_types: [],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  };
}

/** Public: any program on this machine can claim to be it, hence PKCE and a consent page each time. RFC 8252 §8.5, §8.6. */
function localCommandLine(): ClientMetadata {
  return {
    client_id: COMMAND_LINE_CLIENT_ID,
    client_name: 'Local command line',
    // Only native clients may use any port on loopback. RFC 8252 §7.3
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: LOOPBACK_HOSTS.flatMap((host) => CALLBACK_PATHS.map((path) => `http://${host}${path}`)),
  };
}

function parseSecretClient(text: string, clientId: string): AgentClient | undefined {
  const { issuer, client_id, client_secret, login_client_id } = parseJsonObject(text) ?? {};
  if (typeof issuer !== 'string' || client_id !== clientId || typeof client_secret !== 'string') return undefined;
  if (client_secret.length < SECRET_BYTES) return undefined;
  return { issuer, client_id, client_secret, ...(typeof login_client_id === 'string' ? { login_client_id } : {}) };
}
