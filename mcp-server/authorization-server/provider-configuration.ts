// oidc-provider's configuration: what is on, what is off, and which of its defaults are not ours. Every function that it
// would otherwise warn about on the console is given here.

import { type Client, type ClientMetadata, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { findAccount } from './accounts.ts';
import type { BrowserSecrets } from './browser-secrets.ts';
import { LIFETIMES_SECONDS } from './limits.ts';
import { PAGE_HEADERS, renderPage } from './page-response.ts';
import { errorPage } from './pages.ts';
import { OPENID_SCOPE, resolveScope, splitScope } from './scope-rules.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { Store } from './store.ts';

/** Shaped like Auth0's, so that what is written for one works with the other. */
export const ROUTES = {
  authorization: '/authorize',
  token: '/oauth/token',
  jwks: '/.well-known/jwks.json',
  revocation: '/oauth/revoke',
  end_session: '/oidc/logout',
} as const;

export const INTERACTION_PATH = '/interaction/';

export interface ProviderConfigurationOptions {
  readonly issuer: string;
  readonly resource: string;
  /** Names of all scopes of the resource. */
  readonly scopes: readonly string[];
  readonly defaultScopes: readonly string[];
  readonly clients: readonly ClientMetadata[];
  readonly signingKeys: SigningKeys;
  readonly secrets: BrowserSecrets;
  readonly store: Store;
}

export function createProviderConfiguration(options: ProviderConfigurationOptions): Configuration {
  const { issuer, resource, scopes, clients, signingKeys, secrets, store } = options;
  return {
    adapter: store.adapter,
    jwks: { keys: signingKeys.keys.map((key) => ({ ...key })) },
    clients: clients.map((client) => ({ ...client })),
    // Answers go in the query: the other modes bring a page with a script.
    clientDefaults: { response_modes: ['query'] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    // The resource's scopes stand here as well: only what stands here may be in a client's `scope` and in metadata.
    scopes: [OPENID_SCOPE, ...scopes],
    responseTypes: ['code'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    routes: ROUTES,
    interactions: { url: (_context, interaction) => `${INTERACTION_PATH}${interaction.uid}` },
    cookies: {
      keys: [...secrets.cookieKeys],
      names: cookieNames(issuer),
      long: { signed: true, httpOnly: true, sameSite: 'lax' },
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    findAccount: (_context, accountId) => findAccount(accountId),
    rotateRefreshToken: true,
    issueRefreshToken: (_context, client) => client.grantTypeAllowed('refresh_token'),
    // A refresh token outlives the browser session: the command line does not sign out with the browser.
    expiresWithSession: () => false,
    clientBasedCORS: (_context, origin, client) => isOriginOfClient(origin, client),
    renderError,
    ttl: {
      AccessToken: LIFETIMES_SECONDS.accessToken,
      AuthorizationCode: LIFETIMES_SECONDS.authorizationCode,
      ClientCredentials: LIFETIMES_SECONDS.accessToken,
      Grant: LIFETIMES_SECONDS.grant,
      IdToken: LIFETIMES_SECONDS.idToken,
      Interaction: LIFETIMES_SECONDS.interaction,
      RefreshToken: LIFETIMES_SECONDS.refreshToken,
      Session: LIFETIMES_SECONDS.session,
    },
    // Only what there is a key for.
    enabledJWA: { idTokenSigningAlgValues: ['RS256'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (context, indicator, client) => {
          if (indicator !== resource) throw new errors.InvalidTarget();
          judgeScope(context, client, options);
          return {
            audience: resource,
            scope: scopes.join(' '),
            accessTokenFormat: 'jwt',
            accessTokenTTL: LIFETIMES_SECONDS.accessToken,
            jwt: { sign: { alg: 'RS256' } },
          };
        },
      },
    },
  };
}

/**
 * The first moment at which oidc-provider has both the client and its request, in every grant; it reads the scope
 * afterwards. A grant handler of our own would do as well, but would have to repeat all that the library's one does.
 *
 * A machine that names no scope gets all that it may have, as at Auth0. A person's client gets the default scopes:
 * RFC 6749 §3.3 lets it name none, and oidc-provider would answer `access_denied` after the person had signed in.
 */
function judgeScope({ oidc }: KoaContextWithOIDC, client: Client, options: ProviderConfigurationOptions): void {
  const { params, route } = oidc;
  if (!params) return;
  const allowed = client.scope === undefined ? options.scopes : splitScope(client.scope);
  const isMachine = params['grant_type'] === 'client_credentials';
  const isAuthorization = route === 'authorization' || route === 'resume';
  const verdict = resolveScope({
    requested: typeof params['scope'] === 'string' ? params['scope'] : undefined,
    allowed,
    defaults: isMachine ? allowed : isAuthorization ? options.defaultScopes : undefined,
    isForPerson: !isMachine,
  });
  if (!verdict.ok) throw new errors.InvalidScope(verdict.reason, verdict.scope);
  params['scope'] = verdict.scope;
}

/** Cookies know no ports: two servers on one host would overwrite each other's. RFC 6265 §8.5 */
function cookieNames(issuer: string): { session: string; interaction: string; resume: string } {
  const { port, protocol } = new URL(issuer);
  const suffix = port === '' ? protocol.slice(0, -1) : port;
  return { session: `session_${suffix}`, interaction: `interaction_${suffix}`, resume: `resume_${suffix}` };
}

/**
 * May a page of this origin read token responses? Public clients only, from where they receive their codes; a native
 * one receives them on any port of loopback.
 */
function isOriginOfClient(origin: string, client: Client): boolean {
  if (client.tokenEndpointAuthMethod !== 'none' || !URL.canParse(origin)) return false;
  return (client.redirectUris ?? []).some((uri) => {
    const registered = new URL(uri);
    if (registered.origin === origin) return true;
    const { protocol, hostname } = new URL(origin);
    return (
      client.applicationType === 'native' &&
      registered.protocol === 'http:' &&
      protocol === 'http:' &&
      hostname === registered.hostname
    );
  });
}

/** A page for people, JSON for programs. */
function renderError(
  context: KoaContextWithOIDC,
  out: { error: string; error_description?: string | undefined },
): void {
  if (context.accepts('json', 'html') !== 'html') {
    context.body = { error: out.error, error_description: out.error_description };
    return;
  }
  context.set({ ...PAGE_HEADERS });
  context.body = renderPage(
    errorPage({
      title: 'This did not work',
      explanation: `The authorization server refused the request: ${out.error_description ?? out.error}. Go back to the program that sent you here and start again.`,
      code: out.error,
    }),
  );
}
