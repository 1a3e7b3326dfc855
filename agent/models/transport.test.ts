import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentError } from '../errors.ts';
import { ProviderError } from './provider-error.ts';
import { createTransport, type TransportOptions } from './transport.ts';

const URL_OF_MODEL = 'https://models.example/v1/chat';

/** A transport over answers in order; what was sent and waited is kept. */
function setUp(answers: readonly (Response | Error | 'hang')[], options: Partial<TransportOptions> = {}) {
  const sent: { readonly url: string; readonly init: RequestInit }[] = [];
  const waitsMs: number[] = [];
  const transport = createTransport({
    baseUrl: 'https://models.example/v1',
    timeoutMs: 10_000,
    maxRetries: 2,
    wait: async (ms) => {
      waitsMs.push(ms);
    },
    fetch: (input, init = {}) => {
      const answer = answers[sent.length];
      sent.push({ url: String(input), init });
      if (answer === 'hang' || answer === undefined)
        return new Promise((_resolve, reject) => {
          init.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        });
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    ...options,
  });
  const post = (signal?: AbortSignal) =>
    transport(URL_OF_MODEL, { method: 'POST', body: '{"a":1}', ...(signal ? { signal } : {}) });
  return { transport, post, sent, waitsMs };
}

const refusal = (status: number, headers: Record<string, string> = {}) => new Response('{}', { status, headers });

test('waits as long as the server asks, and sends the same request again', async () => {
  const { post, sent, waitsMs } = setUp([refusal(429, { 'retry-after': '7' }), refusal(503), new Response('yes')]);
  assert.equal(await (await post()).text(), 'yes');
  assert.equal(waitsMs[0], 7000);
  assert.equal(sent.length, 3);
  assert.deepEqual(
    sent.map(({ init }) => init.body),
    ['{"a":1}', '{"a":1}', '{"a":1}'],
  );
});

test('hands the last refusal on when there are no attempts left', async () => {
  const { post, sent } = setUp([refusal(500), refusal(500), refusal(502)]);
  assert.equal((await post()).status, 502);
  assert.equal(sent.length, 3);
});

test('tries once more when nobody answered, and says so in the end', async () => {
  const gone = new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) });
  const { post, sent } = setUp([gone, gone, gone]);
  await assert.rejects(post(), (error) => error instanceof ProviderError && error.kind === 'network');
  assert.equal(sent.length, 3);
});

test('sends nothing to another host than the one that is configured', async () => {
  const { transport, sent } = setUp([new Response('yes')]);
  for (const url of ['https://elsewhere.example/v1/chat', 'http://models.example/v1/chat'])
    await assert.rejects(
      transport(url, { headers: { authorization: 'Bearer secret' } }),
      (error) => error instanceof AgentError && /Nothing was sent/.test(error.message),
    );
  assert.equal(sent.length, 0);
});

test('follows no redirect, since headers with keys would follow it too', async () => {
  const { post, sent } = setUp([refusal(307, { location: 'https://elsewhere.example/' })]);
  assert.equal((await post()).status, 307);
  assert.equal(sent[0]?.init.redirect, 'manual');
  assert.equal(sent.length, 1);
});

test('an answer that does not begin in time is given up', async () => {
  const { post } = setUp(['hang'], { timeoutMs: 5, maxRetries: 0 });
  await assert.rejects(post(), (error) => error instanceof ProviderError && error.kind === 'timeout');
});

test('an answer that stops in the middle is given up', async () => {
  const { post } = setUp([], {
    timeoutMs: 5,
    maxRetries: 0,
    fetch: async (_input, init) =>
      new Response(
        new ReadableStream({
          start: (controller) => {
            controller.enqueue(new TextEncoder().encode('half'));
            init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason));
          },
        }),
      ),
  });
  await assert.rejects((await post()).text(), (error) => error instanceof ProviderError && error.kind === 'timeout');
});

test('a cancelled call ends, be it sent, waiting or not begun', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const sending = setUp(['hang']).post(controller.signal);
  const waiting = setUp([refusal(500)], {
    wait: (_ms, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
  }).post(controller.signal);
  const both = Promise.allSettled([sending, waiting]);
  controller.abort(reason);
  for (const result of await both) assert.equal(result.status === 'rejected' && result.reason, reason);
  const { post, sent } = setUp([new Response('yes')]);
  await assert.rejects(post(AbortSignal.abort(reason)), reason);
  assert.equal(sent.length, 0);
});

test('a body is mended on its way, and so is an answer', async () => {
  const { post, sent } = setUp([new Response('yes')], {
    mendRequest: (body) => ({ ...body, b: 2 }),
    mendAnswer: () => new Response('mended'),
  });
  assert.equal(await (await post()).text(), 'mended');
  assert.equal(sent[0]?.init.body, '{"a":1,"b":2}');
});
