// How this server speaks: by the book, or as Auth0 does where that differs. One object per dialect; everything that
// differs is a member, so that no other file asks which of them is spoken.

import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider';
import { errors } from 'oidc-provider';
import { OVERLAP_SECONDS } from './limits.ts';
import { OPENID_SCOPE, splitScope } from './scope-rules.ts';

export type DialectName = 'rfc9068' | 'auth0';

interface JsonWebToken {
  header?: Record<string, unknown> | undefined;
  payload: Record<string, unknown>;
}

export interface Dialect {
  readonly name: DialectName;
  /** Auth0 goes by `audience` and ignores `resource`; without one the token is opaque and good for nothing here. */
  readonly needsAudience: boolean;
  /** Auth0 gives a machine everything that it was granted, whatever it asked for. */
  readonly machinesGetEverything: boolean;
  /** Auth0 shows a page after a no, and the client waits for ever. */
  readonly denialStaysHere: boolean;
  readonly refreshOverlapSeconds: number;
  /** HTTP status for a device that has to wait, and for one that asks too often. */
  readonly pollingStatus: { readonly authorization_pending: number; readonly slow_down: number };
  readonly unknownResource: (indicator: string) => Error;
  readonly extraClaims: (token: AccessToken | ClientCredentials) => Record<string, unknown>;
  /** Rewrites an access token before it is signed. */
  readonly shape: (context: KoaContextWithOIDC, token: AccessToken | ClientCredentials, jwt: JsonWebToken) => void;
  /** Rewrites the metadata document. */
  readonly describe: (metadata: Record<string, unknown>) => Record<string, unknown>;
}

const BY_THE_BOOK: Dialect = {
  name: 'rfc9068',
  needsAudience: false,
  machinesGetEverything: false,
  denialStaysHere: false,
  refreshOverlapSeconds: OVERLAP_SECONDS,
  pollingStatus: { authorization_pending: 400, slow_down: 400 },
  unknownResource: () => new errors.InvalidTarget(),
  // What a resource server holds against the list of revoked grants.
  extraClaims: (token) => ('grantId' in token && token.grantId !== undefined ? { gid: token.grantId } : {}),
  shape: () => undefined,
  describe: (metadata) => metadata,
};

/** @see Auth0, "Access token profiles", "Authorize device", "Configure refresh token rotation" */
const AUTH0: Dialect = {
  name: 'auth0',
  needsAudience: true,
  machinesGetEverything: true,
  denialStaysHere: true,
  refreshOverlapSeconds: 0,
  pollingStatus: { authorization_pending: 403, slow_down: 429 },
  unknownResource(indicator) {
    const error = new errors.CustomOIDCProviderError('access_denied', `Service not found: ${indicator}`);
    return Object.assign(error, { status: 403, statusCode: 403, expose: true });
  },
  extraClaims: (token) => ({
    azp: token.clientId,
    ...(token.kind === 'ClientCredentials' && { gty: 'client-credentials' }),
  }),
  shape(context, token, jwt) {
    const { client_id: _, jti: __, ...payload } = jwt.payload;
    const scopes = splitScope(typeof payload['scope'] === 'string' ? payload['scope'] : undefined);
    jwt.header = { ...jwt.header, typ: 'JWT' };
    jwt.payload = { ...payload, permissions: scopes };
    if (token.kind === 'ClientCredentials') jwt.payload['sub'] = `${token.clientId}@clients`;
    const { AuthorizationCode, RefreshToken, DeviceCode } = context.oidc.entities;
    const source = AuthorizationCode ?? RefreshToken ?? DeviceCode;
    if (!source || !splitScope(source.scope).includes(OPENID_SCOPE)) return;
    jwt.payload['aud'] = [payload['aud'], `${context.oidc.issuer}userinfo`];
    jwt.payload['scope'] = [OPENID_SCOPE, ...scopes].join(' ');
  },
  describe(metadata) {
    const {
      grant_types_supported: _,
      authorization_response_iss_parameter_supported: __,
      dpop_signing_alg_values_supported: ___,
      ...rest
    } = metadata;
    return {
      ...rest,
      code_challenge_methods_supported: ['S256', 'plain'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    };
  },
};

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { rfc9068: BY_THE_BOOK, auth0: AUTH0 };
