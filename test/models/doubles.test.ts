// The doubles are as strict as they claim: a request that a real package made is accepted again, and refused as soon as
// one thing about it is wrong.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { startConversation } from './conversation.ts';
import { startDouble } from './double.ts';
import { FORMATS } from './doubles/index.ts';
import type { ReceivedRequest, WireFormat } from './wire-format.ts';

interface Wrong {
  readonly title: string;
  readonly status: (format: WireFormat) => readonly number[];
  readonly change: (request: ReceivedRequest, format: WireFormat) => ReceivedRequest;
}

const inBody = (change: (body: unknown) => unknown) => (request: ReceivedRequest) => ({
  ...request,
  body: change(request.body),
});
const REFUSED = () => [400, 422];

const WRONGS: readonly Wrong[] = [
  {
    title: 'a wrong path',
    status: () => [404],
    change: (request) => ({ ...request, path: `/elsewhere${request.path}` }),
  },
  {
    title: 'a wrong method',
    status: () => [405],
    change: (request) => ({ ...request, method: 'PUT' }),
  },
  {
    title: 'a missing key',
    status: ({ id }) => (id === 'ollama' ? [200] : [400, 401, 403]),
    change: (request) => ({ ...request, headers: withoutKeys(request.headers) }),
  },
  {
    title: 'an unknown field',
    status: REFUSED,
    change: inBody((body) => ({ ...Object(body), frobnicate: true })),
  },
  { title: 'a call without its result', status: REFUSED, change: inBody((body) => drop(body, isResult)) },
  { title: 'a result without its call', status: REFUSED, change: inBody((body) => drop(body, isCall)) },
  {
    title: 'a tool name that the vendor refuses',
    status: REFUSED,
    change: inBody((body) => JSON.parse(JSON.stringify(body).replaceAll('"multiply"', '"multiply numbers"'))),
  },
  {
    title: 'a tool schema that the vendor refuses',
    status: REFUSED,
    change: inBody((body) =>
      mapObjects(body, (one) => ('properties' in one ? { ...one, type: ['object', 'array'] } : one)),
    ),
  },
];

for (const format of FORMATS)
  describe(`the double of ${format.id}`, () => {
    const request = captureRequest(format);

    test('accepts what the real package sends', async () => {
      assert.deepEqual(await send(format, await request), [200, 0]);
    });

    for (const { title, status, change } of WRONGS)
      test(`refuses ${title}`, async () => {
        const [answered, refusals] = await send(format, change(await request, format));
        assert.ok(status(format).includes(answered), `answered ${answered}`);
        assert.equal(refusals, answered === 200 ? 0 : 1);
      });

    const { checkPublished } = format;
    if (!checkPublished) return;
    test('holds requests to what the vendor publishes', async () => {
      const { body } = await request;
      assert.equal(checkPublished(body), undefined);
      for (const [title, misfit] of Object.entries(MISFITS)) {
        const changed = misfit(body);
        assert.notDeepEqual(changed, body, title);
        assert.match(String(checkPublished(changed)), /must/, title);
      }
    });
  });

test('each published schema comes out of a named document by the script, none by hand', () => {
  const directory = new URL('schemas/', import.meta.url);
  for (const name of readdirSync(directory)) {
    const { $comment } = JSON.parse(readFileSync(new URL(name, directory), 'utf8'));
    assert.match($comment, /^source: .+; sha256: [0-9a-f]{64}; licence: .+; changes: reduced by scripts\//, name);
  }
});

/** Bodies that no vendor's document allows, each wrong in one place. */
const MISFITS: Readonly<Record<string, (body: unknown) => unknown>> = {
  'an unknown field': (body) => ({ ...Object(body), frobnicate: true }),
  'a list that is none': (body) => ({ ...Object(body), tools: 'add' }),
  'a conversation that is none': (body) => mapConversation(body, () => 42),
  'a message with an unknown field': (body) =>
    mapConversation(body, (list) => list.map((one) => ({ ...Object(one), frobnicate: true }))),
  'a role that is none': (body) =>
    mapConversation(body, (list) => list.map((one) => ('role' in Object(one) ? { ...Object(one), role: 7 } : one))),
  'a function with an unknown field': (body) =>
    mapObjects(body, (one) => ('description' in one && 'name' in one ? { ...one, frobnicate: true } : one)),
  'a name of a function that is no text': (body) =>
    mapObjects(body, (one) => ('description' in one && 'name' in one ? { ...one, name: 7 } : one)),
};

/** The body with its conversation changed, by whatever name the vendor has for it. */
function mapConversation(body: unknown, change: (list: readonly unknown[]) => unknown): unknown {
  const entries = Object.entries(Object(body)).map(([key, value]) => [
    key,
    /^(?:messages|input|contents)$/.test(key) && Array.isArray(value) ? change(value) : value,
  ]);
  return Object.fromEntries(entries);
}

/** The request after two calls, with their results. */
async function captureRequest(format: WireFormat): Promise<ReceivedRequest> {
  const calls = [
    { name: 'add', args: { a: 2, b: 40 } },
    { name: 'multiply', args: { a: 6, b: 7 } },
  ];
  const conversation = await startConversation(format, [{ calls }, { text: 'Done.' }]);
  try {
    await conversation.say('Go');
    const request = conversation.double.requests[1];
    assert.ok(request, 'there is a second request');
    return request;
  } finally {
    await conversation.close();
  }
}

/** Status and number of refusals. */
async function send(format: WireFormat, { method, path, headers, body }: ReceivedRequest): Promise<[number, number]> {
  const double = await startDouble(format, [{ text: 'Hello.' }]);
  try {
    const kept = Object.entries(headers).filter(([name]) => !CONNECTION_HEADERS.includes(name));
    const response = await fetch(`${double.origin}${path}`, {
      method,
      headers: kept.map(([name, value]): [string, string] => [name, String(value)]),
      body: JSON.stringify(body),
    });
    await response.text();
    return [response.status, double.refusals.length];
  } finally {
    await double.close();
  }
}

const CONNECTION_HEADERS = ['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'];

function withoutKeys(headers: ReceivedRequest['headers']): ReceivedRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(?:authorization|.*api-key)$/.test(name)));
}

type Json = Readonly<Record<string, unknown>>;

function isResult(one: Json): boolean {
  return (
    one['role'] === 'tool' ||
    one['type'] === 'function_call_output' ||
    one['type'] === 'tool_result' ||
    'toolResult' in one ||
    'functionResponse' in one
  );
}

function isCall(one: Json): boolean {
  const isChatCall = 'function' in one && 'arguments' in Object(one['function']);
  return (
    isChatCall ||
    one['type'] === 'function_call' ||
    one['type'] === 'tool_use' ||
    'functionCall' in one ||
    'toolUse' in one
  );
}

/** The JSON without the first list entry that is such. */
function drop(json: unknown, isSuch: (one: Json) => boolean): unknown {
  let dropped = false;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value))
      return value.flatMap((one: unknown) => {
        if (dropped || typeof one !== 'object' || one === null || !isSuch({ ...one })) return [visit(one)];
        dropped = true;
        return [];
      });
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, visit(part)]));
  };
  return visit(json);
}

function mapObjects(json: unknown, change: (one: Json) => Json): unknown {
  if (Array.isArray(json)) return json.map((one: unknown) => mapObjects(one, change));
  if (typeof json !== 'object' || json === null) return json;
  return change(Object.fromEntries(Object.entries(json).map(([key, part]) => [key, mapObjects(part, change)])));
}
