// Opaque access tokens: the issuer is asked what they are. Used only when introspection is configured; the verified-token
// cache in front keeps the questions down to one a minute per token.

import type { TrustedIssuer } from '../config.ts';
import type { Log } from '../log.ts';
import { createRateLimit } from '../rate-limit.ts';
import { createDocumentFetch, discoverEndpoint, isRecord } from './issuer-metadata.ts';
import { checkClaims, quote, refuse, type Verdict } from './principal.ts';

export interface IntrospectorOptions {
  readonly log: Log;
  /** HTTP client; default the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Clock in milliseconds; default the system's. */
  readonly now?: () => number;
}

const LIMITS = {
  /** Opaque tokens may be anything; whoever makes them up must not make us flood the issuer. As many may come at once. */
  questionsPerMinute: 600,
  /** Questions that wait for their answer; an issuer that is slow is not asked more. */
  maxOpenQuestions: 50,
} as const;

/** RFC 6749 §7.1, RFC 9449 §5: how an access token is presented, which a refresh token never is. */
const ACCESS_TOKEN_TYPES = ['bearer', 'dpop'];

/**
 * Builds the question to one issuer. Its answer must name our audience and an expiry: an issuer that vouches for a token
 * in general does not vouch for its use here.
 *
 * @returns `undefined` when this issuer has no introspection configured
 * @see RFC 7662 §2
 */
export function createIntrospector(
  issuer: TrustedIssuer,
  { log, fetch, now }: IntrospectorOptions,
): ((token: string) => Promise<Verdict>) | undefined {
  const client = issuer.introspection;
  if (!client) return undefined;
  const fetchDocument = createDocumentFetch(fetch);
  let endpoint: string | undefined;
  const waitSecondsOf = createRateLimit({ perMinute: LIMITS.questionsPerMinute, now });
  let openQuestions = 0;
  return async (token) => {
    if (openQuestions >= LIMITS.maxOpenQuestions || waitSecondsOf('') > 0) {
      log.warn('introspection-throttled', { issuer: issuer.issuer });
      return { ok: false, fault: 'issuer_unavailable', hint: `too many opaque tokens to ask ${issuer.issuer} about` };
    }
    openQuestions += 1;
    try {
      endpoint ??= await discoverEndpoint(issuer, 'introspection_endpoint', fetchDocument);
      const answer = await fetchDocument(endpoint, {
        method: 'POST',
        headers: { authorization: basicAuthorization(client.clientId, client.clientSecret) },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
      });
      if (!isRecord(answer) || answer['active'] !== true)
        return refuse('inactive', 'the issuer says that the token is not active');
      const fault = typeFault(answer);
      return fault === undefined ? checkClaims(issuer, answer, (now ?? Date.now)()) : refuse('type', fault);
    } catch (error) {
      log.warn('introspection-failed', { issuer: issuer.issuer, error });
      return { ok: false, fault: 'issuer_unavailable', hint: `${issuer.issuer} cannot be asked about the token` };
    } finally {
      openQuestions -= 1;
    }
  };
}

/**
 * Why the answer is not about an access token. Issuers answer for refresh tokens as well, and say so in different ways:
 * by leaving out `token_type` or naming it there, by `token_use`, or by `typ`.
 */
function typeFault({ token_type: type, token_use: use, typ }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof type !== 'string' || !ACCESS_TOKEN_TYPES.includes(type.toLowerCase()))
    return `the issuer calls it ${quote(type)}: expected token_type Bearer or DPoP, as access tokens have`;
  if (use !== undefined && use !== 'access_token' && use !== 'access') return `its token_use is ${quote(use)}`;
  if (typ !== undefined && !/^(bearer|dpop|jwt|(application\/)?at\+jwt)$/i.test(String(typ)))
    return `its typ is ${quote(typ)}`;
  return undefined;
}

/** Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1). */
function basicAuthorization(clientId: string, clientSecret: string): string {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`;
}
