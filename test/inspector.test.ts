// Somebody else's client: the MCP Inspector's command line, as the README shows it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Finished, finish } from './support/agent-process.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { machineToken } from './support/tokens.ts';

const inspector = join(import.meta.dirname, '../node_modules/.bin/mcp-inspector');

describe('MCP Inspector', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const inspect = (args: readonly string[]): Promise<Finished> =>
    finish(
      spawn(process.execPath, [inspector, '--cli', server.url, '--transport', 'http', ...args], {
        env: { PATH: process.env['PATH'], HOME: server.dataDir },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  const call = ['--method', 'tools/call', '--tool-name', 'add', '--tool-arg', 'a=2', '--tool-arg', 'b=40'];

  test('lists and calls tools with a token', async () => {
    const header = ['--header', `Authorization: Bearer ${await machineToken(server)}`];
    const called = await inspect([...call, ...header]);
    assert.equal(called.exitCode, 0, called.stderr);
    assert.deepEqual(JSON.parse(called.stdout).structuredContent, { result: 42 });
    const listed = await inspect(['--method', 'tools/list', ...header]);
    assert.match(listed.stdout, /"name": "divide"/);
  });

  test('is refused without one, and understands that it has to log in', async () => {
    const { exitCode, stdout, stderr } = await inspect([...call, '--stored-auth-only']);
    assert.notEqual(exitCode, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /auth_required|401/);
    assert.equal(server.log().findLast(({ event }) => event === 'request-refused')?.['reason'], 'no_credential');
  });
});
