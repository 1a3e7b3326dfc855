// The model that the graph talks to, over real packages and a made-up network.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import { AgentError } from '../errors.ts';
import { type CreateModelOptions, createModel, selectModel } from './registry.ts';

const ENVIRONMENT = {
  LLM_MODEL: 'openai:first',
  LLM_FALLBACK_MODELS: 'deepseek:second,xai:third',
  LLM_MAX_RETRIES: '0',
  OPENAI_API_KEY: 'sk-first-first-first',
  DEEPSEEK_API_KEY: 'sk-second-second-second',
  XAI_API_KEY: 'xai-third-third-third',
};
const WAITS_NEVER = async () => undefined;

function event(delta: object, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason }];
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}

const answer = (text: string) =>
  new Response(event({ role: 'assistant', content: '' }) + event({ content: text }) + event({}, 'stop'), {
    headers: { 'content-type': 'text/event-stream' },
  });
const refusal = (status: number) => new Response('{"error":{"message":"no"}}', { status });

/** The model with a network that answers by host; hosts in the order in which they were asked. */
async function setUp(network: Readonly<Record<string, () => Response | Promise<Response>>>, environment = {}) {
  const asked: string[] = [];
  const notices: string[] = [];
  const bodies: Record<string, unknown>[] = [];
  const options: CreateModelOptions = {
    wait: WAITS_NEVER,
    onNotice: (text) => notices.push(text),
    fetch: async (input, init) => {
      const { hostname } = new URL(String(input));
      asked.push(hostname);
      bodies.push(JSON.parse(String(init?.body)));
      return network[hostname]?.() ?? refusal(404);
    },
  };
  const all = { ...ENVIRONMENT, ...environment };
  const { model } = await createModel(selectModel(all), all, options);
  return { model, asked, notices, bodies };
}

test('another model takes the place of one that fails, with a notice, and rests the failed one for a while', async () => {
  const { model, asked, notices } = await setUp({
    'api.openai.com': () => refusal(500),
    'api.deepseek.com': () => refusal(429),
    'api.x.ai': () => answer('Here.'),
  });
  assert.equal((await model.invoke('hello')).text, 'Here.');
  assert.deepEqual(asked, ['api.openai.com', 'api.deepseek.com', 'api.x.ai']);
  assert.equal(notices.length, 2);
  assert.match(notices[0] ?? '', /^openai:first answered HTTP 500: "no".* Going on with deepseek:second\.$/);
  assert.match(notices[1] ?? '', /^deepseek:second refuses more requests .* Going on with xai:third\.$/);

  await model.invoke('again');
  assert.deepEqual(asked.slice(3), ['api.x.ai']);
  assert.equal(notices.length, 2);
});

test('tools and streaming work with whichever model answers', async () => {
  const { model, bodies } = await setUp({
    'api.openai.com': () => refusal(503),
    'api.deepseek.com': () => answer('a b'),
  });
  const tool = { type: 'function' as const, function: { name: 'add', parameters: { type: 'object', properties: {} } } };
  const texts: string[] = [];
  for await (const chunk of await model.bindTools([tool]).stream('go')) texts.push(chunk.text);
  assert.equal(texts.join(''), 'a b');
  assert.deepEqual(
    bodies.map(({ tools, stream, model: name }) => [Array.isArray(tools) && tools.length, stream, name]),
    [
      [1, true, 'first'],
      [1, true, 'second'],
    ],
  );
});

test('when all fail, the last failure is told', async () => {
  const { model } = await setUp({ 'api.x.ai': () => refusal(401) });
  await assert.rejects(model.invoke('hello'), { code: 'model_refused', message: /XAI_API_KEY/ });
});

test('an answer that broke off after its first words is not begun again by another model', async () => {
  const { model, asked } = await setUp({
    'api.openai.com': () =>
      new Response(event({ content: 'Half an' }), { headers: { 'content-type': 'text/event-stream' } }),
  });
  await assert.rejects(model.invoke('hello'), { code: 'unreachable', message: /broke off in the middle/ });
  assert.deepEqual(asked, ['api.openai.com']);
});

test('an answer that broke off before its first word is', async () => {
  const { model } = await setUp({
    'api.openai.com': () =>
      new Response(event({ role: 'assistant', content: '' }), { headers: { 'content-type': 'text/event-stream' } }),
    'api.deepseek.com': () => answer('Whole.'),
  });
  assert.equal((await model.invoke('hello')).text, 'Whole.');
});

test('a cancelled call asks no other model, and ends although nobody answers', async () => {
  const begun = Promise.withResolvers<void>();
  const { model, asked, notices } = await setUp({
    'api.openai.com': () => {
      begun.resolve();
      return new Promise<Response>(() => undefined);
    },
  });
  const controller = new AbortController();
  const call = model.invoke('hello', { signal: controller.signal }).catch((error: unknown) => error);
  await begun.promise;
  const before = performance.now();
  controller.abort();
  assert.ok((await call) instanceof Error);
  assert.ok(performance.now() - before < 200);
  assert.deepEqual([asked, notices], [['api.openai.com'], []]);
});

test('reasoning is kept, and is no part of the answer', async () => {
  const { model } = await setUp({
    'api.openai.com': () =>
      new Response(event({ content: '<think>Hm' }) + event({ content: 'm</think>\n\nFive.' }) + event({}, 'stop'), {
        headers: { 'content-type': 'text/event-stream' },
      }),
  });
  const message = await model.invoke('hello');
  assert.equal(message.text, 'Five.');
  assert.equal(message.additional_kwargs['reasoning_content'], 'Hmm');
});

test("a conversation goes on with another vendor's model", async () => {
  const { model, bodies } = await setUp({
    'api.openai.com': () => refusal(500),
    'api.deepseek.com': () => answer('Yes.'),
  });
  const foreign = new AIMessage({
    content: [
      { type: 'reasoning', reasoning: 'secret thoughts' },
      { type: 'text', text: 'Before.' },
    ],
    response_metadata: { written_by: 'openai:first' },
  });
  await model.invoke([new HumanMessage('one'), foreign, new HumanMessage('two')]);
  const { messages } = bodies.at(-1) ?? {};
  assert.ok(Array.isArray(messages));
  assert.equal(messages[1].content, 'Before.');
});

test('a fallback without its package is told at start, with the line that installs it', async () => {
  const environment = {
    LLM_MODEL: 'openai:first',
    OPENAI_API_KEY: 'k',
    COHERE_API_KEY: 'k',
    LLM_FALLBACK_MODELS: 'cohere:x',
  };
  await assert.rejects(
    createModel(selectModel(environment), environment),
    (error) =>
      error instanceof AgentError &&
      error.code === 'missing_package' &&
      /\n {2}npm install langchain@[\d.]+ @langchain\/cohere$/.test(error.message),
  );
});
