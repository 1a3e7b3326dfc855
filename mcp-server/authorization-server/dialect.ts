// How this server speaks: by the book, or as Auth0 does where that differs. One object per dialect; everything that
// differs is a member, so that no other file asks which of them is spoken.

import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { RegisteredClientPrefix } from './anonymous-clients.ts';
import { OVERLAP_SECONDS } from './limits.ts';
import { OFFLINE_SCOPE, OPENID_SCOPE, splitScope } from './scope-rules.ts';

export type DialectName = 'rfc9068' | 'auth0';

interface JsonWebToken {
  header?: Record<string, unknown> | undefined;
  payload: Record<string, unknown>;
}

export interface TokenRefusal {
  readonly status: number;
  readonly body?: { readonly error: string; readonly error_description: string };
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
  /** Auth0 gives a refresh token to who asked for `offline_access` only, and says so in its metadata. */
  readonly needsOfflineAccess: boolean;
  /** RFC 9207; at Auth0 it is off unless the tenant turns it on. */
  readonly answersWithIssuer: boolean;
  /** Auth0 takes clients that are documents on the web only after an administrator imported them. */
  readonly takesMetadataDocuments: boolean;
  /** How the ids of clients begin that registered themselves. */
  readonly registeredClientPrefix: RegisteredClientPrefix;
  /** May such a client learn who signed in (`openid`)? Not at Auth0, where it is a third party. */
  readonly strangersMayIdentify: boolean;
  /** What the token endpoint says instead of an error of the library; `undefined`: nothing else. */
  readonly refusal: (error: string) => TokenRefusal | undefined;
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
  needsOfflineAccess: false,
  answersWithIssuer: true,
  takesMetadataDocuments: true,
  registeredClientPrefix: 'dyn_',
  strangersMayIdentify: true,
  refusal: () => undefined,
  unknownResource: () => new errors.InvalidTarget(),
  // What a resource server holds against the list of revoked grants.
  extraClaims: (token) => ('grantId' in token && token.grantId !== undefined ? { gid: token.grantId } : {}),
  shape: () => undefined,
  describe: (metadata) => metadata,
};

/** RFC 6749 §5.2 and RFC 8628 §3.5 say 400 for all of these. */
const AUTH0_REFUSALS: Readonly<Record<string, TokenRefusal>> = {
  authorization_pending: { status: 403 },
  slow_down: { status: 429 },
  expired_token: { status: 403 },
  access_denied: { status: 403 },
  invalid_grant: { status: 403 },
  invalid_client: { status: 401, body: { error: 'access_denied', error_description: 'Unauthorized' } },
};

/** @see Auth0, "Access token profiles", "Authorize device", "Configure refresh token rotation", "Third-party applications" */
const AUTH0: Dialect = {
  name: 'auth0',
  needsAudience: true,
  machinesGetEverything: true,
  denialStaysHere: true,
  refreshOverlapSeconds: 0,
  needsOfflineAccess: true,
  answersWithIssuer: false,
  takesMetadataDocuments: false,
  registeredClientPrefix: 'tpc_',
  strangersMayIdentify: false,
  refusal: (error) => AUTH0_REFUSALS[error],
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
    const asked = splitScope(source?.scope);
    const ofIdentity = [OPENID_SCOPE, OFFLINE_SCOPE].filter((name) => asked.includes(name));
    if (ofIdentity.length > 0) jwt.payload['scope'] = [...ofIdentity, ...scopes].join(' ');
    if (asked.includes(OPENID_SCOPE)) jwt.payload['aud'] = [payload['aud'], `${context.oidc.issuer}userinfo`];
  },
  describe(metadata) {
    const {
      grant_types_supported: _,
      authorization_response_iss_parameter_supported: __,
      dpop_signing_alg_values_supported: ___,
      introspection_endpoint: ____,
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
