// Somebody else's client in a real browser: the MCP Inspector's web page finds the authorization server from the 401,
// registers itself, sends the person through sign-in and consent, and lists the tools.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { launchChromium } from '../support/chromium.ts';
import { startTestServer } from '../support/mcp-server.ts';
import { freePorts } from '../support/ports.ts';
import { firstMatch } from './login-client.ts';

const inspector = join(import.meta.dirname, '../../node_modules/.bin/mcp-inspector');

test('M3, M5: the MCP Inspector’s page logs in by itself and lists the tools', async () => {
  await using resources = new AsyncDisposableStack();
  const server = resources.adopt(await startTestServer(), (it) => it.close());
  const [port] = await freePorts(1);
  const child = spawn(process.execPath, [inspector, '--web', server.url, '--transport', 'http'], {
    env: {
      PATH: process.env['PATH'],
      HOME: server.dataDir,
      CLIENT_PORT: String(port),
      MCP_AUTO_OPEN_ENABLED: 'false',
      MCP_INSPECTOR_SECRET_STORE: 'memory',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  resources.defer(async () => {
    child.kill();
    await once(child, 'close');
  });
  const browser = resources.adopt(await launchChromium(), (it) => it.close());
  const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
  page.setDefaultTimeout(20_000);

  await page.goto(await firstMatch(child.stdout, /https?:\/\/127\.0\.0\.1:\d+\S*TOKEN=\S+/));
  await page.getByRole('switch').first().click({ force: true });
  await page.getByRole('button', { name: 'Sign in as Demo User' }).click();
  await page.getByRole('heading', { name: 'Allow MCP Inspector to act for you?' }).waitFor();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByText('tools/list', { exact: false }).first().waitFor();

  const issued = server.log().find(({ event }) => event === 'token-issued');
  assert.match(String(issued?.['client_id']), /^dyn_/);
  assert.equal(issued?.['grant_type'], 'authorization_code');
});
