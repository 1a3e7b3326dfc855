// What a token may do once it has been accepted: scopes of tools, in both generations of the protocol, over real HTTP.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { requireScopes } from '../mcp-server/auth/scopes.ts';
import { createTestApp } from './support/app.ts';
import { callTool, startTestServer, type TestServer } from './support/mcp-server.ts';
import { createSigningIssuer, type SigningIssuer } from './support/signing-issuer.ts';

const AUDIENCE = 'http://localhost:8000/mcp';
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

describe('scopes', () => {
  let issuer: SigningIssuer;
  let server: TestServer;
  before(async () => {
    issuer = await createSigningIssuer(AUDIENCE);
    server = await startTestServer({ AUTH_ISSUER: issuer.issuer, AUTH_AUDIENCE: AUDIENCE });
  });
  after(async () => {
    await server.close();
    await issuer.close();
  });

  const call = async (scope: unknown, name = 'add', args: Record<string, unknown> = { a: 2, b: 40 }) =>
    callTool(server.url, await issuer.sign({ scope }), name, args);
  const post = async (scope: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(server.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await issuer.sign({ scope })}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify(body),
    });
  const modern = (name: string) => ({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: { a: 2, b: 40 }, _meta: META },
  });
  const modernHeaders = (name: string) => ({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': name,
  });
  const ran = () => server.log().filter(({ event, tool }) => event === 'tool-call' && tool === 'add').length;

  test('R3.missing, S2, S3, S5: a missing scope is 403 with error, scope and resource_metadata, in both generations', async () => {
    const before = ran();
    for (const response of [await call('read:other'), await post('read:other', modern('add'), modernHeaders('add'))]) {
      assert.equal(response.status, 403);
      const challenge = response.headers.get('www-authenticate') ?? '';
      assert.match(challenge, /^Bearer error="insufficient_scope"/);
      assert.match(challenge, /scope="read:add"/);
      assert.match(
        challenge,
        /resource_metadata="http:\/\/localhost:\d+\/\.well-known\/oauth-protected-resource\/mcp"/,
      );
    }
    assert.equal(ran(), before);
    assert.equal((await call('')).status, 403);
    assert.equal((await call('', 'multiply')).status, 200);
  });

  test('R3.several: all scopes of an operation come in one challenge, held or not, over HTTP as well', async () => {
    const app = createTestApp({}, undefined, (tool) =>
      tool({ name: 'both', scopes: ['read:add', 'write:notes', 'delete:notes'], run: () => ({}) }),
    );
    for (const era of ['modern', 'legacy'] as const)
      for (const token of ['alice', 'alice.read~add', 'alice.write~notes.delete~notes']) {
        const response = await app.send('tools/call', { name: 'both', arguments: {} }, { era, token });
        assert.equal(response.status, 403, token);
        assert.match(
          response.headers.get('www-authenticate') ?? '',
          /^Bearer error="insufficient_scope", .*scope="read:add write:notes delete:notes", resource_metadata="http:/,
        );
      }
    assert.ok(!(await app.call('both', {})).isError);
  });

  test('R3.several: the challenge says which scopes are missing', async () => {
    const challenge = requireScopes('read:add', 'write:notes');
    const request = { jsonrpc: '2.0' as const, id: 1, method: 'tools/call' };
    const asked = await challenge({ request, authInfo: { token: '', clientId: 'c', scopes: ['read:add'] } });
    assert.deepEqual(asked?.scopes, ['read:add', 'write:notes']);
    assert.match(asked?.errorDescription ?? '', /lacks the scope write:notes$/);
    assert.equal(
      await challenge({ request, authInfo: { token: '', clientId: 'c', scopes: ['read:add', 'write:notes'] } }),
      undefined,
    );
    assert.ok(await challenge({ request }), 'nobody holds nothing');
  });

  test('R3.hierarchy, S6: write implies read, and read does not imply write', async () => {
    assert.equal((await call('write:notes', 'search_notes', { query: 'x' })).status, 200);
    assert.equal((await call('delete:notes', 'search_notes', { query: 'x' })).status, 200);
    assert.equal((await call('read:notes', 'create_note', { title: 'x', body: 'y' })).status, 403);
    assert.equal((await call('write:notes', 'delete_note', { id: 'x', confirm: true })).status, 403);
  });

  test('R3.shape: scope as an array makes the token invalid, and scp counts for nothing', async () => {
    assert.equal((await call(['read:add'])).status, 401);
    const scp = await issuer.sign({
      scope: undefined,
      scp: ['read:add'],
      permissions: ['read:add'],
      scopes: 'read:add',
    });
    assert.equal((await callTool(server.url, scp, 'add', { a: 2, b: 40 })).status, 403);
  });

  test('R3.case: scopes are case-sensitive', async () => {
    for (const scope of ['READ:ADD', 'Read:add', 'read:Add']) assert.equal((await call(scope)).status, 403, scope);
  });

  test('R3.prefix: a scope that begins or ends like the needed one does not count', async () => {
    for (const scope of ['read:addx', 'read:ad', 'xread:add', 'read:add:x', 'read:*', 'read', 'read:add,write:notes'])
      assert.equal((await call(scope)).status, 403, scope);
    assert.equal((await call('  other   read:add ')).status, 200);
  });

  test('R3.header: headers that name another tool do not get past the gate', async () => {
    const before = ran();
    const disguised = await post('', modern('add'), modernHeaders('multiply'));
    assert.equal(disguised.status, 400);
    assert.equal((await disguised.json()).error.code, -32_020);
    const { 'mcp-name': _name, ...nameless } = modernHeaders('add');
    const { 'mcp-protocol-version': _version, ...versionless } = modernHeaders('multiply');
    for (const headers of [nameless, { ...modernHeaders('add'), 'mcp-method': 'tools/list' }, versionless]) {
      const response = await post('', modern('add'), headers);
      assert.equal(response.status, 400, JSON.stringify(headers));
      assert.equal((await response.json()).error.code, -32_020);
    }
    assert.equal(ran(), before);
  });

  test('R3.batch: a batch in which one call lacks its scope runs nothing of it', async () => {
    const before = ran();
    const one = (id: number, name: string) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name, arguments: { a: 2, b: 40 } },
    });
    for (const batch of [[one(1, 'multiply'), one(2, 'add')], [one(2, 'add')], [one(2, 'add'), one(1, 'multiply')]]) {
      const response = await post('', batch);
      assert.equal(response.status, 403);
      assert.match(
        response.headers.get('www-authenticate') ?? '',
        /^Bearer error="insufficient_scope", .*scope="read:add", resource_metadata="http:/,
      );
    }
    const entries = { one: one(2, 'add'), two: [[one(2, 'add')]], three: [] };
    for (const [name, body] of Object.entries(entries).slice(1)) {
      const response = await post('', body);
      assert.equal(response.status, 400, name);
    }
    assert.equal(ran(), before);
  });

  test('S7: offline_access stands in no challenge and no metadata', async () => {
    const origin = new URL(server.url).origin;
    const metadata = await (await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`)).json();
    const challenges = [await callTool(server.url, undefined, 'add', {}), await call('')].map((response) =>
      response.headers.get('www-authenticate'),
    );
    assert.doesNotMatch(JSON.stringify([metadata, challenges]), /offline_access/);
    assert.ok(metadata.scopes_supported.includes('read:add'));
  });

  test('S9.version-header, S9.method, S9.name, S9.version, S9.unknown-method, S9.envelope: each has its code', async () => {
    const list = (meta: unknown) => ({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } });
    const headers = (version: string, method: string) => ({ 'mcp-protocol-version': version, 'mcp-method': method });
    const answer = async (body: unknown, sent: Record<string, string>) => {
      const response = await post('read:add', body, sent);
      return [response.status, (await response.json()).error?.code];
    };
    const before = ran();
    assert.deepEqual(await answer(list(META), headers('2026-07-28', 'tools/call')), [400, -32_020]);
    assert.deepEqual(await answer(list(META), headers('2025-11-25', 'tools/list')), [400, -32_020]);
    assert.deepEqual(await answer(list(META), { 'mcp-protocol-version': '2026-07-28' }), [400, -32_020]);
    assert.deepEqual(await answer(modern('add'), modernHeaders('multiply')), [400, -32_020]);
    const { 'mcp-name': _name, ...nameless } = modernHeaders('add');
    assert.deepEqual(await answer(modern('add'), nameless), [400, -32_020]);
    const future = { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' };
    assert.deepEqual(await answer(list(future), headers('2099-01-01', 'tools/list')), [400, -32_022]);
    const unsupported = await post('', list(future), headers('2099-01-01', 'tools/list'));
    assert.deepEqual((await unsupported.json()).error.data.supported, ['2026-07-28']);
    assert.deepEqual(
      await answer({ ...list(META), method: 'tools/none' }, headers('2026-07-28', 'tools/none')),
      [404, -32_601],
    );
    assert.deepEqual(await answer(list(undefined), headers('2026-07-28', 'tools/list')), [400, -32_602]);
    const { 'io.modelcontextprotocol/clientCapabilities': _capabilities, ...incomplete } = META;
    assert.deepEqual(await answer(list(incomplete), headers('2026-07-28', 'tools/list')), [400, -32_602]);
    assert.equal(ran(), before);
    assert.deepEqual(await answer(modern('add'), modernHeaders('add')), [200, undefined]);
  });

  test('S10.methods: GET and DELETE without a session are 405, whatever they claim', async () => {
    const authorization = `Bearer ${await issuer.sign()}`;
    for (const method of ['GET', 'DELETE'])
      for (const claim of [{}, { 'mcp-protocol-version': '2026-07-28' }, { 'last-event-id': 'x_1' }]) {
        const accept = 'application/json, text/event-stream';
        const response = await fetch(server.url, { method, headers: { authorization, accept, ...claim } });
        assert.equal(response.status, 405, `${method} ${JSON.stringify(claim)}`);
      }
  });

  test('S10: a 2026-07-28 request has no session and ignores one', async () => {
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META } };
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' };
    const plain = await post('', list, headers);
    const withSession = await post('', list, { ...headers, 'mcp-session-id': 'made-up', 'last-event-id': '7' });
    assert.equal(withSession.status, 200);
    assert.equal(withSession.headers.get('mcp-session-id'), null);
    assert.deepEqual((await withSession.json()).result.tools, (await plain.json()).result.tools);
  });

  test('S13.inputs: inputs are validated by the schema, and the failure is the tool’s', async () => {
    for (const args of [{ a: '2', b: 40 }, { a: 2 }, { a: null, b: 1 }, {}]) {
      const text = await (await call('read:add', 'add', args)).text();
      assert.match(text, /"isError":true/);
    }
  });
});

test('S13.rate: a principal that asks too much is told when to come back, and others are not', async () => {
  const issuer = await createSigningIssuer(AUDIENCE);
  const server = await startTestServer({
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: AUDIENCE,
    RATE_LIMIT_PER_MINUTE: '2',
  });
  const token = await issuer.sign({ sub: 'busy' });
  const status = async (bearer: string) => callTool(server.url, bearer, 'add', { a: 2, b: 40 });
  assert.deepEqual([(await status(token)).status, (await status(token)).status], [200, 200]);
  const limited = await status(token);
  assert.equal(limited.status, 429);
  assert.match(limited.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  assert.equal((await status(await issuer.sign({ sub: 'busy' }))).status, 429, 'another token of the same principal');
  assert.equal((await status(await issuer.sign({ sub: 'calm' }))).status, 200);
  await server.close();
  await issuer.close();
});
