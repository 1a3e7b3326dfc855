// The embedded authorization server: an issuer of its own for development, on oidc-provider. This file puts the parts
// together and is the only one that others import. It opens no socket; the caller listens with `handle`.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type ClientMetadata, Provider } from 'oidc-provider';
import type { Log } from '../log.ts';
import { loadBrowserSecrets } from './browser-secrets.ts';
import { loadClients } from './clients.ts';
import { logProviderEvents } from './event-log.ts';
import { createHostGuard } from './host-guard.ts';
import { createInteractions } from './interactions.ts';
import { correctMetadata } from './metadata.ts';
import { COMMON_HEADERS, sendError } from './page-response.ts';
import { ensurePrivateDirectory } from './private-files.ts';
import { createProviderConfiguration, INTERACTION_PATH, ROUTES } from './provider-configuration.ts';
import { readBody, withFormBody } from './request-body.ts';
import { createResourceIndicators } from './resource-indicators.ts';
import { dropOfflineAccess } from './scope-rules.ts';
import { loadSigningKeys } from './signing-keys.ts';
import { openStore } from './store.ts';
import { bodyFormat, parseParameters } from './token-request.ts';

const DATABASE_FILE_NAME = 'authorization-server.sqlite';

export interface AuthorizationServerOptions {
  /** Issuer identifier, such as `http://localhost:8001`. All URLs in metadata begin with it. */
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
  /** Clock of the store in milliseconds; default the system's. */
  readonly now?: () => number;
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
  const { issuer, dataDir, log } = options;
  await ensurePrivateDirectory(dataDir);
  const scopes = options.scopes.map(({ name }) => name);
  const signingKeys = await loadSigningKeys(dataDir, log);
  const secrets = await loadBrowserSecrets(dataDir);
  const clients = [...(await loadClients({ dataDir, issuer, scopes, log })), ...(options.extraClients ?? [])];
  const store = await openStore({ file: join(dataDir, DATABASE_FILE_NAME), now: options.now });

  const provider = new Provider(
    issuer,
    createProviderConfiguration({ ...options, scopes, clients, signingKeys, secrets, store }),
  );
  logProviderEvents(provider, log);
  provider.use(correctMetadata());
  const next = provider.callback();
  const { origin } = new URL(issuer);
  const hosts = createHostGuard(issuer);
  const resources = createResourceIndicators(options.resource, options.resourceAliases);
  const interact = createInteractions({ ...options, provider, secrets });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const host = hosts.check(request);
    if (!host.ok) return sendError(response, host.status, 'invalid_request', host.reason);
    for (const [name, value] of Object.entries(COMMON_HEADERS)) response.setHeader(name, value);
    const url = new URL(`${origin}${request.url}`);
    const path = foldPath(url.pathname);
    const isForBrowser = isBelow(path, ROUTES.authorization) || path.startsWith(INTERACTION_PATH);

    // Cookies belong to a host name: a sign-in begun under another one would lose its way.
    if (host.isAlias && isForBrowser && request.method === 'GET')
      return void response.writeHead(303, { location: url.href, 'cache-control': 'no-store' }).end();
    if (path.startsWith(INTERACTION_PATH)) return interact(request, response, url.pathname);
    if (request.method === 'POST' && (path === ROUTES.token || path === ROUTES.revocation))
      return answerForm(request, response, path);
    if (path === ROUTES.authorization) {
      resources.normalize(url.searchParams);
      dropOfflineAccess(url.searchParams);
      request.url = url.pathname + url.search;
    }
    await next(request, response);
  };

  const answerForm = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    const format = bodyFormat(request);
    if (format === undefined || (format === 'json' && path !== ROUTES.token)) return next(request, response);
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
    if (path === ROUTES.token) {
      resources.normalize(parsed.parameters);
      dropOfflineAccess(parsed.parameters);
    }
    await next(withFormBody(request, parsed.parameters.toString()), response);
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

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}
