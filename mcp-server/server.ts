// Puts the parts together: configuration → authorization server (when none is configured) → verifier → app → sockets.

import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { createApp } from './app.ts';
import { createDenyList } from './auth/deny-list.ts';
import { createIntrospector } from './auth/introspect.ts';
import { createKeySource } from './auth/keys.ts';
import { INITIAL_SCOPES, SCOPES } from './auth/scopes.ts';
import { createTokenCache } from './auth/token-cache.ts';
import { createVerifier } from './auth/verify.ts';
import { createAuthorizationServer, REVOCATION_LIST_PATH } from './authorization-server/authorization-server.ts';
import type { ServerConfig } from './config.ts';
import { type Listener, listen } from './listen.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { openNotebook } from './notebook/notebook.ts';
import { acceptPathsOnly } from './request-target.ts';
import { createTracing, NO_TRACING } from './tracing.ts';

export interface RunningServer {
  /** Lets calls in flight finish, then closes everything. */
  close(): Promise<void>;
}

/**
 * Starts the MCP server and, when no issuer is configured, the embedded authorization server on its own port.
 * Either everything listens when this resolves, or nothing does when it rejects.
 *
 * @param metrics served on loopback at `config.metricsPort`; default none
 *
 * @throws {ServerError} `port_taken`, `unreadable_data`
 */
export async function startServer(config: ServerConfig, log: Log, metrics?: Metrics): Promise<RunningServer> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    const faults: unknown[] = [];
    // What cannot be closed keeps nothing else open.
    for (const closer of closers.splice(0).reverse()) await closer().catch((error: unknown) => faults.push(error));
    if (faults.length > 0)
      throw faults.length === 1 ? faults[0] : new AggregateError(faults, 'Several parts would not close');
  };
  try {
    if (config.authorizationServer) {
      const { port, issuer, dialect, clientHosts } = config.authorizationServer;
      const authorizationServer = await createAuthorizationServer({
        issuer,
        dialect,
        resource: config.resource,
        resourceAliases: config.resourceAliases,
        scopes: SCOPES,
        defaultScopes: INITIAL_SCOPES,
        dataDir: config.dataDir,
        metadataDocuments: { hosts: clientHosts },
        log,
      });
      closers.push(() => authorizationServer.close());
      const listener: Listener = await listen({
        addresses: config.addresses,
        port,
        portVariable: 'AUTH_SERVER_PORT',
        handle: acceptPathsOnly(authorizationServer.handle, log),
      });
      closers.push(() => listener.close());
    }

    const tokens = createCheckedTokens(config, log);
    const tracing = config.traceEndpoint === undefined ? NO_TRACING : await createTracing(config.traceEndpoint, log);
    closers.push(() => tracing.close());
    // Loaded only when asked for: the fixtures are no part of the product.
    const extras = config.conformanceFixtures
      ? (await import('./conformance-fixtures/index.ts')).registerFixtures
      : undefined;
    const notebook = openNotebook({ file: join(config.dataDir, 'notebook.sqlite') });
    closers.push(async () => notebook.close());
    const app = createApp({ config, verify: tokens.verify, isReady: tokens.isReady, tracing, log, notebook, extras });
    closers.push(() => app.close());
    const listener = await listen({
      addresses: config.addresses,
      port: config.port,
      portVariable: 'PORT',
      handle: acceptPathsOnly(getRequestListener(app.fetch), log),
    });
    closers.push(() => {
      app.endStandingStreams();
      return listener.close();
    });
    if (metrics && config.metricsPort !== undefined) {
      const own = await listen({
        addresses: ['127.0.0.1'],
        port: config.metricsPort,
        portVariable: 'METRICS_PORT',
        handle: metrics.handle,
      });
      closers.push(() => own.close(0));
    }
  } catch (error) {
    await close();
    throw error;
  }
  log.info('ready', {
    mcp: config.resource,
    issuer: config.issuer.issuer,
    authorization_server: config.authorizationServer ? 'embedded' : 'external',
  });
  return { close };
}

/** The check of access tokens: every issuer with its own keys, and a cache in front. */
function createCheckedTokens(config: ServerConfig, log: Log) {
  const trusted = config.issuers.map((issuer) => ({ issuer, source: createKeySource(issuer, { log }) }));
  const verify = createVerifier({
    issuers: trusted.map(({ issuer, source }) => ({ issuer, keys: source.getKey })),
    introspect: createIntrospector(config.issuer, { log }),
  });
  const keyGeneration = () => trusted.reduce((sum, { source }) => sum + source.generation(), 0);
  const checked = createTokenCache(verify, { keyGeneration });
  const { issuer, profile } = config.issuer;
  return {
    // Behind the cache: what is revoked is refused, however well it is remembered. Auth0's tokens name no grant.
    verify:
      config.authorizationServer && profile === 'rfc9068'
        ? createDenyList(checked, { issuer, url: new URL(REVOCATION_LIST_PATH, issuer).href, log })
        : checked,
    isReady: async () => (await Promise.all(trusted.map(({ source }) => source.prepare()))).every(Boolean),
  };
}
