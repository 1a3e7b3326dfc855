// Environment, flags and `.mcp.json` → one readonly AgentConfig, or one report of all faults. The only reader of the
// environment in this half.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { parse } from 'dotenv';
import * as z from 'zod';
import { AgentError } from './errors.ts';
import { TASK_SHAPE, type TaskConfig, taskConfigFrom } from './task-variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** An MCP server whose tools the agent uses. */
export interface McpServerConfig {
  /** Its key in `.mcp.json`. */
  readonly name: string;
  readonly url: string;
}

/** How the agent proves who it is. */
export type CredentialConfig =
  /** A pre-issued access token, used as it is. */
  | { readonly kind: 'bearer'; readonly token: string }
  /** A machine client; its secret goes to `issuer` and nowhere else. */
  | {
      readonly kind: 'client-credentials';
      readonly issuer: string;
      readonly clientId: string;
      readonly clientSecret: string;
      /** The API identifier to ask for; `undefined` means the resource of the server. */
      readonly audience: string | undefined;
    }
  /** The machine client that the local authorization server wrote into its data directory. */
  | { readonly kind: 'local-client'; readonly file: string };

export interface AgentConfig {
  readonly servers: readonly McpServerConfig[];
  /** Directory of what is kept between runs, mode 0700: tokens, approvals. `undefined`: nothing is kept. */
  readonly stateDirectory: string | undefined;
  readonly credential: CredentialConfig;
  /** Where tokens are kept between runs; `undefined` keeps them nowhere. */
  readonly tokenDirectory: string | undefined;
  /** Where conversations are kept between runs; `undefined` keeps them nowhere. */
  readonly threadFile: string | undefined;
  /** Length of a conversation that the model takes, in tokens; `undefined` leaves it to what is known of the model. */
  readonly contextTokens: number | undefined;
  /** Model calls that one turn may make. */
  readonly maxTurns: number;
  /** What was typed in the chat before; created with mode 0600. */
  readonly historyFile: string;
  /** What the CI service says about a run of tasks. */
  readonly tasks: TaskConfig;
  /** What the model registry reads: provider, model and keys. */
  readonly environment: Environment;
}

/** What the command line may override. */
export interface Flags {
  readonly maxTurns?: string;
}

const DEFAULT_MAX_TURNS = 12;
const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'];

const secureUrl = z
  .string()
  .refine((text) => isSecureUrl(text), 'an https URL (plain http is for loopback only)')
  .refine((text) => !text.includes('#'), 'a URL without a fragment');

const environmentSchema = z
  .object({
    MCP_SERVER_URL: secureUrl.optional(),
    MCP_CONFIG: z.string().default('.mcp.json'),
    MCP_BEARER_TOKEN: z
      .string()
      .regex(/^[\w.~+/-]+=*$/, 'a bare access token, without "Bearer " and without quotes')
      .optional(),
    DATA_DIR: z.string().default('.data'),
    ...TASK_SHAPE,
    // Relative paths are invalid by the XDG base directory specification, and would plant tokens wherever one stands.
    XDG_STATE_HOME: z.string().refine(isAbsolute, 'an absolute path').optional(),
    TOKEN_STORE: z.enum(['file', 'none'], 'file or none').default('file'),
    THREAD_STORE: z.enum(['file', 'none'], 'file or none').default('file'),
    LLM_CONTEXT_TOKENS: z
      .string()
      .regex(/^[1-9]\d{3,8}$/, 'a whole number from 1000')
      .transform(Number)
      .optional(),
    AUTH0_DOMAIN: z
      .string()
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'a host name such as TENANT.eu.auth0.com, without https:// and slash')
      .optional(),
    AUTH0_AUDIENCE: z.string().optional(),
    AUTH0_CLIENT_ID: z.string().optional(),
    AUTH0_CLIENT_SECRET: z.string().optional(),
    AUTH_ISSUER: secureUrl.optional(),
    AUTH_AUDIENCE: z.string().optional(),
    AUTH_CLIENT_ID: z.string().optional(),
    AUTH_CLIENT_SECRET: z.string().optional(),
  })
  .superRefine((env, context) => {
    const fault = (variable: string, expected: string) =>
      context.addIssue({ code: 'custom', path: [variable], message: expected });
    if (env.MCP_BEARER_TOKEN) return;
    const auth0 = ['AUTH0_DOMAIN', 'AUTH0_AUDIENCE', 'AUTH0_CLIENT_ID', 'AUTH0_CLIENT_SECRET'] as const;
    const any = ['AUTH_ISSUER', 'AUTH_CLIENT_ID', 'AUTH_CLIENT_SECRET'] as const;
    for (const group of [auth0, any]) {
      const stated = group.filter((variable) => env[variable]);
      if (stated.length === 0) continue;
      for (const variable of group)
        if (!env[variable])
          fault(variable, `a value, because ${stated.join(', ')} ${stated.length === 1 ? 'is' : 'are'} set`);
    }
    if (env.AUTH_AUDIENCE && !env.AUTH_ISSUER) fault('AUTH_ISSUER', 'the issuer that AUTH_AUDIENCE belongs to');
    if (env.AUTH0_DOMAIN && env.AUTH_ISSUER)
      fault('AUTH_ISSUER', 'to be unset, because AUTH0_DOMAIN already names the issuer');
  });

/** The variables that this half reads besides those of the model. */
export const AGENT_VARIABLES: readonly string[] = Object.keys(environmentSchema.shape);

const SECRET_VARIABLES = ['MCP_BEARER_TOKEN', 'AUTH0_CLIENT_SECRET', 'AUTH_CLIENT_SECRET'];

const mcpFileSchema = z.object({
  mcpServers: z.record(
    z.string().regex(/^[\w-]{1,40}$/, 'a server name of letters, digits, - and _'),
    z.strictObject({
      type: z.enum(['http', 'streamable-http'], 'http').default('http'),
      url: z.string('a URL'),
    }),
  ),
});

/** The process environment over `.env` (dotenv's syntax) in the working directory; the shell's value wins. */
export function loadEnvironment(shell: Environment = process.env, file = '.env'): Environment {
  return { ...parse(readIfPresent(file) ?? ''), ...withoutEmpty(shell) };
}

/**
 * Turns environment, flags and the MCP configuration file into the agent's configuration. Empty counts as unset.
 *
 * @throws {AgentError} `invalid_configuration` with every fault in its message, one a line
 */
export function parseConfig(environment: Environment, flags: Flags = {}): AgentConfig {
  const faults: string[] = [];
  const parsed = environmentSchema.safeParse(withoutEmpty(environment));
  if (!parsed.success) for (const issue of parsed.error.issues) faults.push(describeIssue(issue, environment));

  const maxTurns = flags.maxTurns === undefined ? DEFAULT_MAX_TURNS : Number(flags.maxTurns);
  if (!Number.isInteger(maxTurns) || maxTurns < 1)
    faults.push(`--max-turns: expected a whole number from 1, got ${JSON.stringify(flags.maxTurns)}`);

  const file = withoutEmpty(environment)['MCP_CONFIG'] ?? '.mcp.json';
  const servers =
    parsed.success && parsed.data.MCP_SERVER_URL
      ? [{ name: 'server', url: parsed.data.MCP_SERVER_URL }]
      : readServers(file, environment, faults);

  if (!parsed.success || faults.length > 0) throw new AgentError('invalid_configuration', report(faults));
  const env = parsed.data;
  const directory = stateDirectoryIn(env.XDG_STATE_HOME);
  const stateDirectory = env.TOKEN_STORE === 'none' ? undefined : directory;
  return {
    servers,
    stateDirectory,
    credential: credentialFrom(env),
    tokenDirectory: stateDirectory && join(stateDirectory, 'tokens'),
    threadFile: threadFile(env.THREAD_STORE, directory),
    contextTokens: env.LLM_CONTEXT_TOKENS,
    maxTurns,
    historyFile: join(env.DATA_DIR, 'chat-history'),
    tasks: taskConfigFrom(env),
    environment: withoutEmpty(environment),
  };
}

/**
 * Where conversations are kept, whatever else is configured; `undefined` when nowhere.
 *
 * @throws {AgentError} `invalid_configuration`
 */
export function threadFileOf(environment: Environment): string | undefined {
  const { THREAD_STORE: store, XDG_STATE_HOME: stateHome } = environmentSchema.shape;
  const parsed = z.object({ THREAD_STORE: store, XDG_STATE_HOME: stateHome }).safeParse(withoutEmpty(environment));
  if (!parsed.success)
    throw new AgentError(
      'invalid_configuration',
      report(parsed.error.issues.map((issue) => describeIssue(issue, environment))),
    );
  return threadFile(parsed.data.THREAD_STORE, stateDirectoryIn(parsed.data.XDG_STATE_HOME));
}

function stateDirectoryIn(stateHome: string | undefined): string {
  return join(stateHome ?? join(homedir(), '.local', 'state'), 'authorized-mcp-agent');
}

function threadFile(store: 'file' | 'none', stateDirectory: string): string | undefined {
  return store === 'none' ? undefined : join(stateDirectory, 'threads.sqlite');
}

function credentialFrom(env: z.output<typeof environmentSchema>): CredentialConfig {
  if (env.MCP_BEARER_TOKEN) return { kind: 'bearer', token: env.MCP_BEARER_TOKEN };
  const issuer = env.AUTH0_DOMAIN ? `https://${env.AUTH0_DOMAIN}/` : env.AUTH_ISSUER;
  const clientId = env.AUTH0_CLIENT_ID ?? env.AUTH_CLIENT_ID;
  const clientSecret = env.AUTH0_CLIENT_SECRET ?? env.AUTH_CLIENT_SECRET;
  if (issuer && clientId && clientSecret)
    return {
      kind: 'client-credentials',
      issuer,
      clientId,
      clientSecret,
      audience: env.AUTH0_AUDIENCE ?? env.AUTH_AUDIENCE,
    };
  return { kind: 'local-client', file: join(env.DATA_DIR, 'agent-client.json') };
}

function readServers(file: string, environment: Environment, faults: string[]): McpServerConfig[] {
  const text = readIfPresent(file);
  if (text === undefined) {
    faults.push(`${file}: expected a file that lists mcpServers, or MCP_SERVER_URL; there is neither`);
    return [];
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    faults.push(`${file}: expected JSON, got an error: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
  const parsed = mcpFileSchema.safeParse(content);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) faults.push(`${file}: ${issue.path.join('.')}: expected ${issue.message}`);
    return [];
  }
  const servers = Object.entries(parsed.data.mcpServers).map(([name, { url }]) => {
    const where = `${file}: mcpServers.${name}.url`;
    const expanded = expandVariables(url, environment, (variable) =>
      faults.push(`${where}: the variable ${variable} is not set and has no default (\${${variable}:-default})`),
    );
    if (!isSecureUrl(expanded))
      faults.push(`${where}: expected an https URL (plain http is for loopback only), got ${JSON.stringify(expanded)}`);
    return { name, url: expanded };
  });
  if (servers.length === 0) faults.push(`${file}: mcpServers: expected at least one server`);
  return servers;
}

/** `${VAR}` and `${VAR:-default}`, as the other readers of `.mcp.json` understand them. */
function expandVariables(text: string, environment: Environment, onMissing: (variable: string) => void): string {
  return text.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_match, variable: string, fallback: string | undefined) => {
    const value = environment[variable] || fallback;
    if (value === undefined) onMissing(variable);
    return value ?? '';
  });
}

function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username || url.password) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTNAMES.includes(url.hostname));
}

function describeIssue(issue: z.core.$ZodIssue, environment: Environment): string {
  const variable = String(issue.path[0]);
  const value = environment[variable];
  if (!value) return `${variable}: expected ${issue.message}, it is not set`;
  const came = SECRET_VARIABLES.includes(variable) ? 'something else' : JSON.stringify(value.slice(0, 80));
  return `${variable}: expected ${issue.message}, got ${came}`;
}

function report(faults: readonly string[]): string {
  const lines = [...new Set(faults)].map((fault) => `  ${fault}`);
  const count = lines.length === 1 ? 'a fault' : `${lines.length} faults`;
  return `The configuration has ${count}:\n${lines.join('\n')}\nEvery variable is explained in .env.example.`;
}

function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new AgentError('invalid_configuration', `Cannot read ${file}: ${String(error)}`, { cause: error });
  }
}
