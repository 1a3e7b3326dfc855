// Revocation (RFC 7009) and introspection (RFC 7662) of our own access tokens, which are JWTs: oidc-provider refuses both
// for them. It still authenticates the client, over a stand-in for the token; what the token is good for is said here.

import type { IncomingMessage } from 'node:http';
import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Log } from '../log.ts';
import { RESOURCE_SERVER_CLIENT_ID } from './clients.ts';
import type { Revocations } from './revocations.ts';
import type { SigningKey } from './signing-keys.ts';

type Middleware = (context: KoaContextWithOIDC, next: () => Promise<unknown>) => Promise<void>;

export interface StructuredTokensOptions {
  readonly issuer: string;
  readonly keys: readonly SigningKey[];
  readonly revocations: Revocations;
  readonly log: Log;
}

export interface StructuredTokens {
  /** Puts a stand-in for a JWT into the form, and gives the JWT back. */
  readonly takeOut: (parameters: URLSearchParams) => string | undefined;
  /** Notes which JWT this request is about. */
  readonly remember: (request: IncomingMessage, token: string) => void;
  /** Does the rest once oidc-provider has authenticated the client. */
  readonly middleware: Middleware;
}

/** No token that was ever issued: ours are longer. */
const STAND_IN = 'structured-token';

export function createStructuredTokens(options: StructuredTokensOptions): StructuredTokens {
  const { issuer, revocations, log } = options;
  const keySet = createLocalJWKSet({
    keys: options.keys.map(({ kty, kid, alg, use, n, e }) => ({
      kty,
      kid,
      alg,
      use,
      ...(n && { n }),
      ...(e && { e }),
    })),
  });
  const tokens = new WeakMap<IncomingMessage, string>();

  const verify = async (token: string): Promise<JWTPayload | undefined> => {
    try {
      const { payload } = await jwtVerify(token, keySet, { issuer, typ: 'at+jwt', requiredClaims: ['exp', 'jti'] });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  };

  return {
    takeOut(parameters) {
      const [token, ...others] = parameters.getAll('token');
      if (token === undefined || others.length > 0 || token.split('.').length !== 3) return undefined;
      parameters.set('token', STAND_IN);
      return token;
    },
    remember: (request, token) => void tokens.set(request, token),
    async middleware(context, next) {
      await next();
      const token = tokens.get(context.req);
      if (token === undefined || !('oidc' in context) || context.status !== 200) return;
      const { client, route } = context.oidc;
      if (!client) return;
      const claims = await verify(token);
      const clientId = claims?.['client_id'];
      if (!claims || typeof clientId !== 'string' || claims.jti === undefined) return;
      if (route === 'revocation' && clientId === client.clientId) {
        revocations.denyToken(claims.jti, clientId);
        log.info('token-revoked', { client_id: clientId, subject: claims.sub });
      }
      if (route !== 'introspection' || revocations.isDenied(claims)) return;
      if (client.clientId !== clientId && client.clientId !== RESOURCE_SERVER_CLIENT_ID) return;
      const { gid: _, ...shown } = claims;
      context.body = { active: true, ...shown, token_type: 'cnf' in claims ? 'DPoP' : 'Bearer' };
    },
  };
}
