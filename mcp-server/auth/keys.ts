// The issuer's public keys: found through its metadata, fetched within limits, cached, rotated, and kept for a while when
// the issuer is down. Choosing the key that fits a token is jose's job; when to fetch is decided here.

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { TrustedIssuer } from '../config.ts';
import type { Log } from '../log.ts';

/** The keys cannot be had at the moment: an outage of the issuer, not a fault of the token. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

export interface KeySourceOptions {
  readonly log: Log;
  /** HTTP client; default the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Clock in milliseconds; default `Date.now`. */
  readonly now?: () => number;
}

const LIMITS = {
  /** A key set is fetched again after this time; issuers rotate over hours. */
  maxAgeMs: 10 * 60_000,
  /** At most one fetch in this window, whatever tokens say: an unknown `kid` must not become a request amplifier. */
  cooldownMs: 10_000,
  /** With the issuer down, the last good keys serve for this long after they were fetched. */
  staleMs: 60 * 60_000,
  fetchTimeoutMs: 5_000,
  /** A key set of a hundred keys has about 50 KB. */
  maxDocumentBytes: 256 * 1024,
} as const;

type LocalKeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * Builds jose's key lookup for one issuer. Concurrent lookups share one fetch.
 *
 * The lookup throws `KeysUnavailableError` when there are no usable keys, and jose's `JWKSNoMatchingKey` when there are
 * but none fits.
 *
 * @see RFC 7517 §5, RFC 8414 §3
 */
export function createKeySource(issuer: TrustedIssuer, options: KeySourceOptions): JWTVerifyGetKey {
  const { log } = options;
  const fetchDocument = createDocumentFetch(options.fetch ?? globalThis.fetch);
  const now = options.now ?? Date.now;
  let keySet: LocalKeySet | undefined;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let inFlight: Promise<void> | undefined;

  const load = async () => {
    triedAtMs = now();
    try {
      const jwksUri = issuer.jwksUri ?? (await discoverJwksUri(issuer.issuer, fetchDocument));
      // createLocalJWKSet checks the shape and throws JWKSInvalid for anything else.
      keySet = createLocalJWKSet((await fetchDocument(jwksUri)) as JSONWebKeySet);
      fetchedAtMs = now();
      log.debug('keys-fetched', { issuer: issuer.issuer, jwks_uri: jwksUri });
    } catch (error) {
      log.warn('keys-unavailable', { issuer: issuer.issuer, error, last_good_age_ms: now() - fetchedAtMs });
    }
  };
  const refresh = async () => {
    if (!inFlight && now() - triedAtMs < LIMITS.cooldownMs) return;
    inFlight ??= load().finally(() => {
      inFlight = undefined;
    });
    await inFlight;
  };
  const current = () => {
    if (!keySet || now() - fetchedAtMs > LIMITS.staleMs)
      throw new KeysUnavailableError(`No current keys of ${issuer.issuer}`);
    return keySet;
  };

  return async (header, token) => {
    if (!keySet || now() - fetchedAtMs > LIMITS.maxAgeMs) await refresh();
    const known = current();
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // The issuer may have rotated: look again, within the cool-down.
      await refresh();
      if (current() === known) throw error;
      return current()(header, token);
    }
  };
}

/** Asks the issuer's metadata for `jwks_uri`; a document that names another issuer is not used (RFC 8414 §3.3). */
async function discoverJwksUri(issuer: string, fetchDocument: (url: string) => Promise<unknown>): Promise<string> {
  const failures: string[] = [];
  for (const url of metadataUrls(issuer)) {
    try {
      const metadata = await fetchDocument(url);
      if (!isRecord(metadata) || metadata['issuer'] !== issuer) {
        failures.push(`${url} does not name the issuer ${issuer}`);
        continue;
      }
      const jwksUri = metadata['jwks_uri'];
      if (typeof jwksUri === 'string' && URL.canParse(jwksUri)) return jwksUri;
      failures.push(`${url} has no jwks_uri`);
    } catch (error) {
      failures.push(`${url}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new KeysUnavailableError(`No usable metadata of ${issuer}: ${failures.join('; ')}`);
}

/** Where an issuer's metadata may be, in the order of MCP 2026-07-28, "Authorization Server Metadata Discovery". */
function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(urls)];
}

/** A GET of a small JSON document: time-capped, size-capped, no redirects. */
function createDocumentFetch(fetch: typeof globalThis.fetch): (url: string) => Promise<unknown> {
  return async (url) => {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(LIMITS.fetchTimeoutMs),
    });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new Error(`HTTP ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body) {
      size += chunk.byteLength;
      if (size > LIMITS.maxDocumentBytes) throw new Error(`more than ${LIMITS.maxDocumentBytes} bytes`);
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
