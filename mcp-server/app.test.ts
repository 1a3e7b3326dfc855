import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createApp } from './app.ts';
import type { Principal, Verdict } from './auth/principal.ts';
import { parseConfig } from './config.ts';
import { createLog } from './log.ts';
import { openNotebook } from './notebook/notebook.ts';
import { IN_MEMORY } from './notebook/store.ts';

const PROTOCOL_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** The app with tokens that name their own scopes: `scoped.read~add` holds `read:add`. */
function createTestApp(verify = verifyByName) {
  let logText = '';
  const sink = {
    write: (line: string) => {
      logText += line;
      return true;
    },
  };
  const notebook = openNotebook({ file: IN_MEMORY });
  const app = createApp({ config: parseConfig({}), verify, log: createLog({ level: 'debug', sink }), notebook });
  return { ...app, logText: () => logText };
}

async function verifyByName(token: string): Promise<Verdict> {
  if (!token.startsWith('scoped')) return { ok: false, fault: 'signature', hint: 'the signature does not verify' };
  const principal = {
    issuer: 'i',
    subject: 's',
    clientId: 'c',
    scopes: token.replaceAll('~', ':').split('.').slice(1),
    expiresAt: 4e9,
  };
  // Only a check makes principals; a test of what comes after it has to pretend.
  return { ok: true, principal: principal as unknown as Principal };
}

function request(path: string, init: RequestInit = {}, host = 'localhost:8000'): Request {
  return new Request(`http://${host}${path}`, { ...init, headers: { host, ...init.headers } });
}

function call(name: string, args: unknown, { token = 'scoped.read~add', modern = false, headers = {} } = {}): Request {
  const params = { name, arguments: args, ...(modern ? { _meta: PROTOCOL_META } : {}) };
  const modernHeaders = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
  return request('/mcp', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(modern ? modernHeaders : {}),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
}

async function resultOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  return JSON.parse(text.replace(/^event: message\ndata: /, '').split('\n')[0] ?? '').result;
}

describe('protected-resource metadata', () => {
  test('is served under the path of the resource and at the root, to any origin', async () => {
    const { fetch } = createTestApp();
    for (const path of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource']) {
      const response = await fetch(request(path));
      assert.equal(response.headers.get('access-control-allow-origin'), '*');
      assert.deepEqual(await response.json(), {
        resource: 'http://localhost:8000/mcp',
        authorization_servers: ['http://localhost:8001'],
        scopes_supported: ['read:add', 'read:notes', 'write:notes', 'delete:notes'],
        bearer_methods_supported: ['header'],
        dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
        resource_name: 'Authorized MCP server',
      });
    }
  });

  test('names the resource as the caller addresses it, among the three loopback names only', async () => {
    const { fetch } = createTestApp();
    const resource = async (host: string) =>
      (await (await fetch(request('/.well-known/oauth-protected-resource/mcp', {}, host))).json()).resource;
    assert.equal(await resource('127.0.0.1:8000'), 'http://127.0.0.1:8000/mcp');
    assert.equal(await resource('[::1]:8000'), 'http://[::1]:8000/mcp');
    assert.equal(await resource('localhost:9999'), 'http://localhost:8000/mcp');
  });
});

describe('host and origin guard', () => {
  test('refuses a foreign Host, rebinding names included', async () => {
    const { fetch } = createTestApp();
    for (const host of ['evil.example', 'localhost.evil.example:8000', '127.0.0.1.nip.io:8000', 'evil.example:8000'])
      assert.equal((await fetch(request('/healthz', {}, host))).status, 403, host);
    assert.equal((await fetch(request('/healthz'))).status, 200);
  });

  test('refuses a foreign Origin although the Host is right', async () => {
    const { fetch } = createTestApp();
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example'])
      assert.equal((await fetch(call('add', { a: 1, b: 2 }, { headers: { origin } }))).status, 403, origin);
    assert.equal(
      (await fetch(call('add', { a: 1, b: 2 }, { headers: { origin: 'http://localhost:6274' } }))).status,
      200,
    );
  });
});

describe('bearer gate', () => {
  test('answers 401 with a challenge, 403 with the scope, 503 when tokens cannot be checked', async () => {
    const { fetch } = createTestApp();
    assert.equal((await fetch(call('add', {}, { token: 'forged' }))).status, 401);
    const forbidden = await fetch(call('add', { a: 1, b: 2 }, { token: 'scoped.write~other' }));
    assert.equal(forbidden.status, 403);
    assert.match(
      forbidden.headers.get('www-authenticate') ?? '',
      /error="insufficient_scope", .*scope="read:add", resource_metadata=/,
    );
    const outage = createTestApp(async () => ({ ok: false, fault: 'issuer_unavailable', hint: 'down' }));
    const unavailable = await outage.fetch(call('add', {}));
    assert.equal(unavailable.status, 503);
    assert.equal(unavailable.headers.get('retry-after'), '10');
    assert.equal(unavailable.headers.get('www-authenticate'), null);
  });

  test('guards the tool in both generations of the protocol', async () => {
    const { fetch } = createTestApp();
    for (const modern of [false, true]) {
      assert.equal((await fetch(call('add', { a: 1, b: 2 }, { token: 'scoped', modern }))).status, 403);
      assert.equal((await fetch(call('add', { a: 1, b: 2 }, { modern }))).status, 200);
    }
  });

  test('is not fooled by a header that names another tool than the body', async () => {
    const { fetch, logText } = createTestApp();
    const disguised = call(
      'add',
      { a: 1, b: 2 },
      { token: 'scoped', modern: true, headers: { 'mcp-name': 'multiply' } },
    );
    assert.equal((await fetch(disguised)).status, 400);
    assert.doesNotMatch(logText(), /"tool-call"/);
  });
});

describe('requests that are not calls', () => {
  test('a body that is not JSON is a parse error, a large one is refused', async () => {
    const { fetch } = createTestApp();
    const headers = { authorization: 'Bearer scoped', 'content-type': 'application/json' };
    const broken = await fetch(request('/mcp', { method: 'POST', headers, body: '{"jsonrpc"' }));
    assert.equal(broken.status, 400);
    assert.equal((await broken.json()).error.code, -32_700);
    const large = await fetch(request('/mcp', { method: 'POST', headers, body: `"${'x'.repeat(2 ** 20)}"` }));
    assert.equal(large.status, 413);
  });

  test('a path that is not served is 404', async () => {
    assert.equal((await createTestApp().fetch(request('/admin'))).status, 404);
  });
});

describe('arithmetic tools', () => {
  const run = async (name: string, args: unknown) => resultOf(await createTestApp().fetch(call(name, args)));

  test('compute', async () => {
    for (const [name, a, b, result] of [
      ['add', 2, 40, 42],
      ['subtract', 2, 40, -38],
      ['multiply', 6, 7, 42],
      ['divide', 1, 8, 0.125],
    ] as const) {
      const { content, structuredContent } = await run(name, { a, b });
      assert.deepEqual(structuredContent, { result });
      assert.deepEqual(content, [{ type: 'text', text: String(result) }]);
    }
  });

  test('explain what is wrong with their input instead of failing', async () => {
    const cases = [
      ['divide', { a: 1, b: 0 }, /Division by zero/],
      ['multiply', { a: 1e308, b: 10 }, /too large/],
      ['add', { a: 'two', b: 40 }, /number/],
      ['add', { a: 2 }, /b/],
    ] as const;
    for (const [name, args, expected] of cases) {
      const { isError, content } = await run(name, args);
      assert.equal(isError, true, name);
      assert.match(JSON.stringify(content), expected);
    }
  });

  test('are listed with titles, both schemas, annotations and the scopes they need', async () => {
    const list = request('/mcp', {
      method: 'POST',
      headers: {
        authorization: 'Bearer scoped',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    // The shape that the schema of tools/list promises; the assertions below check it.
    const { tools } = (await resultOf(await createTestApp().fetch(list))) as { tools: Record<string, unknown>[] };
    assert.deepEqual(
      tools.slice(0, 4).map(({ name }) => name),
      ['add', 'subtract', 'multiply', 'divide'],
    );
    for (const { title, inputSchema, outputSchema, annotations } of tools.slice(0, 4)) {
      assert.ok(title && inputSchema && outputSchema);
      assert.deepEqual(annotations, { readOnlyHint: true, idempotentHint: true, openWorldHint: false });
    }
    assert.deepEqual(tools[0]?.['_meta'], { 'authorized-mcp-agent/scopes': ['read:add'] });
  });

  test('leave a log line per call that says who called what, without arguments', async () => {
    const app = createTestApp();
    await (await app.fetch(call('add', { a: 123_456, b: 40 }))).text();
    const line =
      app
        .logText()
        .split('\n')
        .find((text) => text.includes('"tool-call"')) ?? '';
    const { method, tool, client_id, subject, outcome } = JSON.parse(line);
    assert.deepEqual([method, tool, client_id, subject, outcome], ['tools/call', 'add', 'c', 's', 'ok']);
    assert.doesNotMatch(line, /123456/);
  });
});
