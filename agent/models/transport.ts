// The one way out for requests to a model's provider: to the configured origin only, with limits on time, with attempts
// that wait as long as the server asks, and with an end when the call is cancelled. The packages' own retries are off:
// they differ, some ignore Retry-After, and two layers would multiply.

import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../errors.ts';
import { currentScope, runOutOfScope } from './call-scope.ts';
import type { Provider } from './provider.ts';
import { ProviderError } from './provider-error.ts';
import { type FailedAnswer, waitBeforeRetry } from './retry.ts';
import { untilAborted } from './until-aborted.ts';

/** Most that is read of an answer that is no success, in characters. */
const MAX_ERROR_LENGTH = 20_000;

export interface TransportOptions {
  /** The provider's endpoint; requests to another origin are refused. Empty allows none of its own. */
  readonly baseUrl: string;
  /** Time until a response begins, and between two pieces of it, per attempt. */
  readonly timeoutMs: number;
  /** Further attempts after the first. */
  readonly maxRetries: number;
  /** Changes a request's JSON body on its way; `undefined` leaves it as it is. */
  readonly mendRequest?: Provider['mendRequest'];
  /** Changes an answer that is a success; `undefined` leaves it as it is. */
  readonly mendAnswer?: ((response: Response) => Response) | undefined;
  /** What sends a request in the end; default the global `fetch` at the time of the call. */
  readonly fetch?: typeof fetch | undefined;
  /** Waits, or rejects when the signal aborts; default a timer. */
  readonly wait?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
}

/**
 * Creates the transport of one model. Its errors are `ProviderError`s, which it also leaves in the scope of the call,
 * since packages wrap or drop them.
 */
export function createTransport(options: TransportOptions): typeof fetch {
  const { timeoutMs, maxRetries, mendRequest, mendAnswer, wait = waitInTime } = options;
  const allowed = options.baseUrl === '' ? '' : new URL(options.baseUrl).origin;
  // Taken now: the global one may be exchanged for the one that leads here.
  const send = options.fetch ?? globalThis.fetch;

  return async (input, init) => {
    const request = await readRequest(input, init, mendRequest);
    assertOrigin(request.url, allowed);
    const scope = currentScope();
    const signals = [init?.signal, requestIn(input)?.signal, scope?.signal];
    const signal = anySignal(signals.filter((part) => part instanceof AbortSignal));
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const outcome = await attemptOnce(send, request, timeoutMs, signal);
      if (outcome instanceof Response) {
        if (scope) scope.failure = undefined;
        return mendAnswer?.(outcome) ?? outcome;
      }
      if (scope) scope.failure = { error: outcome.error };
      signal?.throwIfAborted();
      const waitMs = waitBeforeRetry(outcome.answer, attempt, Date.now(), Math.random());
      if (attempt > maxRetries || waitMs === undefined) {
        // The package makes its own error of a refusal; what it needs for that is handed on.
        if (outcome.answer) return new Response(outcome.answer.text || null, outcome.answer);
        throw outcome.error;
      }
      await wait(waitMs, signal);
    }
  };
}

interface PlainRequest {
  readonly url: string;
  readonly init: RequestInit;
}

interface FailedAttempt {
  readonly answer: FailedAnswer | undefined;
  readonly error: ProviderError;
}

/** One request; a success is answered as soon as it begins. */
async function attemptOnce(
  send: typeof fetch,
  { url, init }: PlainRequest,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Response | FailedAttempt> {
  const { origin } = new URL(url);
  const limit = createLimit(timeoutMs, () => new ProviderError('timeout', origin));
  try {
    // A redirect could lead anywhere, and headers with keys would follow it.
    const ends = signal ? AbortSignal.any([limit.signal, signal]) : limit.signal;
    const sending = runOutOfScope(() => send(url, { ...init, redirect: 'manual', signal: ends }));
    const response = await untilAborted(sending, ends);
    if (response.ok) return withLimit(response, limit, origin);
    const text = (await response.text()).slice(0, MAX_ERROR_LENGTH);
    limit.stop();
    const headers = new Headers(response.headers);
    // They were about the bytes on the wire.
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
    const answer = { status: response.status, headers, text };
    return { answer, error: new ProviderError('answer', origin, { answer }) };
  } catch (cause) {
    limit.stop();
    if (signal?.aborted) throw signal.reason;
    const error = cause instanceof ProviderError ? cause : new ProviderError('network', origin, { cause });
    return { answer: undefined, error };
  }
}

/** The response with a limit on the time between two pieces of its body. */
function withLimit(response: Response, limit: TimeLimit, origin: string): Response {
  const { body } = response;
  if (!body) {
    limit.stop();
    return response;
  }
  limit.restart();
  const reader = body.getReader();
  const scope = currentScope();
  const watched = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const { done, value } = await reader.read();
        limit.restart();
        if (!done) return controller.enqueue(value);
        limit.stop();
        controller.close();
      } catch (cause) {
        limit.stop();
        const error = cause instanceof ProviderError ? cause : new ProviderError('broken', origin, { cause });
        if (scope) scope.failure = { error };
        controller.error(error);
      }
    },
    cancel: (reason) => {
      limit.stop();
      return reader.cancel(reason);
    },
  });
  return new Response(watched, response);
}

interface TimeLimit {
  readonly signal: AbortSignal;
  restart(): void;
  stop(): void;
}

function createLimit(ms: number, createReason: () => Error): TimeLimit {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const restart = () => {
    stop();
    timer = setTimeout(() => controller.abort(createReason()), ms).unref();
  };
  restart();
  return { signal: controller.signal, restart, stop };
}

/** Not by its class: an HTTP server in the same process may have put its own in the place of the global one. */
function requestIn(input: Parameters<typeof fetch>[0]): Request | undefined {
  return typeof input === 'string' || input instanceof URL ? undefined : input;
}

async function readRequest(
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
  mend: TransportOptions['mendRequest'],
): Promise<PlainRequest> {
  const given = requestIn(input);
  const url = given?.url ?? String(input);
  const method = init?.method ?? given?.method ?? 'GET';
  const headers = new Headers(init?.headers ?? given?.headers);
  // Read once, so that a second attempt can send it again.
  const body = init?.body ?? (given?.body ? await given.text() : undefined);
  const mended =
    mend && typeof body === 'string' ? JSON.stringify(mend(JSON.parse(body), currentScope()?.messages ?? [])) : body;
  return { url, init: { method, headers, ...(mended === undefined || mended === null ? {} : { body: mended }) } };
}

function assertOrigin(url: string, allowed: string): void {
  const { origin } = new URL(url);
  if (allowed === '' || origin === allowed) return;
  throw new AgentError(
    'invalid_configuration',
    `The model's package wanted to send a request to ${origin}, but ${allowed} is configured. Nothing was sent.`,
  );
}

function anySignal(signals: readonly AbortSignal[]): AbortSignal | undefined {
  return signals.length > 1 ? AbortSignal.any([...signals]) : signals[0];
}

async function waitInTime(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {});
}
