// Whether a failed request is tried again, and when. Pure: an attempt's outcome in, a wait out.

/** Longest wait that a server may ask for; beyond it, somebody is told instead. */
export const MAX_RETRY_AFTER_MS = 60_000;
/** First wait without a word from the server; doubles with every attempt. */
const FIRST_WAIT_MS = 500;
/** Longest wait without a word from the server. */
const MAX_WAIT_MS = 8_000;

/** A passing state of the server: too many requests, overload, a gateway in between. */
const PASSING = [408, 409, 425, 429, 500, 502, 503, 504, 529];

/** Nothing that waiting helps against: the account has to be topped up. */
const USED_UP =
  /insufficient[_ -]?quota|credit balance|out of credits|billing[_ -]?(?:hard[_ -]?limit|not[_ -]?active)/i;

/** An answer that is no success. */
export interface FailedAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The beginning of its body. */
  readonly text: string;
}

/**
 * How long to wait before the next attempt, in milliseconds, or `undefined` if there should be none.
 *
 * @param answer `undefined` when no answer came
 * @param attempt number of the attempt that failed, from 1
 * @param now milliseconds since the epoch
 * @param random from 0 to 1; spreads the waits of many clients
 * @see RFC 9110 §10.2.3
 */
export function waitBeforeRetry(
  answer: FailedAnswer | undefined,
  attempt: number,
  now: number,
  random: number,
): number | undefined {
  const backoff = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) * (0.5 + random / 2);
  if (!answer) return backoff;
  if (answer.headers.get('x-should-retry') === 'false') return undefined;
  if (!PASSING.includes(answer.status) || (answer.status === 429 && USED_UP.test(answer.text))) return undefined;
  const asked = readRetryAfterMs(answer, now);
  if (asked === undefined) return backoff;
  return asked <= MAX_RETRY_AFTER_MS ? asked : undefined;
}

/** What the server asks for: in a header, or as Google does it, in the body. Milliseconds. */
export function readRetryAfterMs({ headers, text }: FailedAnswer, now: number): number | undefined {
  const precise = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (Number.isFinite(precise) && precise >= 0) return precise;
  const header = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  if (!Number.isNaN(date)) return Math.max(0, date - now);
  const inBody = /"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"/.exec(text)?.[1];
  return inBody === undefined ? undefined : Number(inBody) * 1000;
}
