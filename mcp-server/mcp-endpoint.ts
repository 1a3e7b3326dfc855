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
import { type AdmittedRequest, subjectKey } from './admitted-request.ts';
import { CLOCK_TOLERANCE_SECONDS } from './auth/principal.ts';
import type { ChangeFeed } from './change-feed.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Log } from './log.ts';
import { createOpenStreams } from './open-streams.ts';
import { createSessions, type SessionExchange, type SessionsOptions } from './sessions.ts';

export interface McpEndpointOptions {
  readonly factory: McpServerFactory;
  readonly changes: ChangeFeed;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  readonly sessionLimits?: SessionsOptions['limits'];
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

export function createMcpEndpoint(options: McpEndpointOptions): McpEndpoint {
  const { factory, changes, log } = options;
  const clock = options.clock ?? systemClock;
  const onerror = (error: Error) => log.warn('mcp-request-rejected', { error });
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
      const { response, onEnd } = await answer(admitted);
      // A token without an end is no token of ours; its streams end at once. The gate still takes it for the tolerance.
      const expiresAtMs = ((admitted.authInfo.expiresAt ?? 0) + CLOCK_TOLERANCE_SECONDS) * 1000;
      return streams.guard(response, {
        expiresAtMs,
        standing: isStanding(admitted),
        isStillGood: admitted.isStillGood ?? (async () => true),
        onEnd,
      });
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
