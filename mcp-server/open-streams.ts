// Every event stream that this server has open. None outlives the token it was opened with, be it expired or revoked, and
// all of them end when the server stops.

import type { Clock } from './clock.ts';

export interface StreamTerms {
  /** When the stream ends at the latest, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** A stream that waits for news, as opposed to one that carries the answer to a call. */
  readonly standing: boolean;
  /** Asked every two seconds; `false` ends the stream. */
  readonly isStillGood: () => Promise<boolean>;
  /** Called once when the exchange is over, however it ended; at once when the response is no stream. */
  readonly onEnd: () => void;
}

/** A revocation ends a stream within this time and the one that the issuer's list takes. */
const RECHECK_MS = 2_000;

export interface OpenStreams {
  /** The response with a body that keeps `terms`. */
  guard(response: Response, terms: StreamTerms): Response;
  /** Ends the streams that only wait for news, so that a server which stops need not wait for them. */
  endStanding(): void;
  endAll(): void;
  readonly count: () => number;
}

export function createOpenStreams(clock: Clock): OpenStreams {
  const open = new Set<{ readonly standing: boolean; readonly end: () => void }>();
  return {
    guard: (response, terms) => {
      const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
      if (!response.body || !isStream) {
        terms.onEnd();
        return response;
      }
      const { body, end } = limitBody(response.body, clock, terms, () => {
        open.delete(entry);
        terms.onEnd();
      });
      const entry = { standing: terms.standing, end };
      open.add(entry);
      return new Response(body, { status: response.status, headers: response.headers });
    },
    endStanding: () => {
      for (const entry of [...open]) if (entry.standing) entry.end();
    },
    endAll: () => {
      for (const entry of [...open]) entry.end();
    },
    count: () => open.size,
  };
}

/** The same bytes until `end` is called or time is up; the source is then cancelled, and `onEnd` runs once. */
function limitBody(source: ReadableStream<Uint8Array>, clock: Clock, terms: StreamTerms, onEnd: () => void) {
  const { expiresAtMs, isStillGood } = terms;
  const reader = source.getReader();
  let over = false;
  const finish = () => {
    if (over) return;
    over = true;
    stopTimer();
    stopRechecks();
    onEnd();
  };
  const end = () => {
    finish();
    // A read that waits sees the end of the source, and `pull` closes the body. The SDK's sources cannot fail here.
    void reader.cancel();
  };
  const stopTimer = clock.after(expiresAtMs - clock.now(), end);
  let stopRechecks: () => unknown = () => undefined;
  const recheckLater = () => {
    stopRechecks = clock.after(RECHECK_MS, () => {
      isStillGood().then((good) => {
        if (over) return;
        if (good) recheckLater();
        else end();
      }, end);
    });
  };
  recheckLater();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        finish();
        controller.close();
      } catch (error) {
        finish();
        controller.error(error);
      }
    },
    cancel: async (reason) => {
      finish();
      await reader.cancel(reason);
    },
  });
  return { body, end };
}
