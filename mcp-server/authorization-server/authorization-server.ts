// The embedded authorization server: an issuer of its own, on oidc-provider. This file puts the parts together and is the
// only one that others import. It opens no socket; the caller listens with `handle`.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type AdapterFactory, type ClientMetadata, Provider } from 'oidc-provider';
import type { Log } from '../log.ts';
import { createAccounts } from './accounts.ts';
import { createAttemptLimiter } from './attempt-limiter.ts';
import { loadBrowserSecrets } from './browser-secrets.ts';
import { loadClients } from './clients.ts';
import { CONNECTIONS_PATH, connectionsClient, createConnectionsPage } from './connections-page.ts';
import { limitPolling } from './device-flow.ts';
import { createDevicePage } from './device-page.ts';
import { DIALECTS, type DialectName } from './dialect.ts';
import { speakDialect } from './dialect-answers.ts';
import { logProviderEvents } from './event-log.ts';
import { openFollowedKeys } from './followed-keys.ts';
import { createHostGuard, isLoopbackHostname } from './host-guard.ts';
import { createInteractions } from './interactions.ts';
import { CLIENT_LIMITS, DATABASE_FILE_NAME, METADATA_DOCUMENT_LIMITS } from './limits.ts';
import { correctMetadata } from './metadata.ts';
import { createMetadataDocuments, type MetadataDocumentsOptions } from './metadata-documents.ts';
import { COMMON_HEADERS, sendError } from './page-response.ts';
import { ensurePrivateDirectory } from './private-files.ts';
import { createProviderConfiguration, INTERACTION_PATH, ROUTES } from './provider-configuration.ts';
import { createRegistration } from './registration.ts';
import { readBody, withFormBody } from './request-body.ts';
import { createResourceIndicators } from './resource-indicators.ts';
import { answerRevocationList, REVOCATION_LIST_PATH } from './revocation-list.ts';
import { askConsentForOfflineAccess, dropOfflineAccess } from './scope-rules.ts';
import type { SigningKey } from './signing-keys.ts';
import { openStore } from './store.ts';
import { createStructuredTokens } from './structured-tokens.ts';
import { bodyFormat, parseParameters } from './token-request.ts';

export { REVOCATION_LIST_PATH } from './revocation-list.ts';

/** Posted forms that are read here before oidc-provider sees them. */
const FORM_PATHS: readonly string[] = [
  ROUTES.token,
  ROUTES.revocation,
  ROUTES.introspection,
  ROUTES.device_authorization,
];

export interface AuthorizationServerOptions {
  /** Issuer identifier, such as `http://localhost:8001`. All URLs in metadata begin with it. Auth0's dialect: with slash. */
  readonly issuer: string;
  /** Canonical identifier of the one resource that tokens are for, such as `http://localhost:8000/mcp`. */
  readonly resource: string;
  /** Other spellings of the same resource. Accepted in requests; tokens carry the canonical one. */
  readonly resourceAliases: readonly string[];
  readonly scopes: readonly { readonly name: string; readonly description: string; readonly risky: boolean }[];
  /** Granted when an authorization request names no scope. */
  readonly defaultScopes: readonly string[];
  /** Where keys, clients and the database are; created with mode 0700. */
  readonly dataDir: string;
  readonly log: Log;
  /** Default `rfc9068`. */
  readonly dialect?: DialectName;
  /** May strangers register, or be a document on the web? Default: only when the issuer is on loopback. */
  readonly openRegistration?: boolean;
  /** Where client id metadata documents may come from and, for tests, how they are fetched. */
  readonly metadataDocuments?: Omit<MetadataDocumentsOptions, 'limiter'>;
  /** Clock of the store and of all limits in milliseconds; default the system's. */
  readonly now?: () => number;
  /** What stands between oidc-provider and the store, such as something that makes requests meet; for tests. */
  readonly wrapAdapter?: (adapter: AdapterFactory) => AdapterFactory;
  /** Clients beside the built-in ones, in the form of RFC 7591; for tests. */
  readonly extraClients?: readonly ClientMetadata[];
}

export interface AuthorizationServer {
  /** Answers one request, whatever happens. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /** Closes the database. Call it when no request is in flight any more. */
  close(): Promise<void>;
}

/**
 * Loads or creates the keys, the clients and the database in `dataDir`, and builds the server.
 *
 * @throws {ServerError} `unreadable_data` when a file there is damaged or open to other users
 * @see RFC 8414 (metadata), RFC 7636 (PKCE, required), RFC 8707 (resource), RFC 9068 (tokens), RFC 9207 (iss)
 */
export async function createAuthorizationServer(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const { issuer, dataDir, log, now = Date.now } = options;
  await ensurePrivateDirectory(dataDir);
  const { origin, hostname } = new URL(issuer);
  const isLocal = isLoopbackHostname(hostname);
  const { openRegistration = isLocal } = options;
  const dialect = DIALECTS[options.dialect ?? 'rfc9068'];
  const scopes = options.scopes.map(({ name }) => name);
  const secrets = await loadBrowserSecrets(dataDir);
  const clients = [
    ...(await loadClients({ dataDir, issuer, scopes, log })),
    connectionsClient(issuer),
    ...(options.extraClients ?? []),
  ];
  const signingKeys = await openFollowedKeys(dataDir, log, now);
  const store = await openStore({
    file: join(dataDir, DATABASE_FILE_NAME),
    now,
    refreshOverlapSeconds: dialect.refreshOverlapSeconds,
  });
  const accounts = createAccounts({
    store: store.accounts,
    allowDemo: isLocal,
    attempts: store.attempts,
    secret: secrets.formKey,
  });
  const documents = createMetadataDocuments({
    ...options.metadataDocuments,
    limiter: createAttemptLimiter({
      maxAttempts: METADATA_DOCUMENT_LIMITS.maxPerWindow,
      windowMs: METADATA_DOCUMENT_LIMITS.windowMs,
      now,
    }),
  });
  const devicePage = createDevicePage({
    log,
    now,
    hasSession: (request, response) => engine.hasSession(request, response),
    next: (request, response) => engine.next(request, response),
  });

  /** One oidc-provider with a set of keys. All that it remembers is in the store, so that another can take over. */
  const createEngine = (keys: readonly SigningKey[]) => {
    const provider = new Provider(
      issuer,
      createProviderConfiguration({
        ...options,
        scopes,
        clients,
        signingKeys: keys,
        secrets,
        adapter: options.wrapAdapter?.(store.adapter) ?? store.adapter,
        accounts,
        dialect,
        openRegistration,
        documents,
        prefilledCode: devicePage.prefilledCode,
      }),
    );
    logProviderEvents(provider, log, store.connections.touch);
    const structuredTokens = createStructuredTokens({ issuer, keys, revocations: store.revocations, log });
    provider.use(correctMetadata(dialect));
    provider.use(speakDialect(dialect));
    provider.use(limitPolling(now));
    provider.use(structuredTokens.middleware);
    const parts = { ...options, provider, secrets, accounts, dialect };
    return {
      next: provider.callback(),
      // One that is stored has an end.
      hasSession: async (request: IncomingMessage, response: ServerResponse) =>
        (await provider.Session.get(provider.createContext(request, response))).exp !== undefined,
      structuredTokens,
      interact: createInteractions(parts),
      showConnections: createConnectionsPage({ ...parts, connections: store.connections, now }),
    };
  };
  let engine = createEngine(signingKeys.current());

  const hosts = createHostGuard(issuer);
  const resources = createResourceIndicators(options.resource, options.resourceAliases, dialect.needsAudience);
  const register = createRegistration({
    limiter: createAttemptLimiter({
      maxAttempts: CLIENT_LIMITS.maxPerWindow,
      windowMs: CLIENT_LIMITS.windowMs,
      now,
    }),
    log,
    next: (request, response) => engine.next(request, response),
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const host = hosts.check(request);
    if (!host.ok) return sendError(response, host.status, 'invalid_request', host.reason);
    for (const [name, value] of Object.entries(COMMON_HEADERS)) response.setHeader(name, value);
    const url = new URL(`${origin}${request.url}`);
    const path = foldPath(url.pathname);
    const isForBrowser =
      [ROUTES.authorization, ROUTES.code_verification, CONNECTIONS_PATH].some((page) => isBelow(path, page)) ||
      path.startsWith(INTERACTION_PATH);

    // Cookies belong to a host name: a sign-in begun under another one would lose its way.
    if (host.isAlias && isForBrowser && request.method === 'GET')
      return void response.writeHead(303, { location: url.href, 'cache-control': 'no-store' }).end();
    if (path === REVOCATION_LIST_PATH) return answerRevocationList(request, response, store.revocations);
    await signingKeys.follow((keys) => {
      engine = createEngine(keys);
    });
    if (path.startsWith(INTERACTION_PATH)) return engine.interact(request, response, url.pathname);
    if (path === CONNECTIONS_PATH) return engine.showConnections(request, response, url.searchParams);
    if (openRegistration && isBelow(path, ROUTES.registration)) return register(request, response);
    if (request.method === 'POST' && FORM_PATHS.includes(path)) return answerForm(request, response, path);
    if (path === ROUTES.code_verification) return devicePage.answer(request, response, url);
    if (path === ROUTES.authorization) {
      resources.normalize(url.searchParams);
      if (dialect.needsOfflineAccess) askConsentForOfflineAccess(url.searchParams);
      else dropOfflineAccess(url.searchParams);
      refuseFormPost(url.searchParams);
      request.url = url.pathname + url.search;
    }
    await engine.next(request, response);
  };

  const answerForm = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    const format = bodyFormat(request);
    if (format === undefined) return engine.next(request, response);
    const body = await readBody(request, response);
    if (!body.ok) {
      log.warn('token-refused', { error: 'invalid_request', reason: body.reason });
      return sendError(response, body.status, 'invalid_request', body.reason);
    }
    const parsed = parseParameters(body.text, format);
    if (!parsed.ok) {
      log.warn('token-refused', { error: 'invalid_request', reason: parsed.reason });
      return sendError(response, 400, 'invalid_request', parsed.reason);
    }
    if (path === ROUTES.token || path === ROUTES.device_authorization) {
      resources.normalize(parsed.parameters);
      if (!dialect.needsOfflineAccess) dropOfflineAccess(parsed.parameters);
    }
    // oidc-provider would find out after it had used up the refresh token.
    if (path === ROUTES.token && !dialect.needsAudience && !resources.areKnown(parsed.parameters)) {
      log.warn('token-refused', { error: 'invalid_target' });
      return sendError(response, 400, 'invalid_target', 'resource indicator is missing, or unknown');
    }
    const { next, structuredTokens } = engine;
    const isAboutToken = path === ROUTES.revocation || path === ROUTES.introspection;
    const token = isAboutToken ? structuredTokens.takeOut(parsed.parameters) : undefined;
    const form = withFormBody(request, parsed.parameters.toString());
    if (token !== undefined) structuredTokens.remember(form, token);
    await next(form, response);
  };

  return {
    handle: (request, response) => {
      answer(request, response).catch((error: unknown) => {
        log.error('authorization-server-failed', { error });
        if (response.headersSent) response.destroy();
        else sendError(response, 500, 'server_error', 'Something went wrong; the server log has the reason');
      });
    },
    close: async () => store.close(),
  };
}

/** oidc-provider takes paths in any case and with a slash at the end; what stands before it must not be fooled by that. */
function foldPath(path: string): string {
  const folded = path.toLowerCase();
  return folded.length > 1 && folded.endsWith('/') ? folded.slice(0, -1) : folded;
}

/** oidc-provider answers even a refusal in this mode with a page of its own that runs a script under no policy at all. */
function refuseFormPost(parameters: URLSearchParams): void {
  if (parameters.getAll('response_mode').includes('form_post')) parameters.set('response_mode', 'unsupported');
}

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}
