// Waits once when an issuer turns a request away for a moment: 429 says that nothing was done, and for how long. In front of
// every request to an issuer; whoever is told to wait longer gets the 429, and says so.

import { setTimeout } from 'node:timers/promises';
import type { Fetch } from './bounded-fetch.ts';

export type Wait = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/** Longest wait: a person, or a call, is waiting behind it. */
const MAX_WAIT_MS = 5000;

/**
 * Wraps `fetch` so that a 429 with a `Retry-After` of at most five seconds is waited for, and the request sent once more.
 *
 * @param wait in milliseconds; default a timer
 * @see RFC 6585 §4, RFC 9110 §10.2.3
 */
export function createPatientFetch(fetch: Fetch, wait: Wait = waitByTimer): Fetch {
  return async (url, init = {}) => {
    const response = await fetch(url, init);
    const waitMs = response.status === 429 && !isOnceOnly(init) ? retryAfterMs(response) : undefined;
    if (waitMs === undefined || waitMs > MAX_WAIT_MS) return response;
    await response.body?.cancel();
    await wait(waitMs, init.signal ?? undefined);
    return await fetch(url, init);
  };
}

/** A proof or an assertion counts once (RFC 9449 §11.1, RFC 7523 §3): shown again, it would look stolen, and cost the login. */
function isOnceOnly({ headers, body }: RequestInit): boolean {
  return (
    new Headers(headers).has('dpop') ||
    (body instanceof URLSearchParams && (body.has('client_assertion') || body.has('assertion')))
  );
}

function retryAfterMs({ headers }: Response): number | undefined {
  const seconds = /^\d{1,6}$/.exec(headers.get('retry-after') ?? '')?.[0];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

async function waitByTimer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await setTimeout(ms, undefined, signal ? { signal } : {});
}
