// Environment, flags and `.mcp.json` → one readonly AgentConfig, or one report of all faults. The only reader of the
// environment in this half.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { parse } from 'dotenv';
import * as z from 'zod';
import {
  CREDENTIAL_SHAPE,
  type CredentialConfig,
  checkCredential,
  credentialFrom,
  type LoginConfig,
  loginFrom,
  SECRET_VARIABLES,
  secureUrl,
} from './credential-config.ts';
import { AgentError } from './errors.ts';
import { type McpServerConfig, parseMcpFile, serverAt } from './mcp-file.ts';
import { TASK_SHAPE, type TaskConfig, taskConfigFrom } from './task-variables.ts';

export type { HttpServerConfig, McpServerConfig } from './mcp-file.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface AgentConfig {
  readonly servers: readonly McpServerConfig[];
  /** Whether servers of `.mcp.json` that need a person's approval are used without it. */
  readonly trustsMcpFile: boolean;
  /** Where it is kept what persons have approved of; `undefined` keeps it nowhere. */
  readonly approvalDirectory: string | undefined;
  readonly credential: CredentialConfig;
  readonly login: LoginConfig;
  /** Where tokens are kept between runs; `undefined` keeps them nowhere. */
  readonly tokenDirectory: string | undefined;
  /** Whether they are kept in the keyring of the operating system; the directory then has only the locks. */
  readonly isKeyringUsed: boolean;
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
  readonly trustMcpFile?: boolean;
}

const DEFAULT_MAX_TURNS = 12;
const environmentSchema = z
  .object({
    MCP_SERVER_URL: secureUrl.optional(),
    MCP_CONFIG: z.string().default('.mcp.json'),
    DATA_DIR: z.string().default('.data'),
    ...CREDENTIAL_SHAPE,
    ...TASK_SHAPE,
    THREAD_STORE: z.enum(['file', 'none'], 'file or none').default('file'),
    LLM_CONTEXT_TOKENS: z
      .string()
      .regex(/^[1-9]\d{3,8}$/, 'a whole number from 1000')
      .transform(Number)
      .optional(),
  })
  .superRefine((env, context) =>
    checkCredential(env, (variable, expected) =>
      context.addIssue({ code: 'custom', path: [variable], message: expected }),
    ),
  );

/** The variables that this half reads besides those of the model. */
export const AGENT_VARIABLES: readonly string[] = Object.keys(environmentSchema.shape);

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
      ? [serverAt(parsed.data.MCP_SERVER_URL)]
      : readServers(file, environment, faults);

  if (!parsed.success || faults.length > 0) throw new AgentError('invalid_configuration', report(faults));
  const env = parsed.data;
  // Looked for only where something is kept: a container may have no such place.
  const kept = (name: string) =>
    env.TOKEN_STORE === 'none' ? undefined : join(stateDirectoryIn(env.XDG_STATE_HOME), name);
  return {
    servers,
    trustsMcpFile: flags.trustMcpFile === true,
    approvalDirectory: kept('approvals'),
    credential: credentialFrom(env, env.DATA_DIR),
    login: loginFrom(env),
    tokenDirectory: kept('tokens'),
    isKeyringUsed: env.TOKEN_STORE === 'keyring',
    threadFile: threadFile(env.THREAD_STORE, env.XDG_STATE_HOME),
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
  return threadFile(parsed.data.THREAD_STORE, parsed.data.XDG_STATE_HOME);
}

/** @throws {AgentError} `invalid_configuration` when there is no place of this user's own */
function stateDirectoryIn(stateHome: string | undefined): string {
  return join(stateHome ?? join(homeDirectory(), '.local', 'state'), 'authorized-mcp-agent');
}

/** From anything but an absolute path, tokens would be planted wherever one stands. */
function homeDirectory(): string {
  let home = '';
  try {
    home = homedir();
  } catch (error) {
    // Users without an entry in the system's list of users, as containers have them.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
  }
  if (isAbsolute(home)) return home;
  const came = home === '' ? 'it is not set, and this user has none' : `got ${JSON.stringify(home.slice(0, 80))}`;
  throw new AgentError(
    'invalid_configuration',
    report([`HOME: expected an absolute path, or XDG_STATE_HOME with one; ${came}`]),
  );
}

function threadFile(store: 'file' | 'none', stateHome: string | undefined): string | undefined {
  return store === 'none' ? undefined : join(stateDirectoryIn(stateHome), 'threads.sqlite');
}

function readServers(file: string, environment: Environment, faults: string[]): McpServerConfig[] {
  const text = readIfPresent(file);
  if (text === undefined) {
    faults.push(`${file}: expected a file that lists mcpServers, or MCP_SERVER_URL; there is neither`);
    return [];
  }
  return parseMcpFile(text, file, environment, (fault) => faults.push(fault));
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
