// Environment, flags and `.mcp.json` → one readonly AgentConfig, or one report of all faults. The only reader of the
// environment in this half.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'dotenv';
import * as z from 'zod';
import {
  CREDENTIAL_SHAPE,
  type CredentialConfig,
  checkCredential,
  credentialFrom,
  isSecureUrl,
  type LoginConfig,
  loginFrom,
  SECRET_VARIABLES,
  secureUrl,
} from './credential-config.ts';
import { AgentError } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** An MCP server whose tools the agent uses. */
export interface McpServerConfig {
  /** Its key in `.mcp.json`. */
  readonly name: string;
  readonly url: string;
}

export interface AgentConfig {
  readonly servers: readonly McpServerConfig[];
  readonly credential: CredentialConfig;
  readonly login: LoginConfig;
  /** Where tokens are kept between runs; `undefined` keeps them nowhere. */
  readonly tokenDirectory: string | undefined;
  /** Whether they are kept in the keyring of the operating system; the directory then has only the locks. */
  readonly isKeyringUsed: boolean;
  /** Model calls that one turn may make. */
  readonly maxTurns: number;
  /** What was typed in the chat before; created with mode 0600. */
  readonly historyFile: string;
  /** What the model registry reads: provider, model and keys. */
  readonly environment: Environment;
}

/** What the command line may override. */
export interface Flags {
  readonly maxTurns?: string;
}

const DEFAULT_MAX_TURNS = 12;
const environmentSchema = z
  .object({
    MCP_SERVER_URL: secureUrl.optional(),
    MCP_CONFIG: z.string().default('.mcp.json'),
    DATA_DIR: z.string().default('.data'),
    ...CREDENTIAL_SHAPE,
  })
  .superRefine((env, context) =>
    checkCredential(env, (variable, expected) =>
      context.addIssue({ code: 'custom', path: [variable], message: expected }),
    ),
  );

/** The variables that this half reads besides those of the model. */
export const AGENT_VARIABLES: readonly string[] = Object.keys(environmentSchema.shape);

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
  return {
    servers,
    credential: credentialFrom(env, env.DATA_DIR),
    login: loginFrom(env),
    tokenDirectory:
      env.TOKEN_STORE === 'none'
        ? undefined
        : join(env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'authorized-mcp-agent', 'tokens'),
    isKeyringUsed: env.TOKEN_STORE === 'keyring',
    maxTurns,
    historyFile: join(env.DATA_DIR, 'chat-history'),
    environment: withoutEmpty(environment),
  };
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
