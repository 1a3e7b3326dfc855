// Tokens that are of no use to a thief: bound to a key of ours, shown with a fresh signature each time (DPoP). The key lies
// beside the tokens, in the same private record.

import { createPrivateKey, type JsonWebKey } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import * as oauth from 'openid-client';
import { AgentError } from '../errors.ts';
import type { AuthorizedRequest } from './token-source.ts';

/** What every issuer that knows DPoP takes, and the fastest to sign with. */
const ALGORITHM = 'ES256';

export interface ProofKey {
  /** The private key, to be kept beside the tokens that are bound to it. */
  readonly stored: Readonly<Record<string, unknown>>;
  /** For requests to the token endpoint; the library keeps the issuer's nonce and repeats a request that lacked it. */
  handleFor(configuration: oauth.Configuration): oauth.DPoPHandle;
  /** The headers for one request to the resource. */
  headersFor(request: AuthorizedRequest, token: string, nonce: string | undefined): Promise<Record<string, string>>;
}

export async function createProofKey(): Promise<ProofKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return await loadProofKey({ ...(await exportJWK(privateKey)) });
}

/** Whether it is a private key as `createProofKey` makes them: what was stored may be damaged since. */
export function isProofKey(stored: Readonly<Record<string, unknown>>): boolean {
  try {
    // Node checks the members, and that they fit together.
    const { asymmetricKeyDetails } = createPrivateKey({ key: stored as JsonWebKey, format: 'jwk' });
    return asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

/** @throws {AgentError} `internal` when what was stored is no key */
export async function loadProofKey(stored: Readonly<Record<string, unknown>>): Promise<ProofKey> {
  // As `exportJWK` made it; jose checks the members that it uses.
  const jwk = stored as JWK;
  const { kty = '', crv = '', x = '', y = '' } = jwk;
  const publicJwk = { kty, crv, x, y };
  const [privateKey, publicKey] = await Promise.all([
    importJWK(jwk, ALGORITHM),
    importJWK(publicJwk, ALGORITHM, { extractable: true }),
  ]);
  if (!(privateKey instanceof CryptoKey) || !(publicKey instanceof CryptoKey))
    throw new AgentError('internal', 'The stored proof key is not an asymmetric key.');
  return {
    stored,
    handleFor: (configuration) => oauth.getDPoPHandle(configuration, { privateKey, publicKey }),
    headersFor: async ({ url, method }, token, nonce) => {
      const { origin, pathname } = new URL(url);
      const proof = await new SignJWT({
        htm: method,
        // RFC 9449 §4.2: without query and fragment.
        htu: `${origin}${pathname}`,
        ath: await tokenHash(token),
        ...(nonce === undefined ? {} : { nonce }),
      })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: ALGORITHM, jwk: publicJwk })
        .setJti(crypto.randomUUID())
        .setIssuedAt()
        .sign(privateKey);
      return { authorization: `DPoP ${token}`, dpop: proof };
    },
  };
}

/** The thumbprint by which an issuer binds an authorization code to the key (RFC 9449 §10). */
export async function thumbprintOf({ stored }: ProofKey): Promise<string> {
  return await calculateJwkThumbprint(stored as JWK);
}

async function tokenHash(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  return Buffer.from(digest).toString('base64url');
}
