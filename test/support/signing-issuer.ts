// An issuer that signs whatever a test wants signed: tokens that are right but for one thing. Serves its metadata and
// keys over real HTTP. Imports neither half.

import type { ServerResponse } from 'node:http';
import { CompactSign, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { serve } from './ports.ts';

export type KeyAnswer = (response: ServerResponse) => void;

export interface SigningIssuer {
  readonly issuer: string;
  /** A correct RFC 9068 access token, changed by what is given; a claim or header set to `undefined` is left out. */
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>, key?: CryptoKey): Promise<string>;
  /** A correct token with a critical header that nobody knows. */
  signCritical(): Promise<string>;
  /** Any text as the payload of a correct signature. */
  signText(text: string): Promise<string>;
  /** Paths that were asked for, in order. */
  readonly requests: () => readonly string[];
  /** How often the key set was asked for. */
  readonly keyRequests: () => number;
  /** Answers requests for the key set in another way, or in the usual one again. */
  answerKeysWith(answer: KeyAnswer | undefined): void;
  /** Replaces the signing key; the old one disappears from the key set. */
  rotate(): Promise<void>;
  /** The public key, as published. */
  readonly publicJwk: () => JWK;
  close(): Promise<void>;
}

export async function createSigningIssuer(audience: string): Promise<SigningIssuer> {
  let current = await createKey('key-1');
  const requests: string[] = [];
  /** What to answer instead of the key set; `undefined` is the key set. */
  let keyAnswer: KeyAnswer | undefined;
  let rotations = 1;
  const server = await serve((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    response.setHeader('content-type', 'application/json');
    if (path === '/.well-known/oauth-authorization-server') {
      response.end(JSON.stringify({ issuer: server.origin, jwks_uri: `${server.origin}/keys` }));
    } else if (path === '/keys') {
      if (keyAnswer) keyAnswer(response);
      else response.end(JSON.stringify({ keys: [current.publicJwk] }));
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
      return (
        new SignJWT(payload)
          // A header may be wrong on purpose.
          .setProtectedHeader({
            alg: 'RS256',
            typ: 'at+jwt',
            kid: current.publicJwk.kid ?? '',
            ...header,
          } as JWTHeaderParameters)
          .sign(key)
      );
    },
    signCritical: async () => {
      const payload = { iss: server.origin, aud: audience };
      const header = {
        alg: 'RS256',
        typ: 'at+jwt',
        kid: current.publicJwk.kid ?? '',
        crit: ['urn:unknown'],
        'urn:unknown': true,
      };
      return new SignJWT(payload)
        .setProtectedHeader(header)
        .sign(current.privateKey, { crit: { 'urn:unknown': true } });
    },
    signText: async (text) =>
      new CompactSign(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', cty: 'JWT', kid: current.publicJwk.kid ?? '' })
        .sign(current.privateKey),
    requests: () => requests,
    keyRequests: () => requests.filter((path) => path === '/keys').length,
    answerKeysWith: (answer) => {
      keyAnswer = answer;
    },
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
