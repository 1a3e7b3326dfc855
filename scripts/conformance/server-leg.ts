// The server leg: the protected server with the suite's fixtures, on ports that the system picks, and a proxy that adds
// the bearer, since the suite cannot send one. Nothing leaves loopback.

import { createBearerProxy } from '../../test/support/bearer-proxy.ts';
import { startTestServer } from '../../test/support/mcp-server.ts';
import { freePorts } from '../../test/support/ports.ts';
import { createSigningIssuer } from '../../test/support/signing-issuer.ts';
import { runSuite } from './suite.ts';
import type { RevisionRun } from './verdict.ts';

const REVISIONS = ['2025-11-25', '2026-07-28'];
/** The suite sends more in a minute than a principal may. */
const RATE_LIMIT_PER_MINUTE = '1000000';

export async function runServerLeg(): Promise<readonly RevisionRun[]> {
  await using resources = new AsyncDisposableStack();
  const [port] = await freePorts(1);
  const issuer = resources.adopt(await createSigningIssuer(`http://localhost:${port}/mcp`), (it) => it.close());
  const server = resources.adopt(
    await startTestServer({
      PORT: String(port),
      AUTH_ISSUER: issuer.issuer,
      CONFORMANCE_FIXTURES: '1',
      RATE_LIMIT_PER_MINUTE,
    }),
    (it) => it.close(),
  );
  const token = await issuer.sign({ scope: await supportedScopes(server.url) });
  const proxy = resources.adopt(await createBearerProxy(server.url, token), (it) => it.close());
  // A revision has to hold while the other one is in use.
  return await Promise.all(REVISIONS.map((revision) => runSuite('server', revision, ['--url', proxy.url])));
}

/** Every scope there is: the suite calls whatever tool is listed first. */
async function supportedScopes(resource: string): Promise<string> {
  const { origin, pathname } = new URL(resource);
  const response = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  const { scopes_supported } = await response.json();
  return scopes_supported.join(' ');
}
