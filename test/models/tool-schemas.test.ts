// The tools of our server and of the protocol's reference server, loaded as the agent loads them and sent through every
// provider's real package: no vendor refuses one, and none is lost on the way.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DynamicStructuredTool, type StructuredToolInterface } from '@langchain/core/tools';
import { createTokenSource } from '../../agent/auth/token-source.ts';
import { connect, type McpConnection } from '../../agent/mcp/connection.ts';
import { loadTools } from '../../agent/mcp/tools.ts';
import type { JsonSchema } from '../../agent/models/plain-schema.ts';
import { startTestServer, type TestServer } from '../support/mcp-server.ts';
import { sendTools } from './conversation.ts';
import { FORMATS } from './doubles/index.ts';
import { startEverythingServer } from './everything-server.ts';

describe('tools of real servers', () => {
  let ours: TestServer;
  let everything: Awaited<ReturnType<typeof startEverythingServer>>;
  let connections: readonly McpConnection[];
  let tools: readonly StructuredToolInterface[];

  before(async () => {
    [ours, everything] = await Promise.all([startTestServer(), startEverythingServer()]);
    const file = join(ours.dataDir, 'agent-client.json');
    connections = await Promise.all([
      connect(
        { name: 'ours', url: ours.url },
        { tokens: createTokenSource({ serverUrl: ours.url, credential: { kind: 'local-client', file } }) },
      ),
      connect(
        { name: 'everything', url: everything.url },
        { tokens: createTokenSource({ serverUrl: everything.url, credential: { kind: 'bearer', token: 'unused' } }) },
      ),
    ]);
    tools = (await loadTools(connections)).map(({ tool }) => tool);
  });
  after(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await Promise.all([ours.close(), everything.close()]);
  });

  test('both servers have tools', () => {
    const names = tools.map(({ name }) => name);
    assert.ok(names.includes('add') && names.includes('get-sum'), names.join(', '));
  });

  for (const format of FORMATS)
    test(`are accepted by ${format.id}`, async () => {
      const { refusals, names } = await sendTools(format, tools);
      assert.deepEqual(refusals, []);
      assert.deepEqual(names.toSorted(), tools.map(({ name }) => name).toSorted());
    });
});

/** What servers in the wild write into schemas, and one vendor or another refuses. */
const WILD: Readonly<Record<string, Record<string, unknown>>> = {
  limits: { count: { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10, multipleOf: 2 } },
  formats: { link: { type: 'string', format: 'uri' }, day: { type: 'string', format: 'date' } },
  alternatives: { id: { oneOf: [{ type: 'string' }, { type: 'integer' }] } },
  several_types: { id: { type: ['string', 'null'] } },
  constant: { kind: { const: 'note' } },
  numbers_to_choose: { level: { type: 'integer', enum: [1, 2, 3] } },
  empty_choice: { sort: { type: 'string', enum: ['', 'asc', 'desc'] } },
  list_of_anything: { items: { type: 'array' } },
  map: { labels: { type: 'object', additionalProperties: { type: 'string' } } },
  anything: { value: {} },
  tuple: { pair: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }] } },
  unique: { tags: { type: 'array', items: { type: 'string' }, uniqueItems: true } },
  annotated: { when: { type: 'string', examples: ['now'], deprecated: true, readOnly: false, $comment: 'x' } },
};

const ROOTS: Readonly<Record<string, Record<string, unknown>>> = {
  reference: {
    type: 'object',
    properties: { note: { $ref: '#/$defs/note' } },
    $defs: { note: { type: 'object', properties: { title: { type: 'string' }, next: { $ref: '#/$defs/note' } } } },
  },
  alternatives_at_the_top: {
    type: 'object',
    properties: { a: { type: 'string' }, b: { type: 'string' } },
    anyOf: [{ required: ['a'] }, { required: ['b'] }],
  },
  nothing: { type: 'object' },
  strange_property: { type: 'object', properties: { $filter: { type: 'string' }, 'a b': { type: 'string' } } },
};

describe('constructs that some vendor refuses', () => {
  const schemas = {
    ...Object.fromEntries(
      Object.entries(WILD).map(([name, properties]) => [
        name,
        { type: 'object', properties, additionalProperties: false },
      ]),
    ),
    ...ROOTS,
  };
  for (const format of FORMATS)
    test(`are brought to what ${format.id} accepts, and no tool is lost`, async () => {
      for (const [name, schema] of Object.entries(schemas)) {
        const tool = createTool(name, schema);
        const { refusals, names } = await sendTools(format, [tool]);
        assert.deepEqual(refusals, [], name);
        assert.deepEqual(names, [name]);
      }
    });
});

function createTool(name: string, schema: JsonSchema): StructuredToolInterface {
  // A schema as its server wrote it; LangChain takes any, but its type wants what it can derive arguments from.
  const written = schema as { type: 'object' };
  return new DynamicStructuredTool({ name, description: 'A tool.', schema: written, func: async () => '' });
}
