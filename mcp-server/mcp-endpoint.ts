// The MCP endpoint behind the gate: takes an admitted request and answers it in the generation of the protocol that the
// client speaks. 2026-07-28 has no sessions; a client of an earlier revision gets one when it initializes, and a single
// call of that time without a session is answered for itself.

import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createMcpHandler,
  isInitializeRequest,
  isJsonContentType,
  isLegacyRequest,
  legacyStatelessFallback,
  type McpServerFactory,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import { type AdmittedRequest, principalKey, subjectKey } from './admitted-request.ts';
import { CLOCK_TOLERANCE_SECONDS } from './auth/principal.ts';
import type { ChangeFeed } from './change-feed.ts';
import { type Clock, systemClock } from './clock.ts';
import { createExchanges, type ExchangeLimits } from './exchanges.ts';
import type { Log } from './log.ts';
import { createOpenStreams } from './open-streams.ts';
import { describeRejection } from './rejection.ts';
import { createSessions, type SessionExchange, type SessionsOptions } from './sessions.ts';

export interface McpEndpointOptions {
  readonly factory: McpServerFactory;
  readonly changes: ChangeFeed;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly sessionLimits?: SessionsOptions['limits'];
  readonly exchangeLimits?: ExchangeLimits;
}

export interface McpEndpoint {
  handle(admitted: AdmittedRequest): Promise<Response>;
  /** How much is going on, for metrics. */
  readonly counts: () => { readonly sessions: number; readonly streams: number };
  /** Ends the streams that only wait for news; calls in flight go on. The first step of an orderly stop. */
  endStandingStreams(): void;
  /** Ends everything: sessions, streams, calls in flight. */
  close(): Promise<void>;
}

const SESSION_HEADER = 'mcp-session-id';
/** Longest request that opens a session or a subscription; what it says is kept for as long as that lives. */
const MAX_KEPT_CHARACTERS = 32 * 1024;
/** What a client that has too much going on is told to wait. */
const RETRY_AFTER_SECONDS = 30;

export function createMcpEndpoint(options: McpEndpointOptions): McpEndpoint {
  const { factory, changes, log } = options;
  const clock = options.clock ?? systemClock;
  const onerror = (error: Error) => log.warn('mcp-request-rejected', describeRejection(error));
  const exchanges = createExchanges(options.exchangeLimits);
  const streams = createOpenStreams(clock);
  const sessions = createSessions({
    factory,
    changes,
    clock,
    log,
    ...(options.sessionLimits ? { limits: options.sessionLimits } : {}),
  });
  const subscriptions = createSubscriptionBus(changes);
  const modern = createMcpHandler(factory, { legacy: 'reject', onerror, bus: subscriptions.bus });
  const stateless = legacyStatelessFallback(factory, onerror);

  const answer = async (admitted: AdmittedRequest): Promise<SessionExchange> => {
    const { request, authInfo, parsedBody } = admitted;
    const passedOn = { authInfo, ...(parsedBody === undefined ? {} : { parsedBody }) };
    const alone = (response: Response) => ({ response, onEnd: () => undefined });
    // The media type comes first: the predicate below leaves it to us, and there is no body to look at.
    const unreadable = request.method === 'POST' && !isJsonContentType(request.headers.get('content-type'));
    if (unreadable || !(await isLegacyRequest(request, parsedBody)))
      return alone(await subscriptions.as(subjectKey(authInfo), () => modern.fetch(request, passedOn)));
    const sessionId = request.headers.get(SESSION_HEADER);
    if (sessionId !== null) return sessions.resume(sessionId, admitted);
    if (request.method === 'POST' && isInitializeRequest(parsedBody)) return sessions.open(admitted);
    return alone(await stateless(request, passedOn));
  };

  return {
    handle: async (admitted) => {
      const standing = isStanding(admitted);
      if ((standing || isInitializeRequest(admitted.parsedBody)) && isTooLongToKeep(admitted.parsedBody))
        return refuse(400, -32_602, `What opens a session or a stream has at most ${MAX_KEPT_CHARACTERS} characters`);
      const end = exchanges.begin(principalKey(admitted.authInfo), standing);
      if (!end) {
        log.warn('request-refused', { reason: 'too_many_exchanges', hint: admitted.authInfo.clientId });
        return refuse(429, -32_000, 'Too many calls and streams are open; end one or wait');
      }
      try {
        const { response, onEnd } = await answer(admitted);
        const { authInfo, recheck } = admitted;
        return streams.guard(response, {
          // A token without an end is no token of ours; its streams end at once. The gate takes it for the tolerance.
          expiresAtMs: ((authInfo.expiresAt ?? 0) + CLOCK_TOLERANCE_SECONDS) * 1000,
          standing,
          // An outage of the issuer ends no stream.
          isStillGood: async () => recheck === undefined || (await recheck()) !== 'ended',
          onEnd: () => {
            end();
            onEnd();
          },
        });
      } catch (error) {
        end();
        throw error;
      }
    },
    counts: () => ({ sessions: sessions.count(), streams: streams.count() }),
    endStandingStreams: () => streams.endStanding(),
    close: async () => {
      await Promise.all([modern.close(), sessions.close()]);
      streams.endAll();
    },
  };
}

/** A stream that waits for news: a session's GET stream, or a subscription of 2026-07-28. */
function isStanding({ request, parsedBody }: AdmittedRequest): boolean {
  if (request.method === 'GET') return true;
  return (
    typeof parsedBody === 'object' &&
    parsedBody !== null &&
    'method' in parsedBody &&
    parsedBody.method === 'subscriptions/listen'
  );
}

function isTooLongToKeep(body: unknown): boolean {
  return body !== undefined && JSON.stringify(body).length > MAX_KEPT_CHARACTERS;
}

function refuse(status: 400 | 429, code: number, message: string): Response {
  const headers = status === 429 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : undefined;
  return Response.json({ jsonrpc: '2.0', id: null, error: { code, message } }, { status, ...(headers && { headers }) });
}

/**
 * The feed as the SDK's handler wants it. The handler subscribes while it answers a request, without saying whose it is;
 * what runs inside `as` subscribes as that subject, so that nobody hears of another's changes.
 */
function createSubscriptionBus(changes: ChangeFeed) {
  const subscriber = new AsyncLocalStorage<string>();
  const bus: ServerEventBus = {
    publish: (event) => changes.publish(event),
    subscribe: (listener) => {
      const subject = subscriber.getStore();
      if (subject === undefined) throw new Error('A subscription was opened outside of a request');
      return changes.subscribe(subject, listener);
    },
  };
  return { bus, as: <T>(subject: string, run: () => Promise<T>): Promise<T> => subscriber.run(subject, run) };
}
