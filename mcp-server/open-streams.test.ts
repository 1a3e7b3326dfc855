import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFakeClock } from '../test/support/fake-clock.ts';
import { createOpenStreams } from './open-streams.ts';

/** Some wait for an end that a stream which is broken never has. */
const BOUNDED = { timeout: 10_000 };

function createSource() {
  let cancelled = false;
  let source: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      source = controller;
    },
    cancel: () => {
      cancelled = true;
    },
  });
  return {
    response: new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    send: (text: string) => source?.enqueue(new TextEncoder().encode(text)),
    isCancelled: () => cancelled,
  };
}

function guarded({ standing = false, isStillGood = async () => true } = {}) {
  const clock = createFakeClock(0);
  const streams = createOpenStreams(clock);
  const source = createSource();
  let ends = 0;
  const onEnd = () => {
    ends += 1;
  };
  const terms = { expiresAtMs: 10_000, standing, isStillGood, onEnd };
  const response = streams.guard(source.response, terms);
  return { clock, streams, source, response, ends: () => ends };
}

describe('open streams', () => {
  test('a stream ends when its time is up, what was sent before arrives, and its source is told', BOUNDED, async () => {
    const { clock, streams, source, response, ends } = guarded();
    const reader = response.body?.getReader();
    source.send('one');
    assert.equal(new TextDecoder().decode((await reader?.read())?.value), 'one');
    clock.advance(9_999);
    assert.deepEqual([streams.count(), ends()], [1, 0]);
    clock.advance(1);
    assert.equal((await reader?.read())?.done, true);
    assert.deepEqual([source.isCancelled(), streams.count(), ends()], [true, 0, 1]);
  });

  test('R6.stream: a stream ends when its token is revoked, and goes on while it is good', BOUNDED, async () => {
    let good = true;
    let asked = 0;
    const { clock, source, response, ends } = guarded({
      isStillGood: async () => {
        asked += 1;
        return good;
      },
    });
    clock.advance(2_000);
    await Promise.resolve();
    assert.deepEqual([asked, ends()], [1, 0]);
    good = false;
    clock.advance(2_000);
    await response.body?.getReader().read();
    assert.deepEqual([asked, ends(), source.isCancelled()], [2, 1, true]);
  });

  test('a client that goes away ends the source, once', BOUNDED, async () => {
    const { clock, source, response, ends } = guarded();
    await response.body?.cancel();
    clock.advance(50_000);
    assert.deepEqual([source.isCancelled(), ends()], [true, 1]);
  });

  test('a stop ends the streams that wait for news first, and the others in the end', () => {
    const waits = guarded({ standing: true });
    waits.streams.endStanding();
    assert.equal(waits.source.isCancelled(), true);
    const answers = guarded();
    answers.streams.endStanding();
    assert.equal(answers.source.isCancelled(), false);
    answers.streams.endAll();
    assert.equal(answers.source.isCancelled(), true);
  });

  test('a response that is no stream passes as it is, and its exchange is over', () => {
    const streams = createOpenStreams(createFakeClock(0));
    let ends = 0;
    const onEnd = () => {
      ends += 1;
    };
    const response = Response.json({});
    const terms = { expiresAtMs: 1, standing: false, isStillGood: async () => true, onEnd };
    assert.equal(streams.guard(response, terms), response);
    assert.equal(ends, 1);
  });
});
