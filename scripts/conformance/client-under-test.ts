// The client that the client leg holds to the suite: our token source and our connection, and a person who allows
// everything at once.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { LoginPrompt } from '../../agent/auth/login-prompt.ts';
import { createTokenSource } from '../../agent/auth/token-source.ts';
import { type CredentialConfig, DEFAULT_LOGIN } from '../../agent/credential-config.ts';
import { AgentError } from '../../agent/errors.ts';
import { connect, type McpConnection } from '../../agent/mcp/connection.ts';
import type { Elicitor } from '../../agent/mcp/elicitation.ts';
import { BROWSER_LOGIN } from '../../test/support/browser-login.ts';

const ATTEMPTS = 3;

/** What the suite says about a scenario besides the server's URL. */
export const contextSchema = z.object({
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  private_key_pem: z.string().optional(),
  signing_algorithm: z.string().optional(),
  valid_jwt: z.string().optional(),
  idp_client_id: z.string().optional(),
  idp_id_token: z.string().optional(),
  idp_issuer: z.string().optional(),
  toolCalls: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })).optional(),
});
type Context = z.output<typeof contextSchema>;

const formSchema = z.object({
  properties: z.record(
    z.string(),
    z.object({
      type: z.string().optional(),
      default: z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).optional(),
    }),
  ),
});

/** One scenario, as the suite hands it over. */
export interface ScenarioRun {
  readonly serverUrl: string;
  readonly scenario: string;
  readonly context: Context;
}

/** The suite expects this id and never fetches it. */
const CLIENT_METADATA_URL = 'https://conformance-test.local/client-metadata.json';

/** Opens the address as a browser would, and pastes where it was sent to. */
function createEagerPerson(): LoginPrompt {
  let redirect: string | undefined;
  return {
    methods: ['paste'],
    confirm: async () => true,
    showAuthorizationUrl: async (url) => {
      const response = await fetch(url, { redirect: 'manual' });
      redirect = response.headers.get('location') ?? undefined;
    },
    readPastedRedirect: async () => {
      if (redirect === undefined) throw new Error('The authorization endpoint did not send the browser back.');
      return redirect;
    },
    showDeviceCode: () => {
      throw new Error('No scenario has a device code.');
    },
  };
}

/** Agrees to whatever a server asks, with the values that it proposes. */
const acceptDefaults: Elicitor = async (request) => {
  if (request.mode === 'url') return { action: 'accept' };
  const { properties } = formSchema.parse(request.requestedSchema);
  const proposed = Object.entries(properties).flatMap(([name, { type, default: value }]) => {
    if (value !== undefined) return [[name, value] as const];
    return type === 'boolean' ? [[name, true] as const] : [];
  });
  return { action: 'accept', content: Object.fromEntries(proposed) };
};

/** The server as a configuration file would give it. */
function serverAt(url: string) {
  const transport = 'http' as const;
  const trust = { isTrusted: true, isDisabled: false, approval: undefined };
  return { transport, name: 'suite', url, headers: {}, auth: undefined, ...trust };
}

/** The issuer that the suite's server names: in production it is configured, and here it has no fixed address. */
async function issuerOf(url: string): Promise<string> {
  const { origin, pathname } = new URL(url);
  const response = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  return z.object({ authorization_servers: z.tuple([z.string()], z.string()) }).parse(await response.json())
    .authorization_servers[0];
}

async function credentialFor({ serverUrl, scenario, context }: ScenarioRun): Promise<CredentialConfig> {
  const required = (name: keyof Context): string => {
    const value = context[name];
    if (typeof value !== 'string') throw new Error(`The suite gave no ${name} for ${scenario}.`);
    return value;
  };
  const machine = async (
    authentication: Extract<CredentialConfig, { kind: 'client-credentials' }>['authentication'],
  ) => ({
    issuer: await issuerOf(serverUrl),
    clientId: required('client_id'),
    authentication,
    audience: undefined,
  });
  switch (scenario) {
    case 'auth/client-credentials-basic':
      return { kind: 'client-credentials', ...(await machine({ kind: 'secret', secret: required('client_secret') })) };
    case 'auth/client-credentials-jwt': {
      const folder = mkdtempSync(join(tmpdir(), 'client-key-'));
      process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
      const file = join(folder, 'key.pem');
      writeFileSync(file, required('private_key_pem'), { mode: 0o600 });
      return {
        kind: 'client-credentials',
        ...(await machine({ kind: 'private-key', file, algorithm: context.signing_algorithm })),
      };
    }
    case 'auth/wif-jwt-bearer':
      return {
        kind: 'jwt-bearer',
        ...(await machine({ kind: 'none' })),
        assertion: { kind: 'value', value: required('valid_jwt') },
      };
    case 'auth/enterprise-managed-authorization':
      return {
        kind: 'id-jag',
        ...(await machine({ kind: 'secret', secret: required('client_secret') })),
        identityProvider: {
          issuer: required('idp_issuer'),
          clientId: required('idp_client_id'),
          clientSecret: undefined,
          idToken: { kind: 'value', value: required('idp_id_token') },
        },
      };
    case 'auth/pre-registration':
      return {
        kind: 'login',
        method: 'authorization-code',
        ...(await machine({ kind: 'secret', secret: required('client_secret') })),
      };
    default:
      return BROWSER_LOGIN;
  }
}

/** What each scenario wants called. Most want the first tool, with whatever it takes. */
async function use(connection: McpConnection, { scenario, context }: ScenarioRun): Promise<void> {
  const tools = await connection.listTools();
  if (context.toolCalls) {
    for (const { name, arguments: args } of context.toolCalls) await attempt(() => connection.callTool(name, args));
    return;
  }
  switch (scenario) {
    case 'json-schema-ref-no-deref':
      return;
    case 'json-schema-2020-12-preservation': {
      const schema = tools.find(({ name }) => name === 'json_schema_2020_12_tool')?.inputSchema;
      await connection.callTool('json_schema_echo', { schema });
      return;
    }
    case 'http-invalid-tool-headers':
    case 'sep-2322-client-request-state':
      for (const { name } of tools) await attempt(() => connection.callTool(name, { region: 'x' }));
      return;
    default: {
      const [tool] = tools;
      if (tool) await connection.callTool(tool.name, scenario === 'tools_call' ? { a: 2, b: 3 } : {});
    }
  }
}

/** Some scenarios offer calls that have to fail; what the client did on the way is what counts. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
  }
}

/** The suite's servers live in one busy process: that one of them is slow to answer says nothing about the client. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let left = ATTEMPTS; ; left -= 1)
    try {
      return await work();
    } catch (error) {
      if (left === 1 || !(error instanceof AgentError) || error.code !== 'unreachable') throw error;
    }
}

/** @throws what the client throws; some scenarios expect that */
export async function runScenario(run: ScenarioRun): Promise<void> {
  const tokens = createTokenSource({
    serverUrl: run.serverUrl,
    serverName: 'suite',
    credential: await credentialFor(run),
    login: { ...DEFAULT_LOGIN, clientMetadataUrl: CLIENT_METADATA_URL },
    prompt: createEagerPerson(),
  });
  const options = { tokens, elicit: acceptDefaults };
  const connection = await patiently(() => connect(serverAt(run.serverUrl), options));
  try {
    await use(connection, run);
  } finally {
    await connection.close();
  }
}
