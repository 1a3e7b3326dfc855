// Tokens of the embedded authorization server, got as its clients get them.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestServer } from './mcp-server.ts';

/**
 * A token of the local machine client, by the request that Auth0's dashboard prints.
 *
 * @param scope which scopes to ask for; default: those that the issuer gives
 */
export async function machineToken(server: TestServer, scope?: string): Promise<string> {
  const { client_id, client_secret } = JSON.parse(await readFile(join(server.dataDir, 'agent-client.json'), 'utf8'));
  const response = await fetch(`${server.issuer}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id, client_secret, audience: server.url, grant_type: 'client_credentials', scope }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()).access_token;
}
