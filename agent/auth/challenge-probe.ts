// Asks a server without a token, to hear what it wants: for a login that is asked for before anything else has been.

import type { Fetch } from './bounded-fetch.ts';
import type { Challenge } from './discovery.ts';
import { parseScopes } from './scope-token.ts';

/**
 * What the server's 401 says; nothing when it asks for no token.
 *
 * @throws {AgentError} `unreachable`, `protocol_error`
 */
export async function probeChallenge(serverUrl: string, fetch: Fetch): Promise<Challenge> {
  const response = await fetch(serverUrl, {
    method: 'POST',
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  const header = response.status === 401 ? (response.headers.get('www-authenticate') ?? '') : '';
  // RFC 9110 §11.2: a quoted string, or a token.
  const parameter = (name: string) => {
    const match = new RegExp(`(?:^|[\\s,])${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))`, 'i').exec(header);
    return match ? (match[1]?.replace(/\\(.)/g, '$1') ?? match[2]) : undefined;
  };
  const scope = parameter('scope');
  return {
    resourceMetadataUrl: parameter('resource_metadata'),
    scope: scope === undefined ? undefined : parseScopes([scope], serverUrl).join(' '),
    isProofRequired: /^dpop\b/i.test(header),
  };
}
