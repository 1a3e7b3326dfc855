// The real `ChatOpenAI` against an HTTP double on loopback: what the registry configures is what goes out.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { AIMessageChunk } from '@langchain/core/messages';
import { DynamicStructuredTool } from '@langchain/core/tools';
import type { Environment, ModelSelection } from './provider.ts';
import { createModel, describeModelError } from './registry.ts';

// A name for which LangChain would choose the Responses API by itself.
const SELECTION: ModelSelection = { provider: 'openai', model: 'local-codex', reason: 'LLM_MODEL' };
const SCHEMA = {
  type: 'object' as const,
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
};
const ADD = new DynamicStructuredTool({ name: 'add', description: 'Adds.', schema: SCHEMA, func: async () => '' });

interface SeenRequest {
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

test('a streamed tool call goes to the configured server with key, model, settings and schema', async () => {
  await using double = await startDouble(200);
  const { model } = await createModel(SELECTION, {
    ...double.environment,
    OPENAI_API_KEY: 'sk-test',
    LLM_TEMPERATURE: '0.5',
    LLM_MAX_TOKENS: '99',
  });
  const chunks: AIMessageChunk[] = [];
  for await (const chunk of await model.bindTools([ADD]).stream('What is 2 + 40?')) chunks.push(chunk);

  const [request] = double.requests;
  assert.equal(double.requests.length, 1);
  assert.equal(request?.url, '/v1/chat/completions');
  assert.equal(request?.headers.authorization, 'Bearer sk-test');
  const { model: name, stream, stream_options, temperature, max_tokens, tools } = request?.body ?? {};
  assert.deepEqual(
    { name, stream, stream_options, temperature, max_tokens },
    {
      name: 'local-codex',
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
      max_tokens: 99,
    },
  );
  assert.deepEqual(tools, [{ type: 'function', function: { name: 'add', description: 'Adds.', parameters: SCHEMA } }]);

  const [first, ...others] = chunks;
  assert.ok(first);
  const whole = others.reduce((sum, chunk) => sum.concat(chunk), first);
  assert.deepEqual(
    whole.tool_calls?.map(({ id, name, args }) => ({ id, name, args })),
    [{ id: 'call_1', name: 'add', args: { a: 2, b: 40 } }],
  );
  assert.partialDeepStrictEqual(whole.usage_metadata, { input_tokens: 5, output_tokens: 7 });
});

test('a server on this machine needs no key, and gets no account identifiers', async (context) => {
  setForTest(context, { OPENAI_ORG_ID: 'org', OPENAI_ORGANIZATION: 'org', OPENAI_PROJECT_ID: 'project' });
  await using double = await startDouble(200);
  const { model } = await createModel(SELECTION, double.environment);
  await model.stream('hello');
  const { headers } = double.requests[0] ?? {};
  assert.equal(headers?.authorization, 'Bearer no-key-needed');
  assert.deepEqual([headers?.['openai-organization'], headers?.['openai-project']], [undefined, undefined]);
});

test('a refused key is told as such, after one attempt', async () => {
  await using double = await startDouble(401);
  const { model } = await createModel(SELECTION, { ...double.environment, OPENAI_API_KEY: 'sk-secret-secret' });
  const error = await model.invoke('hello').catch((thrown: unknown) => thrown);
  const described = describeModelError(error, SELECTION);
  assert.equal(double.requests.length, 1);
  assert.equal(described.code, 'model_refused');
  assert.equal(described.details.status, 401);
  assert.match(described.message, /Check OPENAI_API_KEY/);
  assert.doesNotMatch(described.message, /sk-secret/);
});

test('a server that is not there is unreachable', async () => {
  const double = await startDouble(200);
  await double[Symbol.asyncDispose]();
  const { model } = await createModel(SELECTION, { ...double.environment, LLM_MAX_RETRIES: '0' });
  const error = await model.invoke('hello').catch((thrown: unknown) => thrown);
  const described = describeModelError(error, SELECTION);
  assert.equal(described.code, 'unreachable');
  assert.match(described.message, /ECONNREFUSED at 127\.0\.0\.1:\d+/);
});

test('a server that is silent for too long is unreachable', async () => {
  await using double = await startDouble('silent');
  const { model } = await createModel(SELECTION, {
    ...double.environment,
    LLM_TIMEOUT_MS: '20',
    LLM_MAX_RETRIES: '0',
  });
  const error = await model.invoke('hello').catch((thrown: unknown) => thrown);
  assert.match(describeModelError(error, SELECTION).message, /LLM_TIMEOUT_MS/);
});

test('an aborted call is an interruption', async () => {
  await using double = await startDouble('silent');
  const { model } = await createModel(SELECTION, double.environment);
  const controller = new AbortController();
  const call = model.invoke('hello', { signal: controller.signal }).catch((thrown: unknown) => thrown);
  await double.firstRequest;
  controller.abort();
  assert.equal(describeModelError(await call, SELECTION).code, 'interrupted');
});

test('without a base URL the provider itself is meant, whatever else the process environment says', async (context) => {
  setForTest(context, { OPENAI_API_BASE: 'https://elsewhere.example/v1', LANGSMITH_GATEWAY: 'true' });
  const urls: string[] = [];
  const { model } = await createModel(
    SELECTION,
    { OPENAI_API_KEY: 'sk-test' },
    {
      fetch: async (input) => {
        urls.push(String(input));
        return new Response('{}', { status: 400 });
      },
    },
  );
  await assert.rejects(model.invoke('hello'));
  assert.equal(new URL(urls[0] ?? '').origin, 'https://api.openai.com');
});

/** Sets what the SDK would read from the process environment behind our back. */
function setForTest(context: TestContext, variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  context.after(() => {
    for (const name of Object.keys(variables)) {
      delete process.env[name];
      if (before[name] !== undefined) process.env[name] = before[name];
    }
  });
}

/** An OpenAI-compatible server that streams one call of `add`, refuses, or never answers. */
async function startDouble(behaviour: 200 | 401 | 'silent') {
  const requests: SeenRequest[] = [];
  const arrival = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    requests.push({ url: request.url, headers: request.headers, body: JSON.parse(body) });
    arrival.resolve();
    if (behaviour === 'silent') return;
    if (behaviour === 401) {
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `Incorrect key: ${request.headers.authorization}` } }));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(STREAM.map((data) => `data: ${data}\n\n`).join(''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // The address of a listening TCP server is never a string.
  const { port } = server.address() as AddressInfo;
  const environment: Environment = { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1/` };
  return {
    environment,
    requests,
    firstRequest: arrival.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

const STREAM = [
  chunk({
    role: 'assistant',
    tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":' } }],
  }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '2,"b":40}' } }] }),
  chunk({}, 'tool_calls'),
  JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 } }),
  '[DONE]',
];

function chunk(delta: object, finish_reason: string | null = null): string {
  return JSON.stringify({
    id: 'x',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason }],
  });
}
