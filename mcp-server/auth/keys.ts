// The issuer's public keys: found through its metadata, fetched within limits, cached, rotated, and kept for a while when
// the issuer is down. Choosing the key that fits a token is jose's job; when to fetch is decided here.

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { elapsedMs } from '../clock.ts';
import type { TrustedIssuer } from '../config.ts';
import type { Log } from '../log.ts';
import { createDocumentFetch, discoverEndpoint, IssuerUnavailableError } from './issuer-metadata.ts';

/** The keys of one issuer. */
export interface KeySource {
  /** jose's key lookup. */
  readonly getKey: JWTVerifyGetKey;
  /** Goes up whenever the published keys have changed. */
  readonly generation: () => number;
  /** Fetches the keys if there are none yet; whether tokens can be verified now. */
  readonly prepare: () => Promise<boolean>;
}

export interface KeySourceOptions {
  readonly log: Log;
  /** HTTP client; default the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Clock in milliseconds; default one that nobody sets. */
  readonly now?: () => number;
  /** Patience with one request to the issuer; default 5 000. */
  readonly timeoutMs?: number;
}

const LIMITS = {
  /** A key set is fetched again after this time; issuers rotate over hours. */
  maxAgeMs: 10 * 60_000,
  /** At most one fetch in this window, whatever tokens say: an unknown `kid` must not become a request amplifier. */
  cooldownMs: 10_000,
  /** With the issuer down, the last good keys serve for this long after they were fetched. */
  staleMs: 60 * 60_000,
} as const;

type LocalKeySet = ReturnType<typeof createLocalJWKSet>;

/**
 * Builds the key lookup for one issuer. Concurrent lookups share one fetch.
 *
 * The lookup throws `IssuerUnavailableError` when there are no usable keys, and jose's `JWKSNoMatchingKey` when there are
 * but none fits.
 *
 * @see RFC 7517 §5, RFC 8414 §3
 */
export function createKeySource(issuer: TrustedIssuer, options: KeySourceOptions): KeySource {
  const { log } = options;
  const fetchDocument = createDocumentFetch(options.fetch, options.timeoutMs);
  const now = options.now ?? elapsedMs;
  let keySet: LocalKeySet | undefined;
  let published = '';
  let generation = 0;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let inFlight: Promise<void> | undefined;

  const load = async () => {
    triedAtMs = now();
    try {
      const jwksUri = issuer.jwksUri ?? (await discoverEndpoint(issuer, 'jwks_uri', fetchDocument));
      const document = await fetchDocument(jwksUri);
      // createLocalJWKSet checks the shape and throws JWKSInvalid for anything else.
      keySet = createLocalJWKSet(document as JSONWebKeySet);
      fetchedAtMs = now();
      if (JSON.stringify(document) !== published) generation += 1;
      published = JSON.stringify(document);
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
      throw new IssuerUnavailableError(`No current keys of ${issuer.issuer}`);
    return keySet;
  };

  const getKey: JWTVerifyGetKey = async (header, token) => {
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
  const prepare = async () => {
    if (!keySet) await refresh();
    return keySet !== undefined && now() - fetchedAtMs <= LIMITS.staleMs;
  };
  return { getKey, generation: () => generation, prepare };
}
