// Opaque access tokens: the issuer is asked what they are. Used only when introspection is configured; the verified-token
// cache in front keeps the questions down to one a minute per token.

import type { TrustedIssuer } from '../config.ts';
import type { Log } from '../log.ts';
import { createDocumentFetch, discoverEndpoint, isRecord } from './issuer-metadata.ts';
import { checkClaims, refuse, type Verdict } from './principal.ts';

export interface IntrospectorOptions {
  readonly log: Log;
  /** HTTP client; default the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Clock in milliseconds; default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Builds the question to one issuer. Its answer must name our audience and an expiry: an issuer that vouches for a token
 * in general does not vouch for its use here.
 *
 * @returns `undefined` when this issuer has no introspection configured
 * @see RFC 7662 §2
 */
export function createIntrospector(
  issuer: TrustedIssuer,
  { log, fetch, now = Date.now }: IntrospectorOptions,
): ((token: string) => Promise<Verdict>) | undefined {
  const client = issuer.introspection;
  if (!client) return undefined;
  const fetchDocument = createDocumentFetch(fetch);
  let endpoint: string | undefined;
  return async (token) => {
    try {
      endpoint ??= await discoverEndpoint(issuer, 'introspection_endpoint', fetchDocument);
      const answer = await fetchDocument(endpoint, {
        method: 'POST',
        headers: { authorization: basicAuthorization(client.clientId, client.clientSecret) },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
      });
      if (!isRecord(answer) || answer['active'] !== true)
        return refuse('inactive', 'the issuer says that the token is not active');
      return checkClaims(issuer, answer, now());
    } catch (error) {
      log.warn('introspection-failed', { issuer: issuer.issuer, error });
      return { ok: false, fault: 'issuer_unavailable', hint: `${issuer.issuer} cannot be asked about the token` };
    }
  };
}

/** Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1). */
function basicAuthorization(clientId: string, clientSecret: string): string {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`;
}
