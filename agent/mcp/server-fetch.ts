// What sends the requests to one server, and with which credentials: the headers of .mcp.json, or a token.

import type { TokenSource } from '../auth/token-source.ts';
import type { McpServerConfig } from '../mcp-file.ts';
import { createAuthorizedFetch } from './authorized-fetch.ts';
import { currentCall } from './call-watch.ts';
import { createHeaderFetch } from './header-fetch.ts';
import type { TransportFetch } from './live-client.ts';

/** @param tokens who gives tokens when the server asks for one; an `authorization` of .mcp.json goes before them */
export function createServerFetch(
  server: McpServerConfig,
  tokens: TokenSource | undefined,
  fetch: TransportFetch | undefined,
): TransportFetch {
  if (server.transport === 'stdio') return () => Promise.reject(new Error('A stdio server is not reached over HTTP.'));
  if (!tokens || server.headers['authorization'] !== undefined) return createHeaderFetch(server, fetch);
  const withHeaders = Object.keys(server.headers).length === 0 ? fetch : createHeaderFetch(server, fetch);
  return createAuthorizedFetch(server.url, waitingFor(tokens), withHeaders);
}

/** A call that waits for a token may be waiting for a person; its own time stands still meanwhile. */
function waitingFor(tokens: TokenSource): TokenSource {
  const waiting = async <T>(work: Promise<T>): Promise<T> => {
    const done = currentCall.getStore()?.askPerson();
    try {
      return await work;
    } finally {
      done?.();
    }
  };
  return {
    ...tokens,
    renew: (...args) => waiting(tokens.renew(...args)),
    stepUp: (...args) => waiting(tokens.stepUp(...args)),
  };
}
