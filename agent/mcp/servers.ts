// All servers of an agent: connected in parallel, each in a state of its own, so that one that is down does not stop the
// others.

import type { AuthState, LoginPrompt, LoginStatus } from '../auth/login-prompt.ts';
import type { SecretKeeper } from '../auth/secrets-in-use.ts';
import type { TokenSource } from '../auth/token-source.ts';
import type { AgentConfig, HttpServerConfig } from '../config.ts';
import { AgentError } from '../errors.ts';
import { noSuchServer } from '../mcp-file.ts';
import { type Approvals, createApprovals } from './approvals.ts';
import { configuredSecrets } from './configured-secrets.ts';
import type { connect, McpConnection } from './connection.ts';
import type { Elicitor } from './elicitation.ts';
import { openLogin } from './login-source.ts';
import { createOwnSecrets } from './own-secrets.ts';
import { promptText, resourceText } from './readable-content.ts';
import { createServerEntry, type ServerEntry } from './server-entry.ts';
import { cleanText } from './tool-text.ts';
import { adaptTools, type LoadedTool } from './tools.ts';

export type ServerState =
  | 'connected'
  | 'needs-login'
  | 'expired'
  | 'needs-scope'
  | 'unreachable'
  | 'disabled'
  | 'error';

export interface ServerStatus {
  readonly name: string;
  /** Stands for this server and no other, its query and its place included; without credentials. */
  readonly identity: string;
  /** The endpoint, or the command line of a stdio server; without credentials. */
  readonly url: string;
  readonly transport: 'http' | 'stdio';
  readonly state: ServerState;
  /** Why it is not connected and what to do next; empty when it is. */
  readonly detail: string;
  readonly protocolVersion: string | undefined;
  readonly toolCount: number;
  /** Whether the annotations of its tools may be believed. */
  readonly isTrusted: boolean;
  /** `undefined` when nobody is logged in, or the server needs no login. */
  readonly login: LoginStatus | undefined;
}

export type ServerEvent =
  | { readonly type: 'state'; readonly status: ServerStatus }
  | { readonly type: 'tools-changed'; readonly server: string }
  | {
      readonly type: 'auth';
      readonly server: string;
      readonly state: AuthState;
      readonly held: readonly string[];
      readonly needed: readonly string[];
    }
  | { readonly type: 'notice'; readonly text: string };

export interface ServerResource {
  readonly server: string;
  readonly uri: string;
  readonly name: string;
  readonly description: string;
}

export interface ServerPrompt {
  readonly server: string;
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly { readonly name: string; readonly description: string; readonly required: boolean }[];
}

export interface Servers {
  statuses(): readonly ServerStatus[];
  /** The tools of all connected servers as of now. */
  tools(): readonly LoadedTool[];
  /** Signs in, or signs in again, asking for `scopes` too; connects the server with it. */
  login(server: string, signal: AbortSignal, scopes?: readonly string[]): Promise<ServerStatus>;
  /** Revokes and forgets the tokens. */
  logout(server: string): Promise<ServerStatus>;
  /** Connects a server that is not connected. */
  reconnect(server: string): Promise<ServerStatus>;
  /**
   * A person has seen what changed about the tool, and approves of it as it was shown.
   *
   * @throws {AgentError} `tool_refused` when it is another one by now
   */
  acceptTool(tool: Pick<LoadedTool, 'server' | 'name' | 'sourceName' | 'fingerprint'>): Promise<void>;
  resources(): Promise<readonly ServerResource[]>;
  /** The resource's text; other content as a line that says what it is. */
  readResource(server: string, uri: string, signal: AbortSignal): Promise<string>;
  prompts(): Promise<readonly ServerPrompt[]>;
  /** The prompt's messages as text. */
  getPrompt(server: string, name: string, args: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string>;
  /** Suggestions for an argument of a prompt or a variable of a resource template; empty where the server has none. */
  complete(server: string, promptOrTemplate: string, argument: string, value: string): Promise<readonly string[]>;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: ServerEvent) => void): () => void;
  close(): Promise<void>;
}

/** The servers as they were started; knows besides why those that are not connected are not. */
export interface StartedServers extends Servers {
  /** Why the server is not connected: its code decides the exit code of a command that needs it. */
  failureOf(server: string): AgentError | undefined;
}

export interface ServersOptions {
  readonly config: Pick<
    AgentConfig,
    | 'servers'
    | 'credential'
    | 'login'
    | 'tokenDirectory'
    | 'isKeyringUsed'
    | 'approvalDirectory'
    | 'trustsMcpFile'
    | 'environment'
  >;
  /** Whom servers may ask something; default nobody. */
  readonly elicit?: Elicitor | undefined;
  /** Whom to ask for a login; default nobody. */
  readonly prompt?: LoginPrompt | undefined;
  /** Directories of recordings: what has been recorded is replayed, the rest is live. */
  readonly cassette?: { readonly record?: string; readonly replay?: string; readonly scrub: (text: string) => string };
  /** Names of the servers to connect; the others are left alone, with state `disabled`. Default all. */
  readonly only?: readonly string[];
  /** Who gives the tokens for a server; default `createTokenSource` with what the configuration says. */
  readonly openLogin?: (server: HttpServerConfig, secrets: SecretKeeper) => TokenSource;
  /** What was approved; default the files in the state directory. */
  readonly approvals?: Approvals;
  /** How a server is connected; default `connect`. */
  readonly connect?: typeof connect;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
}

/**
 * Connects all servers, in parallel. Does not fail because a server does: whoever needs one asks for its state.
 *
 * @throws {AgentError} `invalid_configuration` and `login_required` from what was kept about approvals
 */
export async function createServers(options: ServersOptions): Promise<StartedServers> {
  const { config, elicit, prompt, cassette, only, signal } = options;
  const listeners = new Set<(event: ServerEvent) => void>();
  /** What a person should know and nobody has listened to yet. */
  const unheard: ServerEvent[] = [];
  const emit = (event: ServerEvent) => {
    if (listeners.size === 0 && event.type === 'notice') unheard.push(event);
    for (const listener of listeners) listener(event);
  };
  const secrets = createOwnSecrets(config.environment, await configuredSecrets(config));
  const notice = (text: string) => emit({ type: 'notice', text: cleanText(secrets.redact(text), 2000) });
  const told = new Set<string>();
  /** What is found each time that tools are loaded is news once. */
  const noticeOnce = (text: string) => {
    if (told.has(text)) return;
    told.add(text);
    notice(text);
  };
  const approvals = options.approvals ?? createApprovals(config.approvalDirectory);
  let loaded: readonly LoadedTool[] = [];

  const entries: ServerEntry[] = config.servers.map((server) =>
    createServerEntry(server, {
      approvals,
      trustsMcpFile: config.trustsMcpFile,
      elicit,
      cassette,
      connect: options.connect,
      openLogin: (http) =>
        options.openLogin?.(http, secrets) ??
        openLogin(http, {
          config,
          prompt,
          secrets,
          onAuth: ({ state, held, needed }) =>
            emit({
              type: 'auth',
              server: http.name,
              state,
              held: held.map(secrets.redact),
              needed: needed.map(secrets.redact),
            }),
        }),
      onToken: secrets.note,
      redact: secrets.redact,
      onState: (status) => emit({ type: 'state', status }),
      onNotice: notice,
      onTools: async () => {
        await load();
        emit({ type: 'tools-changed', server: server.name });
      },
    }),
  );
  const load = async () => {
    const sources = entries.flatMap((entry) => entry.toolSource() ?? []);
    loaded = await adaptTools(sources, {
      secrets,
      onNotice: noticeOnce,
      serverNames: config.servers.map(({ name }) => name),
    });
  };
  const entryOf = (name: string): ServerEntry => {
    const entry = entries.find(({ server }) => server.name === name);
    if (entry) return entry;
    throw noSuchServer(name, config.servers);
  };
  const connected = () =>
    entries.flatMap((entry) => {
      const connection = entry.connection();
      return connection ? [{ name: entry.server.name, connection }] : [];
    });
  /** From all servers that are connected; one that fails is told of, and left out. */
  const gather = async <T>(what: string, ask: (connection: McpConnection) => Promise<readonly T[]>) => {
    const lists = await Promise.all(
      connected().map(async ({ name, connection }) => {
        try {
          return (await ask(connection)).map((item) => ({ server: name, item }));
        } catch (error) {
          if (!(error instanceof AgentError)) throw error;
          notice(`The ${what} of ${name} are missing: ${error.message}`);
          return [];
        }
      }),
    );
    return lists.flat();
  };
  const line = (text: string | undefined) => cleanText(text ?? '', 1000);

  const wanted = entries.filter(({ server }) => only === undefined || only.includes(server.name));
  await Promise.all(wanted.map((entry) => entry.connect(signal)));
  await load();

  return {
    statuses: () => entries.map((entry) => entry.status()),
    tools: () => loaded,
    failureOf: (name) => entryOf(name).failure(),
    login: async (name, ends, scopes) => {
      const status = await entryOf(name).login(ends, scopes);
      await load();
      return status;
    },
    logout: async (name) => {
      const status = await entryOf(name).logout();
      await load();
      return status;
    },
    reconnect: async (name) => {
      const entry = entryOf(name);
      await entry.connect();
      await load();
      return entry.status();
    },
    acceptTool: async ({ server, name, sourceName = name, fingerprint }) => {
      await entryOf(server).acceptTool(sourceName, fingerprint);
      await load();
    },
    resources: async () =>
      (await gather('resources', (connection) => connection.listResources())).map(({ server, item }) => ({
        server,
        uri: item.uri,
        name: line(item.title ?? item.name),
        description: line(item.description),
      })),
    readResource: async (name, uri, ends) =>
      resourceText(await entryOf(name).connectionOrThrow().readResource(uri, { signal: ends })),
    prompts: async () =>
      (await gather('prompts', (connection) => connection.listPrompts())).map(({ server, item }) => ({
        server,
        name: item.name,
        description: line(item.description ?? item.title),
        arguments: (item.arguments ?? []).map((argument) => ({
          name: argument.name,
          description: line(argument.description),
          required: argument.required === true,
        })),
      })),
    getPrompt: async (name, prompt, args, ends) =>
      promptText(
        await entryOf(name)
          .connectionOrThrow()
          .getPrompt(prompt, { ...args }, { signal: ends }),
      ),
    complete: async (name, promptOrTemplate, argument, value) => {
      // A template is a URI; no name of a prompt that people can type is.
      const reference = promptOrTemplate.includes('://')
        ? ({ type: 'ref/resource', uri: promptOrTemplate } as const)
        : ({ type: 'ref/prompt', name: promptOrTemplate } as const);
      const values = await entryOf(name).connectionOrThrow().complete(reference, { name: argument, value });
      return values.map(line);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      for (const event of unheard.splice(0)) listener(event);
      return () => void listeners.delete(listener);
    },
    close: async () => {
      await Promise.all(entries.map((entry) => entry.close()));
    },
  };
}
