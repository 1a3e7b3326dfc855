// The connection to one server as the rest of the agent knows it: it outlives sessions, restarts and broken streams. What it
// may send again without doing something twice, it sends again; everything else fails at once, with a typed error.

import { setTimeout } from 'node:timers/promises';
import type { CallToolResult, Client, GetPromptResult, ReadResourceResult } from '@modelcontextprotocol/client';
import type { TokenSource } from '../auth/token-source.ts';
import type { McpServerConfig } from '../mcp-file.ts';
import { CALL_LIMITS, type CallLimits, watchCall } from './call-watch.ts';
import type { Elicitor } from './elicitation.ts';
import { fateOf, translateFailure } from './failures.ts';
import { createGenerations } from './generations.ts';
import { type LiveClient, SDK_REQUEST_OPTIONS, type TransportFetch } from './live-client.ts';
import { createRequiredVisits } from './required-visits.ts';
import { createServerFetch } from './server-fetch.ts';
import { untilAborted } from './until-aborted.ts';
import { createWatchedFetch } from './watched-fetch.ts';

/** A tool as its server describes it. All of it is the server's word. */
export type McpTool = Awaited<ReturnType<Client['listTools']>>['tools'][number];
export type McpResource = Awaited<ReturnType<Client['listResources']>>['resources'][number];
export type McpResourceTemplate = Awaited<ReturnType<Client['listResourceTemplates']>>['resourceTemplates'][number];
export type McpPrompt = Awaited<ReturnType<Client['listPrompts']>>['prompts'][number];

export interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

export interface ToolCallOptions extends RequestOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** Whether calling the tool twice does no more than calling it once. Default false. */
  readonly isRepeatable?: boolean;
}

/** What a prompt or a resource template is called, for completion. */
export type CompletionReference =
  | { readonly type: 'ref/prompt'; readonly name: string }
  | { readonly type: 'ref/resource'; readonly uri: string };

/** What tools need of a connection. Every member rejects with what `connect` throws, and with `insufficient_scope` and `tool_failed`. */
export interface ToolConnection {
  readonly name: string;
  readonly url: string;
  /** The protocol revision that was agreed on. */
  readonly protocolVersion: string | undefined;
  listTools(options?: RequestOptions): Promise<readonly McpTool[]>;
  /** Progress of the server extends the time that a call may take; so does a person who is being asked. */
  callTool(name: string, args: Record<string, unknown>, options?: ToolCallOptions): Promise<CallToolResult>;
  /** Ends the session at the server. Calls in flight fail. */
  close(): Promise<void>;
}

export interface McpConnection extends ToolConnection {
  listResources(options?: RequestOptions): Promise<readonly McpResource[]>;
  listResourceTemplates(options?: RequestOptions): Promise<readonly McpResourceTemplate[]>;
  readResource(uri: string, options?: RequestOptions): Promise<ReadResourceResult>;
  listPrompts(options?: RequestOptions): Promise<readonly McpPrompt[]>;
  getPrompt(name: string, args: Record<string, string>, options?: RequestOptions): Promise<GetPromptResult>;
  /** Suggestions for the value of an argument; empty where the server has none. */
  complete(
    reference: CompletionReference,
    argument: { readonly name: string; readonly value: string },
    options?: RequestOptions,
  ): Promise<readonly string[]>;
}

export interface ConnectionOptions {
  /** Who gives tokens when the server asks for one; without it, a server that does is answered with `login_required`. */
  readonly tokens?: TokenSource | undefined;
  /** Whom to ask what the server wants to know; without it, servers are told that nobody can be asked. */
  readonly elicit?: Elicitor | undefined;
  /** The server says that its tools are others now. Several changes in a row may be told once. */
  readonly onToolsChanged?: () => void;
  /** What a person should know. */
  readonly onNotice?: (text: string) => void;
  readonly limits?: Partial<CallLimits>;
  /** Pauses between attempts to reach a server that does not answer, in milliseconds. Default 100, 200, 400, 800. */
  readonly retryDelaysMs?: readonly number[];
  /** A stream of news that ends before this time is not replaced, in milliseconds. Default 5000. */
  readonly minStreamLifeMs?: number;
  /** Sends the requests; default the global one. */
  readonly fetch?: TransportFetch;
}

const RETRY_DELAYS_MS = [100, 200, 400, 800];
const MIN_STREAM_LIFE_MS = 5000;

/**
 * Connects to one server. Authorization happens on the way, when the server asks for it.
 *
 * @throws {AgentError} `unreachable`, `login_required`, `untrusted_issuer`, `protocol_error`
 */
export async function connect(
  server: McpServerConfig,
  options: ConnectionOptions,
  signal?: AbortSignal,
): Promise<McpConnection> {
  const { elicit, onToolsChanged = ignore, onNotice = ignore } = options;
  const { retryDelaysMs = RETRY_DELAYS_MS, minStreamLifeMs = MIN_STREAM_LIFE_MS } = options;
  const limits = { ...CALL_LIMITS, ...options.limits };
  const visits = createRequiredVisits(server.name, elicit);
  const generations = createGenerations(server, {
    fetch: createWatchedFetch(createServerFetch(server, options.tokens, options.fetch)),
    elicit,
    onToolsChanged,
    onNotice,
    onVisited: visits.finished,
    minStreamLifeMs,
  });

  const request = async <T>(
    what: string,
    work: (client: Client, signal: AbortSignal, progressed: () => void) => Promise<T>,
    { signal: caller, isRepeatable = true }: ToolCallOptions = {},
  ): Promise<T> => {
    let wasRefused = false;
    for (let attempt = 0; ; attempt += 1) {
      caller?.throwIfAborted();
      let generation: LiveClient | undefined;
      const watch = watchCall(`${what} on the MCP server ${server.name}`, caller, limits);
      try {
        generation = await untilAborted(watch.signal, generations.current());
        return await generation.run(watch, (client) => work(client, watch.signal, watch.progressed));
      } catch (error) {
        caller?.throwIfAborted();
        const failure = watch.failure() ?? error;
        const fate = fateOf(failure, generation?.hasSession() ?? false);
        const delayMs = retryDelaysMs[attempt];
        const isSafe =
          fate === 'undelivered' || (fate === 'refused' && !wasRefused) || (fate === 'lost' && isRepeatable);
        if (fate !== 'answered') generations.retire(generation);
        if (generations.isClosed() || !isSafe || delayMs === undefined) throw translateFailure(failure, server, what);
        if (fate === 'refused') wasRefused = true;
        else await pause(delayMs, caller);
      } finally {
        watch.end();
      }
    }
  };
  /** SDK members that are not there for a server that does not offer them write to standard output. */
  const list = async <T>(
    what: 'tools' | 'prompts' | 'resources',
    work: (client: Client, signal: AbortSignal) => Promise<readonly T[]>,
    { signal: caller }: RequestOptions = {},
  ) =>
    request<readonly T[]>(
      `${what}/list`,
      async (client, ends) => (client.getServerCapabilities()?.[what] ? await work(client, ends) : []),
      caller ? { signal: caller } : {},
    );
  const sdkOptions = (ends: AbortSignal) => ({ ...SDK_REQUEST_OPTIONS, signal: ends });
  /** Lists are asked for when somebody wants to know what is there now. */
  const fresh = (ends: AbortSignal) => ({ ...sdkOptions(ends), cacheMode: 'refresh' as const });

  try {
    await generations.open(signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw translateFailure(error, server, 'connecting');
  }

  return {
    name: server.name,
    url: server.url,
    get protocolVersion() {
      return generations.present()?.client.getNegotiatedProtocolVersion();
    },
    listTools: (requestOptions) =>
      list('tools', async (client, ends) => (await client.listTools({}, fresh(ends))).tools, requestOptions),
    callTool: (name, args, callOptions = {}) => {
      const call = () =>
        request(
          `tools/call ${name}`,
          (client, ends, progressed) =>
            client.callTool(
              { name, arguments: args },
              {
                ...sdkOptions(ends),
                onprogress: (progress) => {
                  progressed();
                  callOptions.onProgress?.(progress);
                },
              },
            ),
          { isRepeatable: false, ...callOptions },
        );
      return visits.around(name, call, callOptions.signal);
    },
    listResources: (requestOptions) =>
      list(
        'resources',
        async (client, ends) => (await client.listResources({}, fresh(ends))).resources,
        requestOptions,
      ),
    listResourceTemplates: (requestOptions) =>
      list(
        'resources',
        async (client, ends) => (await client.listResourceTemplates({}, fresh(ends))).resourceTemplates,
        requestOptions,
      ),
    readResource: (uri, requestOptions) =>
      request('resources/read', (client, ends) => client.readResource({ uri }, fresh(ends)), requestOptions),
    listPrompts: (requestOptions) =>
      list('prompts', async (client, ends) => (await client.listPrompts({}, fresh(ends))).prompts, requestOptions),
    getPrompt: (name, args, requestOptions) =>
      request(
        'prompts/get',
        (client, ends) => client.getPrompt({ name, arguments: args }, sdkOptions(ends)),
        requestOptions,
      ),
    complete: (reference, argument, requestOptions) =>
      request(
        'completion/complete',
        async (client, ends) =>
          client.getServerCapabilities()?.completions
            ? (await client.complete({ ref: reference, argument }, sdkOptions(ends))).completion.values
            : [],
        requestOptions,
      ),
    close: generations.close,
  };
}

async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  await setTimeout(delayMs, undefined, signal ? { signal } : {});
}

function ignore(): void {
  // Nobody wants to know.
}
