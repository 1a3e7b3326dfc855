// A process that lives for long: a thousand turns in as many threads leave nothing behind.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { type TestContext, test } from 'node:test';
import { BaseLangChain } from '@langchain/core/language_models/base';
import { DynamicStructuredTool } from '@langchain/core/tools';
import { createBinder } from '../agent/agent/turn-factory.ts';
import { createModel, describeModelError, selectModel } from '../agent/models/registry.ts';
import { createTestGraph, createTestSession, loadedTools } from './support/session.ts';

const TURNS = 1000;
/** Enough for everything that is made once to have been made. */
const WARM_UP_TURNS = 20;

test('1 000 turns in changing threads make no further model and leave no listener', {
  timeout: 60_000,
}, async (context) => {
  const double = createDouble();
  const environment = { LLM_MODEL: 'openai:double', OPENAI_API_KEY: 'sk-test' };
  const selection = selectModel(environment);
  const built = countBuilt(context);
  const { model } = await createModel(selection, environment, { fetch: double.fetch });
  const tools = [
    new DynamicStructuredTool({
      name: 'add',
      description: 'Adds.',
      schema: { type: 'object' as const, properties: {} },
      func: async () => '42',
    }),
  ];
  const lasting = { bind: createBinder(), tools: loadedTools(tools) };
  const options = {
    model,
    tools,
    graph: createTestGraph(),
    describeModelError: (error: unknown) => describeModelError(error, selection),
  };
  const interrupt = new AbortController();
  const run = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) {
      const session = createTestSession(options, lasting);
      const request = turn % 10 === 0 ? 'add' : 'hello';
      for await (const event of session.run(request, interrupt.signal))
        if (event.type === 'turn-end') assert.equal(event.status, 'ok', event.error?.message);
    }
  };

  await run(WARM_UP_TURNS);
  const before = { built: built(), listeners: listenersOf(interrupt.signal) };
  assert.ok(before.built > 0);
  await run(TURNS);
  assert.deepEqual({ built: built(), listeners: listenersOf(interrupt.signal) }, before);
  assert.equal(double.requests(), 1.1 * (WARM_UP_TURNS + TURNS));
});

/** Listeners on the process and on the signal that all turns share. */
function listenersOf(signal: AbortSignal): Readonly<Record<string, number>> {
  const onProcess = process.eventNames().map((name) => [String(name), process.listenerCount(name)] as const);
  return { ...Object.fromEntries(onProcess), abort: getEventListeners(signal, 'abort').length };
}

/** Every model and every tool, of whatever class, states its version once, when it is built. */
function countBuilt(context: TestContext): () => number {
  const method = context.mock.method(BaseLangChain.prototype as unknown as { _addVersion: () => void }, '_addVersion');
  return () => method.mock.callCount();
}

/** A vendor that calls the tool when it is asked to, and answers otherwise. */
function createDouble() {
  let requests = 0;
  const answer: typeof fetch = async (_input, init) => {
    requests += 1;
    const isAnswered = JSON.parse(String(init?.body)).messages.at(-1).content !== 'add';
    const call = { index: 0, id: `call_${requests}`, type: 'function', function: { name: 'add', arguments: '{}' } };
    const said = chunk(requests, isAnswered ? { content: '42' } : { tool_calls: [call] });
    const end = chunk(requests, {}, isAnswered ? 'stop' : 'tool_calls');
    return new Response(said + end, { headers: { 'content-type': 'text/event-stream' } });
  };
  return { fetch: answer, requests: () => requests };
}

function chunk(id: number, delta: object, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta: { role: 'assistant', ...delta }, finish_reason }];
  return `data: ${JSON.stringify({ id: `x${id}`, object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}
