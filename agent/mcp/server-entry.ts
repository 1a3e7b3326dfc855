// One server of the configuration: whether it may be used, its connection, its login, and the word for its state.

import type { LoginStatus } from '../auth/login-prompt.ts';
import type { TokenSource } from '../auth/token-source.ts';
import { shownUrl } from '../credential-config.ts';
import { AgentError, type AgentErrorCode } from '../errors.ts';
import type { HttpServerConfig, McpServerConfig } from '../mcp-file.ts';
import type { Approvals } from './approvals.ts';
import { connect, type McpConnection } from './connection.ts';
import type { Elicitor } from './elicitation.ts';
import { translateFailure } from './failures.ts';
import { noteTokens } from './login-source.ts';
import { observeConnection } from './observed-connection.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { recordConnection, replayConnection } from './recorded-connection.ts';
import { redactConnection, redactError } from './redacted-connection.ts';
import { approvalKeyOf, identityOf } from './server-identity.ts';
import { loginIn, needsApproval, noLoginReason, shownLogin, stateOf } from './server-words.ts';
import type { ServerState, ServerStatus, ServersOptions } from './servers.ts';
import { createToolListing } from './tool-listing.ts';
import { cleanText } from './tool-text.ts';
import type { ToolSource } from './tools.ts';

export interface ServerEntry {
  readonly server: McpServerConfig;
  status(): ServerStatus;
  /** Why it is not connected. */
  failure(): AgentError | undefined;
  connection(): McpConnection | undefined;
  /** @throws {AgentError} why there is none */
  connectionOrThrow(): McpConnection;
  /** What can be made tools of; `undefined` when it is not connected. */
  toolSource(): ToolSource | undefined;
  /** Connects, if it may and is not; what goes wrong becomes its state. */
  connect(signal?: AbortSignal): Promise<void>;
  login(signal: AbortSignal, scopes?: readonly string[]): Promise<ServerStatus>;
  logout(): Promise<ServerStatus>;
  /** @param name as the server calls it; @param fingerprint of the tool as a person has seen it */
  acceptTool(name: string, fingerprint: string): Promise<void>;
  close(): Promise<void>;
}

export interface ServerEntryOptions {
  readonly approvals: Approvals;
  readonly trustsMcpFile: boolean;
  readonly elicit: Elicitor | undefined;
  readonly cassette: ServersOptions['cassette'];
  readonly connect: typeof connect | undefined;
  readonly openLogin: (server: HttpServerConfig) => TokenSource;
  /** Sees every token that is sent. */
  readonly onToken: (token: string) => void;
  /** Takes the agent's credentials out of what a server says. */
  readonly redact: (text: string) => string;
  readonly onState: (status: ServerStatus) => void;
  readonly onNotice: (text: string) => void;
  /** The server has other tools now. */
  readonly onTools: () => Promise<void>;
}

/** Failures that the next request would meet as well. */
const ENDS_CONNECTION: readonly AgentErrorCode[] = ['unreachable', 'login_required', 'untrusted_issuer'];
/** A server that did not answer is tried again after these times, in seconds; the last one repeats. */
const RETRY_SECONDS = [5, 10, 30, 60];

export function createServerEntry(server: McpServerConfig, options: ServerEntryOptions): ServerEntry {
  const { approvals, elicit, cassette, onState, onNotice } = options;
  const needsLogin = server.transport === 'http' && server.headers['authorization'] === undefined;
  const tokens = needsLogin
    ? noteTokens(options.openLogin(server), (token) => {
        isLoginOld ||= token !== lastToken;
        lastToken = token;
        options.onToken(token);
      })
    : undefined;
  const listing = createToolListing({
    serverName: server.name,
    approvals,
    approvalKey: approvalKeyOf(server),
    isReplayed: cassette?.replay !== undefined,
    onNotice,
  });
  let connection: McpConnection | undefined;
  let state: ServerState = 'disabled';
  let detail = 'Not asked for.';
  let failure: AgentError | undefined;
  let login: LoginStatus | undefined;
  let lastToken: string | undefined;
  /** A token came after `login` was looked at: its scopes and its end may be others. */
  let isLoginOld = false;
  let connecting: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let retries = 0;
  let isClosed = false;

  const status = (): ServerStatus => ({
    name: server.name,
    identity: identityOf(server),
    url: server.transport === 'stdio' ? server.url : shownUrl(server.url),
    transport: server.transport,
    state,
    detail,
    protocolVersion: connection?.protocolVersion,
    toolCount: listing.tools().length,
    isTrusted: server.isTrusted,
    login: login && shownLogin(login, options.redact),
  });
  const setState = (next: ServerState, why: string, error?: AgentError) => {
    const text = cleanText(why, 1000);
    const isNew = next !== state || text !== detail;
    state = next;
    detail = text;
    failure = error;
    if (isNew) onState(status());
  };
  /** Why nothing of it may be used; `undefined` when it may. */
  const objectionTo = async (): Promise<string | undefined> => {
    if (server.isDisabled) return 'It is disabled in .mcp.json.';
    if (server.approval === undefined || options.trustsMcpFile || cassette?.replay !== undefined) return undefined;
    return (await approvals.isDefinitionApproved(server.approval)) ? undefined : needsApproval(server);
  };
  const fail = async (error: AgentError) => {
    login = await loginIn(tokens);
    setState(stateOf(error, login), error.message, error);
    if (error.code === 'unreachable') retryLater();
  };
  const retryLater = () => {
    if (isClosed) return;
    clearTimeout(retry);
    const seconds = RETRY_SECONDS[Math.min(retries, RETRY_SECONDS.length - 1)] ?? 60;
    retries += 1;
    retry = setTimeout(() => void (connection ? relist() : attempt().then(tellTools)), seconds * 1000);
    // Nothing waits for it.
    retry.unref();
  };
  const tellTools = async () => {
    if (state === 'connected') await options.onTools();
  };

  const relist = oneAtATime(async () => {
    if (!connection || isClosed) return;
    try {
      if (await listing.load(connection)) await options.onTools();
    } catch (error) {
      const { code, message } = failureOf(error);
      // That one is down its state says.
      if (code !== 'unreachable' && !isClosed)
        onNotice(`The tools of ${server.name} may have changed, and cannot be listed: ${message}`);
    }
  });
  /** Its state is that of its last request: a server may go down, or end a login, long after it was connected. */
  const observed = (opened: McpConnection): McpConnection => {
    const isPresent = () => connection === watched && !isClosed;
    const watched = observeConnection(opened, {
      onAnswer: async () => {
        if (!isPresent() || (state === 'connected' && !isLoginOld)) return;
        retries = 0;
        clearTimeout(retry);
        isLoginOld = false;
        const next = await loginIn(tokens);
        // Somebody may have signed out meanwhile.
        if (!isPresent()) return;
        login = next;
        setState('connected', '');
      },
      onFailure: async (error) => {
        if (isPresent() && ENDS_CONNECTION.includes(error.code)) await fail(error);
      },
    });
    return watched;
  };

  const open = async (signal?: AbortSignal): Promise<McpConnection> => {
    const recorded = cassette?.replay && replayConnection(server.name, cassette.replay, cassette.scrub);
    if (recorded) return recorded;
    const live = redactConnection(
      await (options.connect ?? connect)(
        server,
        { tokens, elicit, onNotice, onToolsChanged: () => void relist() },
        signal,
      ),
      options.redact,
    );
    return cassette?.record === undefined ? live : recordConnection(live, cassette.record, cassette.scrub);
  };
  const attempt = (signal?: AbortSignal): Promise<void> => {
    connecting ??= (async () => {
      if (connection || isClosed) return;
      const objection = await objectionTo();
      if (objection !== undefined) {
        setState('disabled', objection, new AgentError('invalid_configuration', `${server.name}: ${objection}`));
        return;
      }
      let opened: McpConnection | undefined;
      try {
        opened = await open(signal);
        await listing.load(opened, signal);
        if (isClosed) return await opened.close();
        connection = observed(opened);
        isLoginOld = false;
        login = await loginIn(tokens);
        retries = 0;
        setState('connected', '');
      } catch (error) {
        await opened?.close();
        signal?.throwIfAborted();
        await fail(redactError(failureOf(error), options.redact));
      }
    })().finally(() => {
      connecting = undefined;
    });
    return connecting;
  };
  const disconnect = async () => {
    clearTimeout(retry);
    const last = connection;
    connection = undefined;
    listing.clear();
    await last?.close();
  };
  const loginOrThrow = async () => {
    const objection = await objectionTo();
    if (objection !== undefined) throw new AgentError('invalid_configuration', `${server.name}: ${objection}`);
    if (tokens) return tokens;
    throw new AgentError('usage', `${server.name} takes no login: ${noLoginReason(server)}.`);
  };

  return {
    server,
    status,
    failure: () => failure,
    connection: () => connection,
    connectionOrThrow: () => {
      if (connection) return connection;
      throw failure ?? new AgentError('unreachable', `The server ${server.name} is not connected.`);
    },
    toolSource: () => connection && { connection, tools: listing.tools(), changes: listing.changes() },
    connect: attempt,
    login: async (signal, scopes) => {
      const source = await loginOrThrow();
      try {
        login = await source.login(signal, scopes);
      } catch (error) {
        throw error instanceof AgentError
          ? redactError(translateFailure(error, server, 'signing in'), options.redact)
          : error;
      }
      if (connection) await listing.load(connection, signal);
      else await attempt(signal);
      return status();
    },
    logout: async () => {
      await (await loginOrThrow()).logout();
      await disconnect();
      login = undefined;
      const why = `Signed out. Sign in again: npm run -s agent -- mcp login ${server.name}`;
      setState('needs-login', why, new AgentError('login_required', why));
      return status();
    },
    acceptTool: listing.accept,
    close: async () => {
      isClosed = true;
      await disconnect();
    },
  };
}

/** What a server says must stop neither the others nor the process, whatever of ours it breaks. */
function failureOf(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  return new AgentError('internal', `This is a fault of the agent itself: ${String(error)}`, { cause: error });
}
