// An issuer that signs whatever a test wants signed: tokens that are right but for one thing. Serves its metadata and
// keys over real HTTP. Imports neither half.

import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { serve } from './ports.ts';

export interface SigningIssuer {
  readonly issuer: string;
  /** A correct RFC 9068 access token, changed by what is given; a claim or header set to `undefined` is left out. */
  sign(claims?: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: CryptoKey): Promise<string>;
  /** How often the key set was asked for. */
  readonly keyRequests: () => number;
  /** Replaces the signing key; the old one disappears from the key set. */
  rotate(): Promise<void>;
  /** The public key, as published. */
  readonly publicJwk: () => JWK;
  close(): Promise<void>;
}

export async function createSigningIssuer(audience: string): Promise<SigningIssuer> {
  let current = await createKey('key-1');
  let keyRequests = 0;
  let rotations = 1;
  const server = await serve((request, response) => {
    const path = request.url ?? '';
    response.setHeader('content-type', 'application/json');
    if (path === '/.well-known/oauth-authorization-server') {
      response.end(JSON.stringify({ issuer: server.origin, jwks_uri: `${server.origin}/keys` }));
    } else if (path === '/keys') {
      keyRequests += 1;
      response.end(JSON.stringify({ keys: [current.publicJwk] }));
    } else response.writeHead(404).end('{}');
  });
  return {
    issuer: server.origin,
    sign: async (claims = {}, header = {}, key = current.privateKey) => {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const payload = {
        iss: server.origin,
        sub: 'user-1',
        aud: audience,
        client_id: 'client-1',
        jti: crypto.randomUUID(),
        iat: nowSeconds,
        exp: nowSeconds + 300,
        scope: 'read:add',
        ...claims,
      };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: current.publicJwk.kid ?? '', ...header })
        .sign(key);
    },
    keyRequests: () => keyRequests,
    rotate: async () => {
      rotations += 1;
      current = await createKey(`key-${rotations}`);
    },
    publicJwk: () => current.publicJwk,
    close: server.close,
  };
}

async function createKey(kid: string): Promise<{ privateKey: CryptoKey; publicJwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
}
