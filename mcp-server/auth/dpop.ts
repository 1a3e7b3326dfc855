// Proof of possession: a token that is bound to a key is worth nothing without a fresh proof, signed by that key for this
// very request. Says whether a proof is good; the gate says what follows.

import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWTPayload, jwtVerify } from 'jose';

/** Announced in the metadata and in challenges. */
export const PROOF_ALGORITHMS: readonly string[] = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'];

const LIMITS = {
  /** A proof is made for its request, at once; the rest is for clocks that differ, either way. */
  maxAgeSeconds: 60,
  maxProofLength: 4_096,
  maxIdLength: 256,
  /** Proofs remembered at most. */
  maxProofs: 100_000,
} as const;

export interface ProofRequest {
  /** The `DPoP` header, as it came. */
  readonly proof: string | null;
  readonly method: string;
  /** The URL as the client knows it, without query. */
  readonly url: string;
  readonly token: string;
  /** `cnf.jkt` of the token. */
  readonly keyThumbprint: string;
}

export type ProofVerdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Checks one proof. Keep one per server: it remembers which proofs were used. */
export type ProofCheck = (request: ProofRequest) => Promise<ProofVerdict>;

/**
 * Builds the check.
 *
 * @param now clock in milliseconds; default `Date.now`
 * @see RFC 9449 §4.3, §7, §11.1
 */
export function createProofCheck(now: () => number = Date.now, maxProofs: number = LIMITS.maxProofs): ProofCheck {
  /** Used proofs with the time up to which they would still be fresh, oldest first. */
  const used = new Map<string, number>();
  /** Proofs made up to this second are refused, since memory of them had to go. A flood costs time, never safety. */
  let forgottenUntil = Number.NEGATIVE_INFINITY;

  const isFirstUse = (key: string, iat: number): boolean => {
    const nowSeconds = now() / 1_000;
    for (const [old, untilSeconds] of used) {
      if (untilSeconds >= nowSeconds) break;
      used.delete(old);
    }
    if (used.has(key)) return false;
    used.set(key, Math.max(nowSeconds, iat) + LIMITS.maxAgeSeconds);
    const oldest = used.entries().next().value;
    if (used.size > maxProofs && oldest !== undefined) {
      used.delete(oldest[0]);
      forgottenUntil = Math.max(forgottenUntil, oldest[1] - LIMITS.maxAgeSeconds);
    }
    return true;
  };

  return async ({ proof, method, url, token, keyThumbprint }) => {
    // Several headers arrive as one with commas, which no JWT contains.
    if (proof === null || proof === '') return refuse('there is no DPoP header');
    if (proof.length > LIMITS.maxProofLength) return refuse(`longer than ${LIMITS.maxProofLength} characters`);
    const verified = await verifyProof(proof, now());
    if (!verified.ok) return verified;
    const { claims, thumbprint } = verified;
    const { htm, htu, ath, jti, iat } = claims;
    if (thumbprint !== keyThumbprint) return refuse('signed with another key than the token is bound to');
    if (htm !== method) return refuse(`htm is for another method than ${method}`);
    if (typeof htu !== 'string' || !isSameTarget(htu, url)) return refuse(`htu is for another address than ${url}`);
    if (ath !== createHash('sha256').update(token).digest('base64url')) return refuse('ath is for another token');
    if (typeof jti !== 'string' || jti === '' || jti.length > LIMITS.maxIdLength) return refuse('jti is missing');
    if (iat === undefined || Math.abs(now() / 1_000 - iat) > LIMITS.maxAgeSeconds) return refuse('iat is not now');
    if (iat <= forgottenUntil) return refuse('iat lies before a flood of proofs; make a new one');
    return isFirstUse(`${thumbprint} ${jti}`, iat) ? { ok: true } : refuse('the proof was used before');
  };
}

type VerifiedProof =
  | { readonly ok: true; readonly claims: JWTPayload; readonly thumbprint: string }
  | { readonly ok: false; readonly reason: string };

async function verifyProof(proof: string, nowMs: number): Promise<VerifiedProof> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      algorithms: [...PROOF_ALGORITHMS],
      typ: 'dpop+jwt',
      currentDate: new Date(nowMs),
    });
    const { jwk } = protectedHeader;
    if (!jwk) return refuse('the header has no jwk');
    return { ok: true, claims: payload, thumbprint: await calculateJwkThumbprint(jwk) };
  } catch (error) {
    // Whatever WebCrypto makes of a key that the caller wrote, it is the caller's fault.
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException)
      return refuse(error.message);
    throw error;
  }
}

/** Query and fragment do not count; scheme and host are compared without regard to case. RFC 9449 §4.3 */
function isSameTarget(htu: string, url: string): boolean {
  if (!URL.canParse(htu)) return false;
  const [one, other] = [new URL(htu), new URL(url)];
  return one.origin === other.origin && one.pathname === other.pathname && one.username === '';
}

function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
