// The MCP server and the agent against an exact double of Auth0: the embedded authorization server in Auth0's dialect.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { runAgent } from './support/agent-process.ts';
import { callTool, startTestServer, type TestServer } from './support/mcp-server.ts';

describe('against Auth0’s dialect', () => {
  let server: TestServer;
  let client: { readonly client_id: string; readonly client_secret: string };
  before(async () => {
    server = await startTestServer({ AUTH_SERVER_DIALECT: 'auth0' });
    client = JSON.parse(await readFile(join(server.dataDir, 'agent-client.json'), 'utf8'));
  });
  after(() => server.close());

  async function token(more: Record<string, string>): Promise<string> {
    const response = await fetch(new URL('/oauth/token', server.issuer), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...client, grant_type: 'client_credentials', ...more }),
    });
    return (await response.json()).access_token;
  }
  const call = (accessToken: string) => callTool(server.url, accessToken, 'add', { a: 2, b: 40 });

  test('the MCP server takes a token of that shape, with its permissions as scopes', async () => {
    const accessToken = await token({ audience: server.url });
    const { azp, client_id, gty, permissions } = decodeJwt(accessToken);
    assert.deepEqual([azp, client_id, gty], ['local-agent', undefined, 'client-credentials']);
    assert.ok(Array.isArray(permissions) && permissions.includes('read:add'));
    const response = await call(accessToken);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /42/);
  });

  test('the opaque token of a request without audience is refused, and the log says what is missing', async () => {
    const response = await call(await token({}));
    assert.equal(response.status, 401);
    const refused = server.log().findLast(({ event }) => event === 'request-refused');
    assert.match(String(refused?.['hint']), /audience/);
  });

  test('the agent finds its way there by itself', async () => {
    const { exitCode, stdout, stderr } = await runAgent(['ask', 'What is 2 + 40?'], server.environment);
    assert.deepEqual([exitCode, stdout], [0, '(demo) add(2, 40) → 42\n'], stderr);
  });

  test('the agent goes there by the variables for any issuer', async () => {
    const { PORT } = server.environment;
    const { exitCode, stdout, stderr } = await runAgent(['ask', 'What is 2 + 40?'], {
      PORT,
      AUTH_ISSUER: server.issuer,
      AUTH_CLIENT_ID: client.client_id,
      AUTH_CLIENT_SECRET: client.client_secret,
      AUTH_AUDIENCE: server.url,
    });
    assert.deepEqual([exitCode, stdout], [0, '(demo) add(2, 40) → 42\n'], stderr);
  });

  test('the agent says what is wrong with an audience that the issuer does not know', async () => {
    const { PORT } = server.environment;
    const { exitCode, stderr } = await runAgent(['ask', 'What is 2 + 40?'], {
      PORT,
      AUTH_ISSUER: server.issuer,
      AUTH_CLIENT_ID: client.client_id,
      AUTH_CLIENT_SECRET: client.client_secret,
      AUTH_AUDIENCE: 'https://another-api.test',
    });
    assert.equal(exitCode, 3);
    assert.match(stderr, /another-api\.test/);
  });
});
