// Puts the parts together: configuration → authorization server (when none is configured) → verifier → app → sockets.

import { getRequestListener } from '@hono/node-server';
import { createApp } from './app.ts';
import { createIntrospector } from './auth/introspect.ts';
import { createKeySource } from './auth/keys.ts';
import type { Verdict } from './auth/principal.ts';
import { INITIAL_SCOPES, SCOPES } from './auth/scopes.ts';
import { createTokenCache } from './auth/token-cache.ts';
import { createVerifier } from './auth/verify.ts';
import { createAuthorizationServer } from './authorization-server/authorization-server.ts';
import type { ServerConfig } from './config.ts';
import { type Listener, listen } from './listen.ts';
import type { Log } from './log.ts';

export interface RunningServer {
  /** Lets calls in flight finish, then closes everything. */
  close(): Promise<void>;
}

/**
 * Starts the MCP server and, when no issuer is configured, the embedded authorization server on its own port.
 * Either everything listens when this resolves, or nothing does when it rejects.
 *
 * @throws {ServerError} `port_taken`, `unreadable_data`
 */
export async function startServer(config: ServerConfig, log: Log): Promise<RunningServer> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    if (config.authorizationServer) {
      const { port, issuer } = config.authorizationServer;
      const authorizationServer = await createAuthorizationServer({
        issuer,
        resource: config.resource,
        resourceAliases: config.resourceAliases,
        scopes: SCOPES,
        defaultScopes: INITIAL_SCOPES,
        dataDir: config.dataDir,
        log,
      });
      closers.push(() => authorizationServer.close());
      const listener: Listener = await listen({
        addresses: config.addresses,
        port,
        portVariable: 'AUTH_SERVER_PORT',
        handle: authorizationServer.handle,
      });
      closers.push(() => listener.close());
    }

    const verify = createCheckedTokens(config, log);
    const app = createApp({ config, verify, log });
    closers.push(() => app.close());
    const listener = await listen({
      addresses: config.addresses,
      port: config.port,
      portVariable: 'PORT',
      handle: getRequestListener(app.fetch),
    });
    closers.push(() => listener.close());
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
function createCheckedTokens(config: ServerConfig, log: Log): (token: string) => Promise<Verdict> {
  const trusted = config.issuers.map((issuer) => ({ issuer, source: createKeySource(issuer, { log }) }));
  const verify = createVerifier({
    issuers: trusted.map(({ issuer, source }) => ({ issuer, keys: source.getKey })),
    introspect: createIntrospector(config.issuer, { log }),
  });
  return createTokenCache(verify, {
    keyGeneration: () => trusted.reduce((sum, { source }) => sum + source.generation(), 0),
  });
}
