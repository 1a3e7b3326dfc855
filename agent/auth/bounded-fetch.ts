// The HTTP client for metadata and token requests: servers that the agent knows little about get little time, little
// memory and no say in where the request goes.

import { AgentError } from '../errors.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

const LIMITS = {
  timeoutMs: 10_000,
  /** Metadata has a few KB, a token response rarely more than ten. */
  maxBodyBytes: 256 * 1024,
} as const;

/**
 * Wraps `fetch` so that a response is complete within 10 s and 256 KB, and a redirect is an answer like any other.
 *
 * @param options `timeoutMs`: default 10 000
 *
 * The returned function throws `AgentError` `unreachable` (no connection, or too slow) or `protocol_error` (too large).
 */
export function createBoundedFetch(
  fetch: Fetch = globalThis.fetch,
  { timeoutMs = LIMITS.timeoutMs }: { readonly timeoutMs?: number } = {},
): Fetch {
  return async (url, init = {}) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal });
      const body = await readBody(response, url);
      // A Response with one of these statuses may not have a body, not even an empty one.
      const bodyless = [101, 204, 205, 304].includes(response.status);
      return new Response(bodyless ? null : body, { status: response.status, headers: response.headers });
    } catch (error) {
      if (error instanceof AgentError || init.signal?.aborted) throw error;
      const { origin } = new URL(url);
      const reason = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : networkReason(error);
      throw new AgentError('unreachable', `Cannot reach ${origin}: ${reason}.`, { cause: error });
    }
  };
}

/** What went wrong on the way, in a few words: the system's code where there is one. */
export function networkReason(error: unknown): string {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (current instanceof AggregateError && current.errors.length > 0) return networkReason(current.errors[0]);
    if ('code' in current && typeof current.code === 'string') return current.code;
    if (current.cause === undefined) return current.message;
  }
  return String(error);
}

async function readBody(response: Response, url: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > LIMITS.maxBodyBytes)
      throw new AgentError('protocol_error', `${new URL(url).origin} sent more than ${LIMITS.maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}
