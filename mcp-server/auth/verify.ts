// Access token → Principal, or the exact reason why not. The only place where a Principal is made: whoever holds one
// holds a checked token. Knows issuers, never the embedded authorization server.

import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { TrustedIssuer } from '../config.ts';
import { KeysUnavailableError } from './keys.ts';

declare const checked: unique symbol;

/** Who calls, as a verified access token says. */
export interface Principal {
  readonly [checked]: true;
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** Why a token was refused; for the log, never for the wire. */
export type TokenFault =
  | 'not_a_jwt'
  | 'too_large'
  | 'algorithm'
  | 'unknown_key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'type'
  | 'claim';

export type Verdict =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly fault: TokenFault; readonly hint: string }
  | { readonly ok: false; readonly fault: 'keys_unavailable'; readonly hint: string };

export interface VerifierOptions {
  /** Accepted issuers, each with its own keys; keys of one never verify a token of another. */
  readonly issuers: readonly { readonly issuer: TrustedIssuer; readonly keys: JWTVerifyGetKey }[];
  /** Clock in milliseconds; default `Date.now`. */
  readonly now?: () => number;
}

const LIMITS = {
  /** Room for clocks that differ. */
  clockToleranceSeconds: 5,
  /** Real access tokens have 1 to 2 KB. */
  maxTokenLength: 8_192,
  /** An access token that claims to live longer was not made for this use. */
  maxLifetimeSeconds: 7 * 24 * 3600,
} as const;

/** Asymmetric algorithms only: with a shared secret whoever can verify can also issue. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/**
 * Builds the check that every request passes.
 *
 * Profile `rfc9068` wants `typ: at+jwt`, `client_id` and `jti`; profile `auth0` also takes `typ: JWT`, `azp` for the
 * client and the union of `scope` and `permissions`.
 *
 * @see RFC 9068 §4, RFC 8725 §3, RFC 7519 §4.1; Auth0, "Access token profiles"
 */
export function createVerifier(options: VerifierOptions): (token: string) => Promise<Verdict> {
  const now = options.now ?? Date.now;
  return async (token) => {
    if (token.length > LIMITS.maxTokenLength)
      return refuse('too_large', `longer than ${LIMITS.maxTokenLength} characters`);
    const claimed = claimedIssuer(token);
    if (claimed === undefined)
      return refuse('not_a_jwt', 'the token is not a JWT; an opaque token often means that no audience was requested');
    const trusted = options.issuers.find(({ issuer }) => issuer.issuer === claimed);
    if (!trusted) return refuse('issuer', `expected ${known(options)}, got ${JSON.stringify(claimed.slice(0, 120))}`);
    return verifyFor(trusted.issuer, trusted.keys, token, now());
  };
}

async function verifyFor(issuer: TrustedIssuer, keys: JWTVerifyGetKey, token: string, nowMs: number): Promise<Verdict> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      issuer: issuer.issuer,
      audience: [...issuer.audiences],
      requiredClaims: ['exp', 'iat', 'sub', ...(issuer.profile === 'rfc9068' ? ['client_id', 'jti'] : [])],
      clockTolerance: LIMITS.clockToleranceSeconds,
      currentDate: new Date(nowMs),
    });
    return checkProfile(issuer, protectedHeader.typ, payload, nowMs);
  } catch (error) {
    return explain(error, issuer);
  }
}

/** The checks that jose leaves to its caller. */
function checkProfile(issuer: TrustedIssuer, typ: string | undefined, claims: JWTPayload, nowMs: number): Verdict {
  const type = typ?.toLowerCase().replace(/^application\//, '');
  if (type !== 'at+jwt' && !(issuer.profile === 'auth0' && type === 'jwt'))
    return refuse('type', `typ ${JSON.stringify(typ)} is not an access token's in the profile ${issuer.profile}`);
  if (['nonce', 'at_hash', 'c_hash'].some((claim) => claim in claims)) return refuse('type', 'this is an ID token');

  // jose asks whether our audience is among the token's; a token that is also good elsewhere could be replayed here.
  const foreign = [claims.aud ?? []].flat().find((audience) => !isOwnAudience(issuer, audience));
  if (foreign !== undefined)
    return refuse('audience', `the token is also meant for ${JSON.stringify(foreign.slice(0, 120))}`);

  const nowSeconds = nowMs / 1000;
  const { exp, iat, sub } = claims;
  if (exp === undefined || iat === undefined || sub === undefined || sub === '')
    return refuse('claim', 'exp, iat or sub');
  if (iat > nowSeconds + LIMITS.clockToleranceSeconds) return refuse('not_yet_valid', 'iat lies in the future');
  if (!Number.isSafeInteger(Math.floor(exp)) || exp - iat > LIMITS.maxLifetimeSeconds)
    return refuse('claim', `exp is more than ${LIMITS.maxLifetimeSeconds} seconds after iat`);

  const clientId = claims['client_id'] ?? (issuer.profile === 'auth0' ? claims['azp'] : undefined);
  if (typeof clientId !== 'string' || clientId === '') return refuse('claim', 'client_id is not a string');
  const scopes = grantedScopes(issuer, claims);
  if (!scopes) return refuse('claim', 'scope is not a string');

  const principal = { issuer: issuer.issuer, subject: sub, clientId, scopes, expiresAt: exp };
  // The brand has no value at run time; this is the one place that may add it.
  return { ok: true, principal: Object.freeze(principal) as unknown as Principal };
}

/** Our resource, or the issuer's userinfo endpoint, which issuers add when `openid` is asked for as well. */
function isOwnAudience(issuer: TrustedIssuer, audience: string): boolean {
  return issuer.audiences.includes(audience) || audience === `${issuer.issuer.replace(/\/$/, '')}/userinfo`;
}

function grantedScopes(issuer: TrustedIssuer, claims: JWTPayload): string[] | undefined {
  const scope = claims['scope'] ?? '';
  if (typeof scope !== 'string') return undefined;
  const permissions = issuer.profile === 'auth0' && Array.isArray(claims['permissions']) ? claims['permissions'] : [];
  return [...new Set([...scope.split(' '), ...permissions])].filter((name) => typeof name === 'string' && name !== '');
}

function explain(error: unknown, issuer: TrustedIssuer): Verdict {
  if (error instanceof KeysUnavailableError) return { ok: false, fault: 'keys_unavailable', hint: error.message };
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

function known(options: VerifierOptions): string {
  return options.issuers.map(({ issuer }) => issuer.issuer).join(' or ');
}

function refuse(fault: TokenFault, hint: string): Verdict {
  return { ok: false, fault, hint };
}
