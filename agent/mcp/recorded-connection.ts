// Records what a server lists and answers, and replays it with no server: with a model's recorded turns beside it, a
// suite runs with neither. A call is found again by its tool and arguments.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shownUrl } from '../credential-config.ts';
import { AgentError, type AgentErrorCode, type AgentErrorDetails } from '../errors.ts';
import type { McpConnection, McpTool, ToolConnection } from './connection.ts';

type CallResult = Awaited<ReturnType<McpConnection['callTool']>>;

interface RecordedServer {
  readonly url: string;
  readonly protocolVersion: string | undefined;
  readonly tools: readonly McpTool[];
}

interface RecordedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** What the server answered, or why there is no answer. */
  readonly result?: CallResult;
  readonly error?: { readonly code: AgentErrorCode; readonly message: string; readonly details: AgentErrorDetails };
}

const SERVER_FILE = 'server.json';

/** Passes everything through to a live connection and writes it down, without secrets. */
export function recordConnection<Connection extends ToolConnection>(
  connection: Connection,
  directory: string,
  scrub: (text: string) => string,
): Connection {
  const folder = folderOf(directory, connection.name);
  const count = createCounter();
  const write = (file: string, value: unknown) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), `${scrub(JSON.stringify(value, sortKeys, 2))}\n`);
  };
  return {
    ...connection,
    listTools: async (options) => {
      const tools = await connection.listTools(options);
      const { url, protocolVersion } = connection;
      write(SERVER_FILE, { url: shownUrl(url), protocolVersion, tools } satisfies RecordedServer);
      return tools;
    },
    callTool: async (name, args, options) => {
      const file = fileOf(name, args, count, scrub);
      try {
        const result = await connection.callTool(name, args, options);
        write(file, { name, args, result } satisfies RecordedCall);
        return result;
      } catch (error) {
        if (error instanceof AgentError && !options?.signal?.aborted) {
          const { code, message, details } = error;
          write(file, { name, args, error: { code, message, details } } satisfies RecordedCall);
        }
        throw error;
      }
    },
  };
}

/** The recorded connection of a server, or `undefined` if the cassette has none: it may hold a model's turns only. */
export function replayConnection(
  serverName: string,
  directory: string,
  scrub: (text: string) => string,
): McpConnection | undefined {
  const folder = folderOf(directory, serverName);
  const server = readIfPresent(join(folder, SERVER_FILE));
  if (server === undefined) return undefined;
  // Written by `recordConnection`; what a person changes in it shows where it is used.
  const { url, protocolVersion, tools } = JSON.parse(server) as RecordedServer;
  const count = createCounter();
  return {
    name: serverName,
    url,
    protocolVersion,
    listTools: async () => tools,
    callTool: async (name, args, options) => {
      options?.signal?.throwIfAborted();
      const file = fileOf(name, args, count, scrub);
      const text = readIfPresent(join(folder, file)) ?? readIfPresent(join(folder, firstTake(file)));
      if (text === undefined)
        throw new AgentError(
          'tool_failed',
          `No call ${name}(${JSON.stringify(args).slice(0, 200)}) was recorded in ${folder}. Record it with --record ${directory}.`,
        );
      const { result, error } = JSON.parse(text) as RecordedCall;
      if (error) throw new AgentError(error.code, error.message, error.details);
      if (!result) throw new AgentError('tool_failed', `${join(folder, file)} has neither result nor error.`);
      return result;
    },
    // Tools are what a model calls, and what is recorded.
    listResources: async () => [],
    listResourceTemplates: async () => [],
    readResource: async (uri) => {
      throw new AgentError('unreachable', `${serverName} is replayed from ${folder}: there is no resource ${uri}.`);
    },
    listPrompts: async () => [],
    getPrompt: async (name) => {
      throw new AgentError('unreachable', `${serverName} is replayed from ${folder}: there is no prompt ${name}.`);
    },
    complete: async () => [],
    close: async () => undefined,
  };
}

function folderOf(directory: string, serverName: string): string {
  return join(directory, 'mcp', serverName);
}

/** The same call has the same name; a repetition is a further take. */
function fileOf(
  name: string,
  args: Readonly<Record<string, unknown>>,
  count: (key: string) => number,
  scrub: (text: string) => string,
): string {
  const said = scrub(JSON.stringify({ name, args }, sortKeys));
  const repetition = count(said);
  const take = repetition === 0 ? '' : `.take-${String(repetition + 1).padStart(3, '0')}`;
  const key = createHash('sha256').update(said).digest('hex').slice(0, 16);
  return `${name.replace(/[^\w-]/g, '_').slice(0, 60)}.${key}${take}.json`;
}

function firstTake(file: string): string {
  return file.replace(/\.take-\d+\.json$/, '.json');
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function sortKeys(_key: string, part: unknown): unknown {
  return typeof part === 'object' && part !== null && !Array.isArray(part)
    ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : part;
}

/** How often a key was seen before. */
function createCounter(): (key: string) => number {
  const seen = new Map<string, number>();
  return (key) => {
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return before;
  };
}
