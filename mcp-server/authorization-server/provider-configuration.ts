// oidc-provider's configuration: what is on, what is off, and which of its defaults are not ours. Every function that it
// would otherwise warn about on the console is given here.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  type AdapterFactory,
  type Client,
  type ClientMetadata,
  type Configuration,
  errors,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import { type Accounts, toAccount } from './accounts.ts';
import { isAnonymous, mayUseGrant } from './anonymous-clients.ts';
import type { BrowserSecrets } from './browser-secrets.ts';
import { RESOURCE_SERVER_CLIENT_ID } from './clients.ts';
import { DEVICE_GRANT, deviceFlowFeature } from './device-flow.ts';
import type { Dialect } from './dialect.ts';
import { createInteractionPolicy, loadExistingGrant } from './interaction-policy.ts';
import { LIFETIMES_SECONDS, METADATA_DOCUMENT_LIMITS } from './limits.ts';
import type { MetadataDocuments } from './metadata-documents.ts';
import { PAGE_HEADERS, renderPage } from './page-response.ts';
import { refusalPage } from './refusal-page.ts';
import { OFFLINE_SCOPE, OPENID_SCOPE, resolveScope, splitScope } from './scope-rules.ts';
import type { SigningKey } from './signing-keys.ts';

/** Shaped like Auth0's, so that what is written for one works with the other. */
export const ROUTES = {
  authorization: '/authorize',
  token: '/oauth/token',
  jwks: '/.well-known/jwks.json',
  revocation: '/oauth/revoke',
  introspection: '/oauth/introspect',
  registration: '/oidc/register',
  device_authorization: '/oauth/device/code',
  code_verification: '/activate',
  userinfo: '/userinfo',
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
  /** The first one signs; all are published. */
  readonly signingKeys: readonly SigningKey[];
  readonly secrets: BrowserSecrets;
  readonly adapter: AdapterFactory;
  readonly accounts: Accounts;
  readonly dialect: Dialect;
  /** May strangers register, or be a document on the web? */
  readonly openRegistration: boolean;
  readonly documents: MetadataDocuments;
  /** The device code that came with a link. */
  readonly prefilledCode: (request: IncomingMessage) => string | undefined;
}

export function createProviderConfiguration(options: ProviderConfigurationOptions): Configuration {
  const { issuer, resource, scopes, clients, signingKeys, secrets, adapter, accounts, dialect, documents } = options;
  return {
    adapter,
    jwks: { keys: signingKeys.map((key) => ({ ...key })) },
    clients: clients.map((client) => ({ ...client })),
    // Answers go in the query: the other modes bring a page with a script.
    clientDefaults: { response_modes: ['query'] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    // The resource's scopes stand here as well: only what stands here may be in a client's `scope` and in metadata.
    scopes: [OPENID_SCOPE, ...(dialect.needsOfflineAccess ? [OFFLINE_SCOPE] : []), ...scopes],
    responseTypes: ['code'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    routes: ROUTES,
    interactions: {
      policy: createInteractionPolicy(),
      url: (_context, interaction) => `${INTERACTION_PATH}${interaction.uid}`,
    },
    loadExistingGrant,
    cookies: {
      keys: [...secrets.cookieKeys],
      names: cookieNames(issuer),
      long: { signed: true, httpOnly: true, sameSite: 'lax' },
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    findAccount: (_context, accountId) => toAccount(accounts.find(accountId)),
    fetch: documents.fetch,
    fetchResponseBodyLimits: { 'client_id metadata document': METADATA_DOCUMENT_LIMITS.maxKeptBytes },
    extraTokenClaims: (_context, token) => dialect.extraClaims(token),
    formats: { customizers: { jwt: (context, token, jwt) => dialect.shape(context, token, jwt) } },
    rotateRefreshToken: true,
    issueRefreshToken: (_context, client, source) =>
      client.grantTypeAllowed('refresh_token') &&
      (!dialect.needsOfflineAccess || splitScope(source.scope).includes(OFFLINE_SCOPE)),
    // A refresh token outlives the browser session: the command line does not sign out with the browser.
    expiresWithSession: () => false,
    clientBasedCORS: (_context, origin, client) => isOriginOfClient(origin, client),
    renderError,
    ttl: {
      AccessToken: LIFETIMES_SECONDS.accessToken,
      AuthorizationCode: LIFETIMES_SECONDS.authorizationCode,
      ClientCredentials: LIFETIMES_SECONDS.accessToken,
      DeviceCode: LIFETIMES_SECONDS.deviceCode,
      Grant: LIFETIMES_SECONDS.grant,
      IdToken: LIFETIMES_SECONDS.idToken,
      Interaction: LIFETIMES_SECONDS.interaction,
      RefreshToken: LIFETIMES_SECONDS.refreshToken,
      RegistrationAccessToken: LIFETIMES_SECONDS.registrationAccessToken,
      Session: LIFETIMES_SECONDS.session,
    },
    enabledJWA: {
      // Only what there is a key for.
      idTokenSigningAlgValues: ['RS256'],
      // No shared secrets as signing keys.
      clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
      dPoPSigningAlgValues: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      deviceFlow: deviceFlowFeature(ROUTES.code_verification, options.prefilledCode),
      // Whose token it is may ask about it, and the resource server about any.
      introspection: {
        enabled: true,
        allowedPolicy: (_context, client, token) =>
          client.clientId === RESOURCE_SERVER_CLIENT_ID || token.clientId === client.clientId,
      },
      registration: {
        enabled: options.openRegistration,
        idFactory: () => `${dialect.registeredClientPrefix}${randomBytes(16).toString('base64url')}`,
      },
      registrationManagement: { enabled: options.openRegistration, rotateRegistrationAccessToken: false },
      clientIdMetadataDocument: {
        enabled: options.openRegistration && dialect.takesMetadataDocuments,
        ack: 'draft-02',
        allowFetch: async (_context, clientId) => {
          const verdict = await documents.judgeUrl(clientId);
          if (!verdict.ok) throw new errors.InvalidClient('the client id is refused', verdict.reason);
          return true;
        },
        allowClient: () => true,
        cacheDuration: METADATA_DOCUMENT_LIMITS.cacheSeconds,
      },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: dialect.needsAudience },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => (dialect.needsAudience ? NO_RESOURCE : resource),
        useGrantedResource: () => true,
        getResourceServerInfo: (context, indicator, client) => {
          if (indicator !== resource) throw dialect.unknownResource(indicator);
          judgeGrant(context, client);
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

/** Auth0's answer to a request without `audience`: an opaque token. The library's type asks for a name all the same. */
const NO_RESOURCE = undefined as unknown as string;

/** The last line of defence: whatever got into a registration, nobody unvouched for gets a token without a person. */
function judgeGrant({ oidc }: KoaContextWithOIDC, client: Client): void {
  const grantType = oidc.route === 'device_authorization' ? DEVICE_GRANT : oidc.params?.['grant_type'];
  if (grantType !== undefined && !mayUseGrant(client, grantType)) throw new errors.UnauthorizedClient();
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
  if (isMachine && options.dialect.machinesGetEverything) params['scope'] = undefined;
  const isAuthorization = ['authorization', 'resume', 'device_authorization'].includes(route);
  const verdict = resolveScope({
    requested: typeof params['scope'] === 'string' ? params['scope'] : undefined,
    allowed,
    defaults: isMachine ? allowed : isAuthorization ? options.defaultScopes : undefined,
    forPersons: isMachine
      ? []
      : [
          ...(options.dialect.strangersMayIdentify || !isAnonymous(client.clientId) ? [OPENID_SCOPE] : []),
          ...(options.dialect.needsOfflineAccess ? [OFFLINE_SCOPE] : []),
        ],
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
  context.body = renderPage(refusalPage(out.error, out.error_description));
}
