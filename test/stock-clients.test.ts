// Clients as other people use them, against the whole server with its own authorization server: the LangChain adapter's
// MultiServerMCPClient, and SDK v1 that gets its own token.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { ClientCredentialsProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { freePorts } from './support/ports.ts';
import { createSigningIssuer } from './support/signing-issuer.ts';
import { machineToken } from './support/tokens.ts';

describe('stock clients', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('MultiServerMCPClient lists and calls tools with a bearer header', async () => {
    const headers = { Authorization: `Bearer ${await machineToken(server)}` };
    const client = new MultiServerMCPClient({ mcpServers: { local: { transport: 'http', url: server.url, headers } } });
    const tools = await client.getTools();
    const add = tools.find(({ name }) => name === 'add');
    assert.ok(add, tools.map(({ name }) => name).join());
    assert.match(JSON.stringify(await add.invoke({ a: 2, b: 40 })), /42/);
    await client.close();
  });

  test('the client of SDK v1 finds the issuer, gets a token as a machine, lists and calls `add`', async () => {
    const own = JSON.parse(await readFile(join(server.dataDir, 'agent-client.json'), 'utf8'));
    const authProvider = new ClientCredentialsProvider({
      clientId: own.client_id,
      clientSecret: own.client_secret,
      expectedIssuer: own.issuer,
    });
    const client = new Client({ name: 'test-client', version: '0' });
    const transport = new StreamableHTTPClientTransport(new URL(server.url), { authProvider });
    // The SDK's own classes do not agree under exactOptionalPropertyTypes: `sessionId` may be undefined in one of them.
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    const { tools } = await client.listTools();
    assert.ok(tools.some(({ name }) => name === 'add'));
    const result = await client.callTool({ name: 'add', arguments: { a: 2, b: 40 } });
    assert.deepEqual(result.structuredContent, { result: 42 });
    await transport.terminateSession();
    await client.close();
  });

  test('nobody sees the fixtures of the conformance suite, unless they are asked for', async () => {
    const { tools } = await listEverything(server.url, await machineToken(server));
    assert.deepEqual(
      tools.filter((name) => name.startsWith('test_')),
      [],
    );
  });
});

test('R8.session: a session is of no use to another principal, though its token is valid', async () => {
  const [port] = await freePorts(1);
  const issuer = await createSigningIssuer(`http://localhost:${port}/mcp`);
  const server = await startTestServer({ PORT: String(port), AUTH_ISSUER: issuer.issuer, CONFORMANCE_FIXTURES: '1' });
  const alice = await issuer.sign({ sub: 'alice' });
  const { session, tools } = await listEverything(server.url, alice);
  assert.ok(tools.includes('test_simple_text'));
  const others = [await issuer.sign({ sub: 'mallory' }), await issuer.sign({ sub: 'alice', client_id: 'client-2' })];
  const statusOf = async (token: string, method: string) => {
    const response = await fetch(server.url, {
      method,
      headers: headersOf(token, session),
      ...(method === 'POST' ? { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }) } : {}),
    });
    await response.body?.cancel();
    return response.status;
  };
  for (const token of others)
    for (const method of ['POST', 'GET', 'DELETE']) assert.equal(await statusOf(token, method), 404, method);
  const renewed = await issuer.sign({ sub: 'alice', scope: 'read:add read:notes' });
  assert.equal(await statusOf(renewed, 'POST'), 200, 'its own principal may go on with another token');
  assert.equal(await statusOf(renewed, 'DELETE'), 200);
  assert.ok(server.log().some(({ event, reason }) => event === 'session-refused' && reason === 'session_of_another'));
  await server.close();
  await issuer.close();
});

test('a server that stops ends the streams that wait for news in good order', async () => {
  const server = await startTestServer();
  const token = await machineToken(server);
  const { session } = await listEverything(server.url, token);
  const standing = await fetch(server.url, { headers: headersOf(token, session) });
  assert.equal(standing.status, 200);
  // Cut off at the deadline, the stream would end with an error.
  const [text] = await Promise.all([standing.text(), server.close()]);
  assert.equal(text, '');
});

function headersOf(token: string, session?: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(session === undefined ? {} : { 'mcp-session-id': session }),
  };
}

/** Opens a session by hand and lists the names of the tools in it. */
async function listEverything(url: string, token: string): Promise<{ session: string; tools: string[] }> {
  const post = (body: unknown, session?: string) =>
    fetch(url, { method: 'POST', headers: headersOf(token, session), body: JSON.stringify(body) });
  const opened = await post({
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '0' } },
  });
  await opened.text();
  const session = opened.headers.get('mcp-session-id') ?? '';
  const listed = await (await post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, session)).text();
  return { session, tools: [...listed.matchAll(/"name":"(\w+)","/g)].map(([, name = '']) => name) };
}
