// Sessions of clients that speak 2025-11-25 or earlier: one server instance and one transport each, so that elicitation,
// sampling, logging, subscriptions and resumable streams work. A session belongs to the principal that opened it; for
// anybody else it does not exist.

import {
  McpServer,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerEvent,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { type AdmittedRequest, principalKey, subjectKey } from './admitted-request.ts';
import { scopeRefusalResponse } from './auth/challenge.ts';
import { isScope, missingScopes, type Scope } from './auth/scopes.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { Clock } from './clock.ts';
import { createEventStore } from './event-store.ts';
import type { Log } from './log.ts';
import { createOpenRequests, type OpenRequests } from './open-requests.ts';
import { describeRejection } from './rejection.ts';

export const SESSION_LIMITS = {
  /** A client needs one, and opens another when it has lost track of the first. */
  maxPerPrincipal: 20,
  /** Together with the two limits below: at most 128 MB of kept events. */
  maxTotal: 500,
  maxEvents: 500,
  maxEventCharacters: 128 * 1024,
  /** Resources that one session may watch; with the longest names 50 MB in all sessions together. */
  maxSubscriptions: 200,
  maxUriLength: 500,
  /** Calls without an answer; a SDK's batch has up to 100 messages. */
  maxOpenRequests: 100,
  /** What they hold, together. */
  maxOpenCharacters: 1024 * 1024,
  /** A person may be at lunch; a client that is back later opens a new session by itself. */
  idleTtlMs: 60 * 60 * 1000,
  /** How soon a client comes back to a stream that a tool closed in the middle of a call. */
  streamRetryMs: 1_000,
  /** What a client that has too many busy sessions is told to wait. */
  retryAfterSeconds: 30,
} as const;

export type SessionLimits = Readonly<Record<keyof typeof SESSION_LIMITS, number>>;

export interface SessionsOptions {
  readonly factory: McpServerFactory;
  readonly changes: ChangeFeed;
  readonly clock: Clock;
  readonly log: Log;
  /** Default `SESSION_LIMITS`. */
  readonly limits?: SessionLimits;
}

/** What a session answers, and what to call when the exchange that carries the answer is over. */
export interface SessionExchange {
  readonly response: Response;
  readonly onEnd: () => void;
}

export interface Sessions {
  /** Opens a session with the client's `initialize`. */
  open(admitted: AdmittedRequest): Promise<SessionExchange>;
  /** Goes on with the session of that id, or answers 404 as for an id that never was. */
  resume(sessionId: string, admitted: AdmittedRequest): Promise<SessionExchange>;
  readonly count: () => number;
  /** Ends all sessions, calls in flight included. */
  close(): Promise<void>;
}

interface Session {
  readonly id: string;
  readonly principal: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly close: () => Promise<void>;
  readonly openRequests: OpenRequests;
  /**
   * Scopes of all tokens that asked for something here. Results and news of this session are for a token that covers
   * them: one that was never granted a scope must not read what needed it, be it by Last-Event-ID.
   */
  readonly reach: Set<Scope>;
  /** Scopes of the token that the stream of news was opened with. */
  listenerScopes: readonly string[];
  /** Exchanges that go on; a session without any is idle. */
  exchanges: number;
  idleSinceMs: number;
  stopIdleTimer: () => void;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { factory, changes, clock, log } = options;
  const limits = options.limits ?? SESSION_LIMITS;
  const sessions = new Map<string, Session>();

  const end = async (session: Session, reason: string) => {
    log.info('session-ended', { reason });
    await session.close();
  };

  const begin = (session: Session) => {
    session.exchanges += 1;
    session.stopIdleTimer();
  };

  const finish = (session: Session) => {
    session.exchanges -= 1;
    if (session.exchanges > 0 || !sessions.has(session.id)) return;
    session.idleSinceMs = clock.now();
    session.stopIdleTimer = clock.after(limits.idleTtlMs, () => void end(session, 'idle'));
  };

  /** Ends the longest idle of `among` if there are `max`; `false` when all of those are busy. */
  const makeRoom = (among: readonly Session[], max: number): boolean => {
    if (among.length < max) return true;
    const idle = among.filter(({ exchanges }) => exchanges === 0);
    const oldest = idle.toSorted((a, b) => a.idleSinceMs - b.idleSinceMs)[0];
    if (oldest) void end(oldest, 'room-needed');
    return oldest !== undefined;
  };

  const create = async ({ request, authInfo }: AdmittedRequest): Promise<Session> => {
    const id = crypto.randomUUID();
    const product = await factory({ era: 'legacy', authInfo, requestInfo: request });
    const protocol = product instanceof McpServer ? product.server : product;
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      eventStore: createEventStore({ maxEvents: limits.maxEvents, maxCharacters: limits.maxEventCharacters }),
      retryInterval: limits.streamRetryMs,
    });
    const session: Session = {
      id,
      principal: principalKey(authInfo),
      transport,
      close: () => product.close(),
      openRequests: createOpenRequests(transport, limits),
      reach: new Set(),
      listenerScopes: authInfo.scopes,
      exchanges: 0,
      idleSinceMs: clock.now(),
      stopIdleTimer: () => undefined,
    };
    const unsubscribe = changes.subscribe(subjectKey(authInfo), createNotifier(protocol, limits, log));
    protocol.onerror = (error) => log.warn('mcp-request-rejected', describeRejection(error));
    protocol.onclose = () => {
      sessions.delete(id);
      session.stopIdleTimer();
      unsubscribe();
    };
    guardSubscriptions(transport);
    await product.connect(transport);
    return session;
  };

  const handle = async (session: Session, { request, authInfo, parsedBody }: AdmittedRequest) => {
    let forget: () => void = () => undefined;
    if (request.method === 'GET') {
      const reach = [...session.reach];
      if (missingScopes(authInfo.scopes, reach).length > 0) {
        log.warn('session-refused', { reason: 'stream_of_more_scopes' });
        return { response: scopeRefusalResponse(reach, authInfo.resourceMetadataUrl), onEnd: () => undefined };
      }
    } else {
      const admitted = session.openRequests.admit(parsedBody);
      if (!admitted) {
        log.warn('session-refused', { reason: 'too_many_open_requests' });
        return refuse(429, limits.retryAfterSeconds, 'Too many calls of this session are open; wait or cancel some');
      }
      forget = admitted;
      for (const scope of authInfo.scopes.filter(isScope)) session.reach.add(scope);
      endWeakListener(session);
    }
    begin(session);
    const onEnd = () => finish(session);
    try {
      const body = parsedBody === undefined ? {} : { parsedBody };
      const response = await session.transport.handleRequest(request, { authInfo, ...body });
      if (response.status !== 200) forget();
      else if (request.method === 'GET') {
        session.listenerScopes = authInfo.scopes;
        endWeakListener(session);
      }
      return { response, onEnd };
    } catch (error) {
      forget();
      onEnd();
      throw error;
    }
  };

  return {
    open: async (admitted) => {
      const session = await create(admitted);
      // From here to `set` nothing waits, so the limits are exact.
      const all = [...sessions.values()];
      const own = all.filter(({ principal }) => principal === session.principal);
      const hasRoom = makeRoom(own, limits.maxPerPrincipal);
      if (!hasRoom || !makeRoom([...sessions.values()], limits.maxTotal)) {
        await session.close();
        return refuse(
          hasRoom ? 503 : 429,
          limits.retryAfterSeconds,
          'Too many sessions are busy; end one with DELETE or wait',
        );
      }
      sessions.set(session.id, session);
      const exchange = await handle(session, admitted);
      // The transport refuses an initialize that is not quite one; nobody knows the session's id then.
      if (exchange.response.status !== 200) await session.close();
      else log.info('session-opened', { client_id: admitted.authInfo.clientId, sessions: sessions.size });
      return exchange;
    },
    resume: async (sessionId, admitted) => {
      const session = sessions.get(sessionId);
      if (session && session.principal === principalKey(admitted.authInfo)) return handle(session, admitted);
      log.warn('session-refused', { reason: session ? 'session_of_another' : 'unknown_session' });
      return { response: errorResponse(404, -32_001, 'Session not found'), onEnd: () => undefined };
    },
    count: () => sessions.size,
    close: async () => {
      await Promise.all([...sessions.values()].map((session) => end(session, 'stopping')));
    },
  };
}

/** Whoever watches a resource needs the scopes that reading it needs; the SDK asks for none. */
function guardSubscriptions(transport: WebStandardStreamableHTTPServerTransport): void {
  const set = transport.setScopeChallengeResolver.bind(transport);
  transport.setScopeChallengeResolver = (resolve) =>
    set((context) => {
      const { request } = context;
      return resolve(
        request.method === 'resources/subscribe'
          ? { ...context, request: { ...request, method: 'resources/read' } }
          : context,
      );
    });
}

/** A stream of news ends when its token is weaker than one that came since; its client comes back, and missed nothing. */
function endWeakListener(session: Session): void {
  if (missingScopes(session.listenerScopes, [...session.reach]).length > 0)
    session.transport.closeStandaloneSSEStream();
}

/** Passes on what a session's client subscribed to, and answers its subscriptions. */
function createNotifier(protocol: Server, limits: SessionLimits, log: Log): (event: ServerEvent) => void {
  const { tools, prompts, resources } = protocol.getCapabilities();
  const { maxSubscriptions, maxUriLength } = limits;
  const watched = new Set<string>();
  if (resources?.subscribe) {
    protocol.setRequestHandler('resources/subscribe', ({ params }) => {
      if (params.uri.length > maxUriLength)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `The URI is longer than ${maxUriLength} characters`);
      if (watched.size >= maxSubscriptions && !watched.has(params.uri))
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `A session may watch ${maxSubscriptions} resources`);
      watched.add(params.uri);
      return {};
    });
    protocol.setRequestHandler('resources/unsubscribe', ({ params }) => {
      watched.delete(params.uri);
      return {};
    });
  }
  const send = async (event: ServerEvent) => {
    switch (event.kind) {
      case 'tools_list_changed':
        if (tools?.listChanged) await protocol.sendToolListChanged();
        return;
      case 'prompts_list_changed':
        if (prompts?.listChanged) await protocol.sendPromptListChanged();
        return;
      case 'resources_list_changed':
        if (resources?.listChanged) await protocol.sendResourceListChanged();
        return;
      case 'resource_updated':
        if (watched.has(event.uri)) await protocol.sendResourceUpdated({ uri: event.uri });
    }
  };
  return (event) => {
    send(event).catch((error: unknown) => log.warn('notification-lost', { kind: event.kind, error }));
  };
}

function refuse(status: 429 | 503, retryAfterSeconds: number, message: string): SessionExchange {
  const response = errorResponse(status, -32_000, message);
  response.headers.set('retry-after', String(retryAfterSeconds));
  return { response, onEnd: () => undefined };
}

function errorResponse(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status });
}
