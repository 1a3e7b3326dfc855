// Access token → Principal, or the exact reason why not. Knows issuers and their keys, never the embedded authorization
// server.

import { decodeJwt, decodeProtectedHeader, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { TrustedIssuer } from '../config.ts';
import { PROFILES } from '../token-profiles.ts';
import { IssuerUnavailableError } from './issuer-metadata.ts';
import { CLOCK_TOLERANCE_SECONDS, checkClaims, quote, refuse, type Verdict } from './principal.ts';

export interface VerifierOptions {
  /** Accepted issuers, each with its own keys; keys of one never verify a token of another. */
  readonly issuers: readonly { readonly issuer: TrustedIssuer; readonly keys: JWTVerifyGetKey }[];
  /** Asks the issuer about a token that is not a JWT; default: such tokens are refused. */
  readonly introspect?: ((token: string) => Promise<Verdict>) | undefined;
  /** Clock in milliseconds; default `Date.now`. */
  readonly now?: () => number;
}

/** Real access tokens have 1 to 2 KB. */
const MAX_TOKEN_LENGTH = 8_192;

/** Asymmetric algorithms only: with a shared secret whoever can verify can also issue. */
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');

/**
 * Builds the check that every request passes.
 *
 * What an issuer's profile may differ in stands in token-profiles.ts; the standard one is RFC 9068 to the letter.
 *
 * @see RFC 9068 §4, RFC 8725 §3, RFC 7519 §4.1; Auth0, "Access token profiles"
 */
export function createVerifier(options: VerifierOptions): (token: string) => Promise<Verdict> {
  const now = options.now ?? Date.now;
  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) return refuse('too_large', `longer than ${MAX_TOKEN_LENGTH} characters`);
    const claimed = claimedIssuer(token);
    if (claimed === undefined) {
      if (options.introspect) return options.introspect(token);
      return refuse('not_a_jwt', 'the token is not a JWT: was `audience` or `resource` sent with the token request?');
    }
    const trusted = options.issuers.find(({ issuer }) => issuer.issuer === claimed);
    const known = options.issuers.map(({ issuer }) => issuer.issuer).join(' or ');
    if (!trusted) return refuse('issuer', `expected ${known}, got ${quote(claimed)}`);
    return verifyFor(trusted.issuer, trusted.keys, token, now());
  };
}

async function verifyFor(issuer: TrustedIssuer, keys: JWTVerifyGetKey, token: string, nowMs: number): Promise<Verdict> {
  const { types, requiredClaims } = PROFILES[issuer.profile];
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      issuer: issuer.issuer,
      audience: [...issuer.audiences],
      requiredClaims: ['exp', 'iat', 'sub', ...requiredClaims],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(nowMs),
    });
    const type = (protectedHeader.typ ?? '').toLowerCase().replace(/^application\//, '');
    if (!types.includes(type))
      return refuse(
        'type',
        `typ ${quote(protectedHeader.typ)} is not an access token's in the profile ${issuer.profile}`,
      );
    if (['nonce', 'at_hash', 'c_hash'].some((claim) => claim in payload)) return refuse('type', 'this is an ID token');
    return checkClaims(issuer, payload, nowMs);
  } catch (error) {
    return explain(error, issuer);
  }
}

function explain(error: unknown, issuer: TrustedIssuer): Verdict {
  if (error instanceof IssuerUnavailableError) return { ok: false, fault: 'issuer_unavailable', hint: error.message };
  if (error instanceof errors.JWTExpired) return refuse('expired', 'exp has passed');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return refuse('issuer', `expected ${issuer.issuer}`);
    if (error.claim === 'aud')
      return refuse('audience', `expected ${issuer.audiences.join(' or ')}: was it issued for another API?`);
    if (error.claim === 'nbf' && error.reason === 'check_failed')
      return refuse('not_yet_valid', 'nbf lies in the future');
    return refuse('claim', error.message);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return refuse('algorithm', 'not an accepted signature algorithm');
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return refuse('unknown_key', `no key of ${issuer.issuer} fits the token's header`);
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refuse('signature', 'the signature does not verify');
  // What the issuer publishes under that name is no key that can be used, or one that is too weak.
  if (error instanceof DOMException || (error instanceof TypeError && /modulus|key/i.test(error.message)))
    return refuse('unknown_key', `the key of ${issuer.issuer} cannot be used: ${error.message}`);
  if (error instanceof errors.JOSEError || error instanceof TypeError) return refuse('not_a_jwt', error.message);
  throw error;
}

/** The issuer a token claims to come from, unverified; only chooses whose keys must verify it. */
function claimedIssuer(token: string): string | undefined {
  try {
    decodeProtectedHeader(token);
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' ? iss : '';
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}
