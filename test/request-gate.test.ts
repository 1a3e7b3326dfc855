// The request gate under generated requests: whatever comes, nothing runs without a good token and its scope, nothing is
// answered with 500, and nothing is thrown. As request → response.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTestApp, verify } from './support/app.ts';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const METHODS = [
  'tools/call',
  'tools/list',
  'initialize',
  'ping',
  'resources/read',
  'resources/subscribe',
  'prompts/get',
];
const VERSIONS = ['2026-07-28', '2025-11-25', '2025-03-26', '2099-01-01', ''];

interface Sent {
  readonly httpMethod: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}
/** Values that are no text and cannot be made into one. */
const odd = fc.constantFrom<unknown>({ toString: 1 }, [{ toString: null, valueOf: null }]);
const name = fc.oneof(
  fc.constantFrom('add', 'create_note', 'delete_note', 'import_notes', 'constructor'),
  fc.jsonValue(),
);
const method = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...METHODS) },
  { weight: 1, arbitrary: fc.oneof(fc.jsonValue(), odd) },
);
const params = fc.oneof(
  fc.record(
    {
      name,
      uri: fc.oneof(fc.constantFrom('note:///x', 'note:///'), fc.jsonValue()),
      arguments: fc.oneof(fc.constant({ a: 2, b: 40, title: 'x', id: 'x', confirm: true }), fc.jsonValue()),
      _meta: fc.oneof(fc.constant(META), fc.jsonValue()),
    },
    { requiredKeys: ['name', 'arguments'] },
  ),
  fc.jsonValue(),
);
const message = fc.record(
  {
    jsonrpc: fc.constantFrom('2.0', '2.0', '2.0', '1.0', 2),
    id: fc.oneof(fc.nat(), fc.nat(), fc.jsonValue(), odd),
    method,
    params,
  },
  { requiredKeys: ['jsonrpc', 'method'] },
);
/** A call as a client sends it, of one tool or another. */
const call = fc
  .tuple(fc.constantFrom('add', 'create_note', 'list_notes', 'multiply'), fc.boolean(), fc.nat())
  .map(([tool, isModern, id]) => {
    const args = tool === 'create_note' ? { title: 'x' } : tool === 'list_notes' ? {} : { a: 2, b: 40 };
    return {
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: tool, arguments: args, ...(isModern ? { _meta: META } : {}) },
    };
  });
const body = fc.oneof(
  { weight: 8, arbitrary: call.map((one) => JSON.stringify(one)) },
  { weight: 2, arbitrary: fc.array(call, { minLength: 1, maxLength: 3 }).map((all) => JSON.stringify(all)) },
  { weight: 6, arbitrary: message.map((one) => JSON.stringify(one)) },
  { weight: 2, arbitrary: fc.array(message, { maxLength: 4 }).map((all) => JSON.stringify(all)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
);
const headerText = fc.oneof(fc.constantFrom('add', 'multiply', ...METHODS, ...VERSIONS), fc.string({ maxLength: 40 }));
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const anyHeaders = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
      'application/jsonx',
    ),
    accept: fc.constantFrom('application/json, text/event-stream', 'text/event-stream', '*/*'),
    'mcp-protocol-version': headerText,
    'mcp-method': headerText,
    'mcp-name': headerText,
    'mcp-session-id': headerText,
    'last-event-id': headerText,
    traceparent: headerText,
  },
  { requiredKeys: ['content-type', 'accept'] },
);
const headers = fc.oneof(
  fc.constant<Sent['headers']>(JSON_HEADERS),
  fc.constantFrom('add', 'list_notes', 'multiply').map<Sent['headers']>((tool) => ({
    ...JSON_HEADERS,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': tool,
  })),
  anyHeaders,
);
const httpMethod = fc.oneof(
  { weight: 6, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('GET', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'PATCH') },
);

const sent: fc.Arbitrary<Sent> = fc.record({ httpMethod, headers, body });

function build({ httpMethod: verb, headers: given, body: text }: Sent, authorization: string | undefined) {
  const all = new Headers({ host: 'localhost:8000', ...(authorization === undefined ? {} : { authorization }) });
  for (const [key, value] of Object.entries(given)) {
    // What a header may not hold cannot arrive in one.
    try {
      if (value !== undefined) all.set(key, value);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  const hasBody = !['GET', 'HEAD'].includes(verb);
  return new Request('http://localhost:8000/mcp', { method: verb, headers: all, ...(hasBody ? { body: text } : {}) });
}

test('no generated request without a good token gets an answer other than 400, 401 or 413', async () => {
  const app = createTestApp({}, async () => ({ ok: false, fault: 'signature', hint: '' }));
  const authorization = fc.oneof(
    fc.constant(undefined),
    fc.constantFrom('Bearer forged', 'bearer a b', 'Basic x', 'DPoP x'),
  );
  await fc.assert(
    fc.asyncProperty(sent, authorization, async (request, credential) => {
      const response = await app.app.fetch(build(request, credential));
      assert.ok([400, 401, 413].includes(response.status), String(response.status));
      assert.match(response.headers.get('www-authenticate') ?? '', /^(Bearer|DPoP) .*resource_metadata="/);
      await response.body?.cancel();
    }),
    { numRuns: 500 },
  );
  assert.doesNotMatch(app.logText(), /"tool-call"|"request-failed"/);
  await app.app.close();
});

test('no generated request with a token without scopes runs a guarded tool, changes a note or is answered with 500', async () => {
  const app = createTestApp({}, () => verify('alice'));
  const ran = new Set(['subtract', 'multiply', 'divide']);
  await fc.assert(
    fc.asyncProperty(sent, async (request) => {
      const response = await app.app.fetch(build(request, 'Bearer good'));
      assert.ok(response.status < 500, `${response.status} ${await response.clone().text()}`);
      await response.body?.cancel();
    }),
    { numRuns: 1_500 },
  );
  const calls = app.log().filter(({ event }) => event === 'tool-call');
  assert.ok(calls.every(({ tool }) => ran.has(String(tool))));
  assert.equal(app.notebook.of('["https://issuer.example","alice"]').count(), 0);
  assert.doesNotMatch(app.logText(), /"request-failed"/);
  await app.app.close();
});

test('the generator reaches the tools: with all scopes the same requests run them', async () => {
  const app = createTestApp();
  for (const request of fc.sample(sent, { numRuns: 1_500, seed: 1 })) {
    const response = await app.app.fetch(build(request, 'Bearer alice.read~add.write~notes.delete~notes'));
    assert.ok(response.status < 500, String(response.status));
    // To its end: a call whose client goes away before its turn does not begin.
    await response.text();
  }
  const calls = app.log().filter(({ event }) => event === 'tool-call');
  for (const name of ['add', 'create_note', 'list_notes'])
    assert.ok(calls.filter(({ tool, outcome }) => tool === name && outcome === 'ok').length > 5, name);
  await app.app.close();
});
