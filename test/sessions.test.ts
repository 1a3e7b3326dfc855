// What only works while a server and a client stay in touch, with the stock clients of both SDK lines over real HTTP:
// in a session for the revisions up to 2025-11-25, by further rounds of the same call in 2026-07-28.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { SESSION_LIMITS } from '../mcp-server/sessions.ts';
import { type EndpointServer, startEndpointServer, tokenOf } from './support/endpoint-server.ts';

const INFO = { name: 'test-client', version: '0' };
const CAPABILITIES = { elicitation: {}, sampling: {}, roots: {} };
const ANSWER = { action: 'accept' as const, content: { username: 'alice', email: 'alice@example.com' } };
const SAMPLE = { role: 'assistant' as const, model: 'double', content: { type: 'text' as const, text: 'Paris' } };
const requestInit = { headers: { authorization: `Bearer ${tokenOf('alice')}` } };

interface Calls {
  call(name: string, args?: Record<string, unknown>, progress?: (step: number) => void): Promise<string>;
  cancel(name: string, started: Promise<void>): Promise<void>;
  close(): Promise<void>;
}

async function connectV1(server: EndpointServer) {
  const client = new Client1(INFO, { capabilities: CAPABILITIES });
  client.setRequestHandler(ElicitRequestSchema, () => ANSWER);
  client.setRequestHandler(CreateMessageRequestSchema, () => SAMPLE);
  const transport = new Transport1(new URL(server.url), { requestInit });
  // The SDK's own classes do not agree under exactOptionalPropertyTypes: `sessionId` may be undefined in one of them.
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return { client, transport };
}

async function callsOfV1(server: EndpointServer): Promise<Calls> {
  const { client, transport } = await connectV1(server);
  return {
    call: async (name, args = {}, progress = () => undefined) => {
      const onprogress = ({ progress: step }: { progress: number }) => progress(step);
      return textOf(await client.callTool({ name, arguments: args }, undefined, { onprogress }));
    },
    cancel: async (name, started) => {
      const abort = new AbortController();
      const call = client.callTool({ name, arguments: {} }, undefined, { signal: abort.signal });
      await started;
      abort.abort();
      await assert.rejects(call);
    },
    close: async () => {
      await transport.terminateSession();
      await client.close();
    },
  };
}

async function callsOfV2(server: EndpointServer, mode: 'legacy' | { pin: '2026-07-28' }): Promise<Calls> {
  const client = new Client2(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', () => ANSWER);
  client.setRequestHandler('sampling/createMessage', () => SAMPLE);
  const transport = new Transport2(new URL(server.url), { requestInit });
  await client.connect(transport);
  return {
    call: async (name, args = {}, progress = () => undefined) => {
      const onprogress = ({ progress: step }: { progress: number }) => progress(step);
      return textOf(await client.callTool({ name, arguments: args }, { onprogress }));
    },
    cancel: async (name, started) => {
      const abort = new AbortController();
      const call = client.callTool({ name, arguments: {} }, { signal: abort.signal });
      await started;
      abort.abort();
      await assert.rejects(call);
    },
    close: async () => {
      if (mode === 'legacy') await transport.terminateSession();
      await client.close();
    },
  };
}

function textOf(result: unknown): string {
  return JSON.stringify(result);
}

const CLIENTS: Readonly<Record<string, (server: EndpointServer) => Promise<Calls>>> = {
  'the client of SDK v1': callsOfV1,
  'the client of SDK v2 in a session': (server) => callsOfV2(server, 'legacy'),
  'the client of SDK v2 in 2026-07-28': (server) => callsOfV2(server, { pin: '2026-07-28' }),
};

for (const [name, connect] of Object.entries(CLIENTS))
  describe(name, () => {
    let server: EndpointServer;
    let calls: Calls;
    before(async () => {
      server = await startEndpointServer();
      calls = await connect(server);
    });
    after(async () => {
      await calls.close();
      assert.equal(server.endpoint.counts().sessions, 0);
      await server.close();
    });

    test('is asked for something by a tool, and its answer arrives', async () => {
      assert.match(await calls.call('test_elicitation', { message: 'Who are you?' }), /accept.*alice@example.com/);
    });

    test('is asked to sample by a tool', async () => {
      assert.match(await calls.call('test_sampling', { prompt: 'The capital of France?' }), /LLM response: Paris/);
    });

    test('hears of progress while the call goes on', async () => {
      const steps: number[] = [];
      await calls.call('test_tool_with_progress', {}, (step) => steps.push(step));
      assert.deepEqual(steps, [0, 50, 100]);
    });

    test('cancels a call, and the tool stops', async () => {
      await calls.cancel('wait', server.waiting);
      await server.cancelled;
    });
  });

describe('a session', () => {
  let server: EndpointServer;
  before(async () => {
    server = await startEndpointServer({ sessionLimits: { ...SESSION_LIMITS, streamRetryMs: 1 } });
  });
  after(() => server.close());

  test('brings log messages of the level that the client asked for', async () => {
    const { client } = await connectV1(server);
    const logged: unknown[] = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params.data));
    await client.setLoggingLevel('warning');
    await client.callTool({ name: 'test_tool_with_logging', arguments: {} });
    assert.deepEqual(logged, []);
    await client.setLoggingLevel('info');
    await client.callTool({ name: 'test_tool_with_logging', arguments: {} });
    assert.deepEqual(logged, ['Tool execution started', 'Tool processing data', 'Tool execution completed']);
    await client.close();
  });

  test('brings news of the resources that the client subscribed to', async () => {
    const { client } = await connectV1(server);
    const updated = Promise.withResolvers<string>();
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => updated.resolve(params.uri));
    await client.subscribeResource({ uri: 'test://watched-resource' });
    await client.callTool({ name: 'test_trigger_resource_change', arguments: {} });
    assert.equal(await updated.promise, 'test://watched-resource');
    await client.close();
  });

  test('lets a stock client go on after a stream that was closed in the middle of a call', async () => {
    const { client } = await connectV1(server);
    const result = await client.callTool({ name: 'test_reconnection', arguments: {} });
    assert.match(textOf(result), /Reconnection test completed successfully/);
    await client.close();
  });

  test('R8.resume: replays what a client missed after Last-Event-ID, and nothing for an id of another session', async () => {
    const { client, transport } = await connectV1(server);
    const headers = {
      ...requestInit.headers,
      'mcp-session-id': transport.sessionId ?? '',
      'mcp-protocol-version': '2025-11-25',
      accept: 'application/json, text/event-stream',
    };
    const call = await fetch(server.url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 'lost',
        method: 'tools/call',
        params: { name: 'test_reconnection', arguments: {} },
      }),
    });
    const cutShort = await call.text();
    assert.doesNotMatch(cutShort, /completed successfully/);
    const lastEventId = /^id: (.+)$/m.exec(cutShort)?.[1] ?? '';

    const resumed = await fetch(server.url, { headers: { ...headers, 'last-event-id': lastEventId } });
    assert.match(await resumed.text(), /completed successfully/);
    const again = await fetch(server.url, { headers: { ...headers, 'last-event-id': lastEventId } });
    assert.match(await again.text(), /completed successfully/, 'it is kept');

    const other = await connectV1(server);
    const stolen = { ...headers, 'mcp-session-id': other.transport.sessionId ?? '', 'last-event-id': lastEventId };
    const refused = await fetch(server.url, { headers: stolen });
    assert.equal(refused.status, 400);
    assert.doesNotMatch(await refused.text(), /completed/);
    await other.client.close();
    await client.close();
  });
});
