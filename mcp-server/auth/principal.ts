// Who calls: the result of a successful check, and of nothing else. verify.ts and introspect.ts make principals through
// `checkClaims`; everybody else can only receive one.

import type { TrustedIssuer } from '../config.ts';
import { PROFILES } from '../token-profiles.ts';

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
  /** The token's own id (`jti`), where it has one. */
  readonly tokenId: string | undefined;
  /** The consent that it was given under, where the issuer says so (`gid`); one revocation ends all tokens of it. */
  readonly grantId: string | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number | undefined;
  /** The key that it is bound to (`cnf.jkt`); without a proof of that key it is worth nothing. RFC 9449 §6.1 */
  readonly keyThumbprint: string | undefined;
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
  | 'claim'
  | 'revoked'
  | 'inactive';

export type Verdict =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly fault: TokenFault; readonly hint: string }
  /** Nothing is known about the token: the issuer cannot be asked. */
  | { readonly ok: false; readonly fault: 'issuer_unavailable'; readonly hint: string };

/** Claims of a token whose origin has been established, by a signature or by asking the issuer. */
export type Claims = Readonly<Record<string, unknown>>;

const LIMITS = {
  /** An access token that claims to live longer was not made for this use. */
  maxLifetimeSeconds: 7 * 24 * 3600,
} as const;

/** Room for clocks that differ, in seconds. */
export const CLOCK_TOLERANCE_SECONDS = 5;

/**
 * Checks what the claims say and makes the principal. `exp` and `aud` are required whoever vouches for the claims.
 *
 * @see RFC 9068 §4, RFC 7519 §4.1, RFC 7662 §2.2
 */
export function checkClaims(issuer: TrustedIssuer, claims: Claims, nowMs: number): Verdict {
  const nowSeconds = nowMs / 1000;
  const { iss, sub, aud, exp, nbf, iat, jti } = claims;
  if (iss !== undefined && iss !== issuer.issuer)
    return refuse('issuer', `expected ${issuer.issuer}, got ${quote(iss)}`);

  // A token that is also good elsewhere could be replayed here by whoever runs that other place.
  const audiences = [aud ?? []].flat();
  const foreign = audiences.find((audience) => typeof audience !== 'string' || !isOwnAudience(issuer, audience));
  if (foreign !== undefined)
    return refuse('audience', `expected ${issuer.audiences.join(' or ')}, got ${quote(foreign)}`);
  if (!audiences.some((audience) => issuer.audiences.includes(String(audience))))
    return refuse('audience', `expected ${issuer.audiences.join(' or ')}: was an audience or resource requested?`);

  if (typeof exp !== 'number' || !Number.isSafeInteger(Math.floor(exp))) return refuse('claim', 'exp is not a time');
  if (exp <= nowSeconds - CLOCK_TOLERANCE_SECONDS) return refuse('expired', 'exp has passed');
  for (const [name, time] of Object.entries({ nbf, iat })) {
    if (time === undefined) continue;
    if (typeof time !== 'number') return refuse('claim', `${name} is not a time`);
    if (time > nowSeconds + CLOCK_TOLERANCE_SECONDS) return refuse('not_yet_valid', `${name} lies in the future`);
  }
  if (exp - (typeof iat === 'number' ? iat : nowSeconds) > LIMITS.maxLifetimeSeconds)
    return refuse('claim', `the token lives longer than ${LIMITS.maxLifetimeSeconds} seconds`);

  const { clientClaims } = PROFILES[issuer.profile];
  const clientId = clientClaims.map((name) => claims[name]).find((value) => value !== undefined);
  if (typeof clientId !== 'string' || clientId === '')
    return refuse('claim', `${clientClaims.join(' or ')} is not a string`);
  if (typeof sub !== 'string' || sub === '') return refuse('claim', 'sub is not a string');
  const scopes = grantedScopes(issuer, claims);
  if (!scopes) return refuse('claim', 'scope is not a string');

  const { cnf, gid } = claims;
  const keyThumbprint = isRecord(cnf) && typeof cnf['jkt'] === 'string' ? cnf['jkt'] : undefined;
  if (cnf !== undefined && keyThumbprint === undefined) return refuse('claim', 'bound in a way that is not known here');
  const principal = {
    issuer: issuer.issuer,
    subject: sub,
    clientId,
    scopes,
    expiresAt: exp,
    tokenId: typeof jti === 'string' ? jti : undefined,
    grantId: typeof gid === 'string' ? gid : undefined,
    issuedAt: typeof iat === 'number' ? iat : undefined,
    keyThumbprint,
  };
  // The brand has no value at run time; this is the one place that may add it.
  return { ok: true, principal: Object.freeze(principal) as unknown as Principal };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

export function refuse(fault: TokenFault, hint: string): Verdict {
  return { ok: false, fault, hint };
}

/** A value from a token in a hint: quoted and cut short. */
export function quote(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 120));
}

/** Ours, one that may stand beside it, or the issuer's userinfo endpoint, which comes with the scope `openid`. */
function isOwnAudience({ issuer, audiences, toleratedAudiences }: TrustedIssuer, audience: string): boolean {
  return [...audiences, ...toleratedAudiences, `${issuer.replace(/\/$/, '')}/userinfo`].includes(audience);
}

function grantedScopes(issuer: TrustedIssuer, claims: Claims): string[] | undefined {
  const { scopeStrings, scopeArrays } = PROFILES[issuer.profile];
  const texts = scopeStrings.map((name) => claims[name] ?? '');
  const lists = scopeArrays.map((name) => claims[name] ?? []);
  if (!texts.every((text) => typeof text === 'string') || !lists.every(Array.isArray)) return undefined;
  const names: unknown[] = [...texts.flatMap((text) => text.split(' ')), ...lists.flat()];
  return [...new Set(names.filter((name) => typeof name === 'string' && name !== '') as string[])];
}
