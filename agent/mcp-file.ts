// `.mcp.json` → the MCP servers that the agent uses, or the faults of the file. Apart from config.ts since the file has
// rules of its own: variables, two kinds of servers, and what may be done with a file that came with somebody's repository.

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import * as z from 'zod';
import { isSecureUrl } from './credential-config.ts';
import { AgentError } from './errors.ts';
import { withoutSecrets } from './secret-words.ts';
import { parseServerAuth, type ServerAuth } from './server-auth.ts';

interface AnyServerConfig {
  /** Its key in `.mcp.json`. */
  readonly name: string;
  /** The endpoint, or the command line of a stdio server, for display. */
  readonly url: string;
  /** Whether the annotations of its tools may be believed. */
  readonly isTrusted: boolean;
  /** Whether the file says to leave it alone. */
  readonly isDisabled: boolean;
  /**
   * Hash of the definition, where it needs a person's approval before it is used: it runs a command, or may send variables
   * or credentials of this machine to another one. Files like this one come with cloned repositories.
   */
  readonly approval: string | undefined;
}

/** A server that is reached over Streamable HTTP. */
export interface HttpServerConfig extends AnyServerConfig {
  readonly transport: 'http';
  /** Sent with every request to it. With an `authorization` among them, there is no OAuth. */
  readonly headers: Readonly<Record<string, string>>;
  /** How the agent proves who it is there; `undefined` means as everywhere. */
  readonly auth: ServerAuth | undefined;
}

/** A server that the agent starts, and speaks with over its standard input and output. */
export interface StdioServerConfig extends AnyServerConfig {
  readonly transport: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** What its environment has besides PATH, HOME and the like. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

/** An MCP server whose tools the agent uses. */
export type McpServerConfig = HttpServerConfig | StdioServerConfig;

type Variables = Readonly<Record<string, string | undefined>>;

const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'];

const anyServer = {
  disabled: z.boolean('true or false').default(false),
  trust: z.enum(['annotations', 'none'], 'annotations or none').optional(),
};
const strings = z.record(z.string(), z.string('a string'), 'an object of strings');

const httpServerSchema = z.strictObject({
  ...anyServer,
  type: z.enum(['http', 'streamable-http'], 'http').optional(),
  url: z.string('a URL'),
  headers: strings.default({}),
  auth: z.record(z.string(), z.unknown(), 'an object').optional(),
});

const stdioServerSchema = z.strictObject({
  ...anyServer,
  type: z.literal('stdio', 'stdio').optional(),
  command: z.string('a command').min(1, 'a command'),
  args: z.array(z.string('a string'), 'an array of strings').default([]),
  env: strings.default({}),
  cwd: z.string('a path').optional(),
});

const fileSchema = z.object(
  {
    mcpServers: z.record(
      z.string().regex(/^[\w-]{1,40}$/, 'a server name of letters, digits, - and _'),
      z.unknown(),
      'an object of servers',
    ),
  },
  'an object with mcpServers',
);

/** What to say of a name that no server of the configuration has. */
export function noSuchServer(name: string, servers: readonly Pick<McpServerConfig, 'name'>[]): AgentError {
  const known = servers.map((server) => server.name).join(', ');
  const list = known === '' ? 'There are none.' : `The servers are: ${known}.`;
  return new AgentError('usage', `There is no server ${JSON.stringify(name.slice(0, 80))}. ${list}`);
}

/** A server of which nothing is known but where it is, such as that of `MCP_SERVER_URL`. */
export function serverAt(url: string, name = 'server'): HttpServerConfig {
  return {
    transport: 'http',
    name,
    url,
    headers: {},
    auth: undefined,
    isTrusted: isLoopback(url),
    isDisabled: false,
    approval: undefined,
  };
}

/**
 * Reads the text of an MCP configuration file.
 *
 * @param file where it lies, for messages and for the hash of definitions
 * @param onFault is told of each fault: the path of the key, what was expected, what came
 */
export function parseMcpFile(
  text: string,
  file: string,
  variables: Variables,
  onFault: (fault: string) => void,
): McpServerConfig[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    onFault(`${file}: expected JSON, got an error: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) onFault(`${file}: ${issue.path.join('.')}: expected ${messageOf(issue)}`);
    return [];
  }
  const entries = Object.entries(parsed.data.mcpServers);
  if (entries.length === 0) onFault(`${file}: mcpServers: expected at least one server`);
  return entries.flatMap(([name, entry]) => {
    const server = parseServer(name, entry, { file, variables, onFault });
    return server ? [server] : [];
  });
}

interface Reading {
  readonly file: string;
  readonly variables: Variables;
  readonly onFault: (fault: string) => void;
}

function parseServer(name: string, entry: unknown, reading: Reading): McpServerConfig | undefined {
  const where = `mcpServers.${name}`;
  const isStdio = typeof entry === 'object' && entry !== null && 'command' in entry;
  const parsed = isStdio ? stdioServerSchema.safeParse(entry) : httpServerSchema.safeParse(entry);
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      reading.onFault(`${reading.file}: ${[where, ...issue.path].join('.')}: expected ${messageOf(issue)}`);
    return undefined;
  }
  const { disabled, trust } = parsed.data;
  const used = new Set<string>();
  const expand = createExpand(where, reading, { used, isDisabled: disabled });
  const hash = hashOf(reading.file, name, entry);
  if ('command' in parsed.data) {
    const { command, args, env, cwd } = parsed.data;
    const expandedCommand = expand(command, 'command');
    const expandedArgs = args.map((argument, index) => expand(argument, `args.${index}`));
    return {
      transport: 'stdio',
      name,
      // As written, not as expanded: what a variable holds may be a secret.
      url: withoutSecrets([command, ...args]).join(' '),
      command: expandedCommand,
      args: expandedArgs,
      env: expandAll(env, 'env', expand),
      cwd: cwd === undefined ? undefined : expand(cwd, 'cwd'),
      isTrusted: trust === 'annotations',
      isDisabled: disabled,
      approval: hash,
    };
  }
  const { url, headers, auth } = parsed.data;
  const expandedUrl = expand(url, 'url');
  if (!isSecureUrl(expandedUrl) && !disabled)
    reading.onFault(
      `${reading.file}: ${where}.url: expected an https URL (plain http is for loopback only), got ${JSON.stringify(expandedUrl)}`,
    );
  const expandedHeaders = Object.fromEntries(
    Object.entries(headers).map(([header, value]) => [header.toLowerCase(), expand(value, `headers.${header}`)]),
  );
  for (const [header, value] of Object.entries(expandedHeaders))
    if (!isHeader(header, value))
      reading.onFault(`${reading.file}: ${where}.headers.${header}: expected a name and a value that HTTP allows`);
  const expandedAuth = auth && expandRecord(auth, 'auth', expand);
  // A token that somebody got elsewhere would go to whichever server the file names, a credential to whichever issuer.
  const sends = used.size > 0 || auth !== undefined || Boolean(reading.variables['MCP_BEARER_TOKEN']);
  const readsFiles = Object.keys(auth ?? {}).some((key) => /_file$/i.test(key));
  return {
    transport: 'http',
    name,
    url: expandedUrl,
    headers: expandedHeaders,
    auth:
      expandedAuth &&
      parseServerAuth(expandedAuth, reading.variables, (key, expected) => {
        if (!disabled) reading.onFault(`${reading.file}: ${where}.auth.${key}: expected ${expected}`);
      }),
    isTrusted: trust === undefined ? isLoopback(expandedUrl) : trust === 'annotations',
    isDisabled: disabled,
    approval: readsFiles || (sends && !staysHere(expandedUrl, expandedAuth)) ? hash : undefined,
  };
}

type Expand = (text: string, key: string) => string;

/** `${VAR}` and `${VAR:-default}`, as the other readers of `.mcp.json` understand them. */
function createExpand(
  where: string,
  { file, variables, onFault }: Reading,
  { used, isDisabled }: { used: Set<string>; isDisabled: boolean },
): Expand {
  return (text, key) =>
    text.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_match, variable: string, fallback: string | undefined) => {
      const value = variables[variable] || fallback;
      if (variables[variable]) used.add(variable);
      if (value === undefined && !isDisabled)
        onFault(
          `${file}: ${where}.${key}: the variable ${variable} is not set and has no default (\${${variable}:-default})`,
        );
      return value ?? '';
    });
}

function expandAll(record: Readonly<Record<string, string>>, key: string, expand: Expand): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, expand(value, `${key}.${name}`)]));
}

/** Every text in it, however deep. */
function expandRecord(record: Readonly<Record<string, unknown>>, key: string, expand: Expand): Record<string, unknown> {
  const inside = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') return expand(value, path);
    if (Array.isArray(value)) return value.map((part, index) => inside(part, `${path}.${index}`));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inside(part, `${path}.${name}`)]));
  };
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, inside(value, `${key}.${name}`)]));
}

/** Whether what the definition sends goes to this machine only: the endpoint, and whatever `auth` names a URL of. */
function staysHere(url: string, auth: Readonly<Record<string, unknown>> | undefined): boolean {
  const named = Object.values(auth ?? {}).filter((value) => typeof value === 'string' && URL.canParse(value));
  return isLoopback(url) && named.every((value) => isLoopback(String(value)));
}

/** The same definition in another place is another one: its command may be another program there. */
function hashOf(file: string, name: string, entry: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([resolve(file), name, entry]))
    .digest('hex');
}

function isHeader(name: string, value: string): boolean {
  try {
    new Headers([[name, value]]);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function isLoopback(text: string): boolean {
  return URL.canParse(text) && LOOPBACK_HOSTNAMES.includes(new URL(text).hostname);
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  return issue.code === 'unrecognized_keys' ? `no ${issue.keys.join(', ')}` : issue.message;
}
