// How issuers differ in the way they write access tokens: which types, and under which names they put client and scopes.
// One row per dialect; everything else is checked the same way for all of them.

/** The dialects by name; `rfc9068` is the standard. */
export const TOKEN_PROFILES = ['rfc9068', 'auth0', 'keycloak', 'entra', 'okta', 'workos', 'stytch'] as const;

export type TokenProfile = (typeof TOKEN_PROFILES)[number];

export interface ProfileRules {
  /** Accepted values of the header `typ`, lower case, without `application/`; `''` accepts a token without one. */
  readonly types: readonly string[];
  /** Claims that must be there besides `exp`, `iat`, `sub` and `aud`. */
  readonly requiredClaims: readonly string[];
  /** Where the client's id may stand; the first that is there counts. */
  readonly clientClaims: readonly string[];
  /** Claims that hold scopes in one string, separated by spaces. */
  readonly scopeStrings: readonly string[];
  /** Claims that hold scopes as an array. */
  readonly scopeArrays: readonly string[];
}

const STANDARD: ProfileRules = {
  types: ['at+jwt'],
  requiredClaims: ['client_id', 'jti'],
  clientClaims: ['client_id'],
  scopeStrings: ['scope'],
  scopeArrays: [],
};
/** Issuers that call an access token just a JWT; what tells it from an ID token is then the audience. */
const PLAIN_JWT: ProfileRules = {
  ...STANDARD,
  types: ['at+jwt', 'jwt'],
  requiredClaims: [],
  clientClaims: ['client_id', 'azp'],
};

export const PROFILES: Readonly<Record<TokenProfile, ProfileRules>> = {
  rfc9068: STANDARD,
  /** Auth0's default dialect; its RFC 9068 one is included. */
  auth0: { ...PLAIN_JWT, scopeArrays: ['permissions'] },
  keycloak: PLAIN_JWT,
  /** `scp` is what a user delegated, `roles` what an administrator gave the application. */
  entra: { ...PLAIN_JWT, clientClaims: ['azp', 'appid'], scopeStrings: ['scp'], scopeArrays: ['roles'] },
  /** Custom authorization servers; the org server's tokens are for Okta itself. No `typ` in the header. */
  okta: {
    ...PLAIN_JWT,
    types: ['at+jwt', 'jwt', ''],
    clientClaims: ['cid', 'client_id'],
    scopeStrings: [],
    scopeArrays: ['scp'],
  },
  workos: { ...PLAIN_JWT, scopeArrays: ['permissions'] },
  stytch: PLAIN_JWT,
};

/** The dialect of the issuers that can be told by their address; `rfc9068` for all others. */
export function profileOf(issuer: string): TokenProfile {
  const { hostname, pathname } = new URL(issuer);
  const isUnder = (domain: string) => hostname === domain || hostname.endsWith(`.${domain}`);
  if (isUnder('auth0.com')) return 'auth0';
  if (isUnder('login.microsoftonline.com') || isUnder('sts.windows.net')) return 'entra';
  if (isUnder('okta.com') || isUnder('oktapreview.com')) return 'okta';
  if (isUnder('authkit.app') || isUnder('workos.com')) return 'workos';
  if (isUnder('stytch.com')) return 'stytch';
  if (/\/realms\/[^/]+\/?$/.test(pathname)) return 'keycloak';
  return 'rfc9068';
}
