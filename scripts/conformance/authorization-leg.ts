// The authorization leg: the embedded authorization server, with a browser without a screen that opens the address which
// the suite prints, signs in and allows.

import { createBrowser } from '../../test/support/browser.ts';
import { startTestServer } from '../../test/support/mcp-server.ts';
import { freePorts } from '../../test/support/ports.ts';
import { runSuite } from './suite.ts';
import type { RevisionRun } from './verdict.ts';

/** The suite has one set of scenarios for the authorization server: that of the newest revision. */
const REVISION = '2026-07-28';
const AUTHORIZATION_URL = /^(https?:\/\/\S+[?&]client_id=\S+)\s*$/m;

export async function runAuthorizationLeg(): Promise<readonly RevisionRun[]> {
  await using resources = new AsyncDisposableStack();
  const server = resources.adopt(await startTestServer(), (it) => it.close());
  const [port] = await freePorts(1);
  let walk: Promise<void> | undefined;
  const args = ['--url', server.issuer, '--client-id', 'local-cli', '--port', String(port), '--resource', server.url];
  const run = await runSuite('authorization', REVISION, args, (output) => {
    const url = AUTHORIZATION_URL.exec(output)?.[1];
    if (url !== undefined) walk ??= signInAndAllow(url, `http://127.0.0.1:${port}/callback`);
  });
  await walk;
  return [run];
}

async function signInAndAllow(url: string, callback: string): Promise<void> {
  const browser = createBrowser(callback);
  let page = await browser.visit(url);
  for (const answer of ['sign-in', 'allow']) page = await browser.submit(page, answer);
  await fetch(page.url);
}
