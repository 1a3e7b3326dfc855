// The fixed headers of a server in `.mcp.json`, on every request to it and to nobody else.

import { networkReason } from '../auth/bounded-fetch.ts';
import { AgentError } from '../errors.ts';
import type { HttpServerConfig } from '../mcp-file.ts';
import type { TransportFetch } from './live-client.ts';

/**
 * Wraps `fetch` for a server with fixed headers.
 *
 * The returned function throws `AgentError` `login_required` when the server refuses its `authorization` header, and
 * `unreachable` when nobody answers.
 */
export function createHeaderFetch(
  { name, url, headers: fixed }: HttpServerConfig,
  fetch: TransportFetch = globalThis.fetch,
): TransportFetch {
  const { origin } = new URL(url);
  return async (target, init) => {
    if (new URL(target).origin !== origin)
      throw new AgentError('protocol_error', `${url} led to another origin; its headers stay at home.`);
    const headers = new Headers(init?.headers);
    for (const [header, value] of Object.entries(fixed)) headers.set(header, value);
    let response: Response;
    try {
      response = await fetch(target, { ...init, headers });
    } catch (error) {
      if (init?.signal?.aborted || error instanceof AgentError) throw error;
      throw new AgentError(
        'unreachable',
        `The MCP server ${name} at ${url} does not answer (${networkReason(error)}).`,
        {
          cause: error,
        },
      );
    }
    if (response.status === 401 && fixed['authorization'] !== undefined) {
      await response.body?.cancel();
      throw new AgentError(
        'login_required',
        `${url} refuses the authorization header that .mcp.json gives for ${name}. Set a new one, or leave the header out to sign in with OAuth.`,
        { status: 401 },
      );
    }
    return response;
  };
}
