// One generation of a connection: an SDK client with its transport and session, from connecting to the last call that still
// runs on it. When the server forgets the session, the next generation takes over and this one is drained.

import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { AgentError } from '../errors.ts';
import type { McpServerConfig, StdioServerConfig } from '../mcp-file.ts';
import { createElicitationHandler } from './answer-elicitation.ts';
import { type CallWatch, currentCall, watchCall } from './call-watch.ts';
import type { Elicitor } from './elicitation.ts';
import { createOutputValidator } from './tool-schema.ts';
import { inspectText } from './tool-text.ts';
import { untilAborted } from './until-aborted.ts';

export type TransportFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export interface LiveClient {
  readonly client: Client;
  /** Whether requests name a session that the server may forget. */
  readonly hasSession: () => boolean;
  /** Whether the connection has ended by itself: the child has exited. */
  readonly isClosed: () => boolean;
  /** Runs a call with a watch on it. */
  run<T>(watch: CallWatch, work: (client: Client) => Promise<T>): Promise<T>;
  /** Ends it when its last call is done. */
  retire(): void;
  /** Ends its session at the server, then itself; calls in flight fail. */
  close(): Promise<void>;
}

export interface LiveClientOptions {
  readonly fetch: TransportFetch;
  readonly elicit: Elicitor | undefined;
  readonly onToolsChanged: () => void;
  /** The stream that brings news has ended, and will not be taken up again. */
  readonly onStreamLost: () => void;
  readonly onNotice: (text: string) => void;
  /** The server says that the person is done with a page that it wanted visited. */
  readonly onVisited: (elicitationId: string) => void;
}

const CLIENT_INFO = { name: 'authorized-mcp-agent', version: '0.1.0' };

const LIMITS = {
  connectMs: 10_000,
  /** The watch of each call decides; the SDK's own timer knows neither persons nor lost streams. */
  sdkTimeoutMs: 2 ** 31 - 1,
  /** A server that does not say good-bye within this time is left without. */
  goodbyeMs: 1000,
  stderrChars: 2000,
} as const;

/** A stream that broke is taken up again after 100, 200 and 400 ms; a call on it has failed well within two seconds then. */
const RECONNECTION = {
  initialReconnectionDelay: 100,
  reconnectionDelayGrowFactor: 2,
  maxReconnectionDelay: 5000,
  maxRetries: 3,
} as const;

export const SDK_REQUEST_OPTIONS = { timeout: LIMITS.sdkTimeoutMs } as const;

/**
 * Connects one generation.
 *
 * @throws what the SDK and the fetch throw; `AgentError` `unreachable` after ten seconds of silence
 */
export async function openLiveClient(
  server: McpServerConfig,
  options: LiveClientOptions,
  signal?: AbortSignal,
): Promise<LiveClient> {
  const { elicit, onToolsChanged, onNotice } = options;
  const active = new Set<CallWatch>();
  let isClosed = false;
  let isRetired = false;

  const client = new Client(CLIENT_INFO, {
    versionNegotiation: { mode: 'auto' },
    jsonSchemaValidator: createOutputValidator(),
    // Neither sampling nor roots: a server gets no model of ours and no look at our files.
    capabilities: elicit ? { elicitation: { form: { applyDefaults: true }, url: {} } } : {},
    listChanged: { tools: { autoRefresh: false, debounceMs: 50, onChanged: onToolsChanged } },
  });
  if (elicit) {
    const answer = createElicitationHandler({
      server: server.name,
      elicit,
      onNotice,
      waitingCalls: () => {
        const call = currentCall.getStore();
        // A question on the connection's own stream belongs to some call, and nothing says to which.
        return call && !call.isOver() ? [call] : [...active];
      },
    });
    client.setRequestHandler('elicitation/create', (request, { mcpReq }) => answer(request, mcpReq.signal));
    client.setNotificationHandler('notifications/elicitation/complete', ({ params }) =>
      options.onVisited(params.elicitationId),
    );
  }
  const { transport, complaints } = createTransport(server, options);
  client.onclose = () => {
    isClosed = true;
  };

  const watch = watchCall(`connecting to the MCP server ${server.name}`, signal, {
    idleMs: LIMITS.connectMs,
    totalMs: LIMITS.connectMs,
    graceMs: LIMITS.connectMs,
  });
  try {
    await untilAborted(
      watch.signal,
      currentCall.run(watch, () => client.connect(transport, { ...SDK_REQUEST_OPTIONS, signal: watch.signal })),
    );
  } catch (error) {
    await client.close();
    signal?.throwIfAborted();
    throw watch.failure()
      ? new AgentError(
          'unreachable',
          `The MCP server ${server.name} at ${server.url} accepted the connection and said nothing for ${LIMITS.connectMs / 1000} s.`,
          { cause: error },
        )
      : withComplaints(error, server, complaints());
  } finally {
    watch.end();
  }

  // In 2026-07-28 the stream is a request of its own, which the SDK makes on connecting.
  void client.autoOpenedSubscription?.closed.then((reason) => {
    if (reason !== 'local' && !isClosed) options.onStreamLost();
  });

  const close = async () => {
    if (transport instanceof StreamableHTTPClientTransport && transport.sessionId !== undefined)
      await Promise.race([
        // It may have lost the session, or be gone altogether: nothing is left to do about it.
        transport.terminateSession().catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, LIMITS.goodbyeMs).unref()),
      ]);
    await client.close();
  };
  return {
    client,
    hasSession: () => transport instanceof StreamableHTTPClientTransport && transport.sessionId !== undefined,
    isClosed: () => isClosed,
    run: async (call, work) => {
      active.add(call);
      try {
        return await currentCall.run(call, work, client);
      } finally {
        active.delete(call);
        if (isRetired && active.size === 0) await client.close();
      }
    },
    retire: () => {
      isRetired = true;
      if (active.size === 0) void client.close();
    },
    close,
  };
}

function createTransport(
  server: McpServerConfig,
  { fetch, onStreamLost }: LiveClientOptions,
): { transport: Transport; complaints: () => string } {
  if (server.transport === 'stdio') return createStdioTransport(server);
  const transport = new StreamableHTTPClientTransport(new URL(server.url), {
    fetch,
    reconnectionOptions: RECONNECTION,
    reconnectionScheduler: (reconnect, delayMs, attempt) => {
      const call = currentCall.getStore();
      call?.streamExpected();
      // The SDK tries once more and then says nothing.
      if ((!call || call.isOver()) && attempt === RECONNECTION.maxRetries - 1) onStreamLost();
      const timer = setTimeout(reconnect, delayMs);
      return () => clearTimeout(timer);
    },
  });
  return { transport, complaints: () => '' };
}

function createStdioTransport({ command, args, env, cwd }: StdioServerConfig) {
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    env: { ...env },
    ...(cwd === undefined ? {} : { cwd }),
    // Our standard error is for people; what the child says is kept for the moment in which it matters.
    stderr: 'pipe',
  });
  let said = '';
  transport.stderr?.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-LIMITS.stderrChars);
  });
  return { transport, complaints: () => said };
}

/** A child that could not be started or left at once, and what it said. */
function withComplaints(error: unknown, server: McpServerConfig, said: string): unknown {
  if (server.transport !== 'stdio') return error;
  const reason = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'no such command' : said.trim();
  return new AgentError(
    'unreachable',
    `The MCP server ${server.name} did not come up (${server.url})${reason === '' ? '.' : `: ${inspectText(reason, LIMITS.stderrChars).text}`}`,
    { cause: error },
  );
}
