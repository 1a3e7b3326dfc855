import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEventStore } from './event-store.ts';

const LIMITS = { maxEvents: 4, maxCharacters: 10_000 };
const message = (text: string) => ({ jsonrpc: '2.0' as const, method: 'notifications/message', params: { text } });

async function replay(store: ReturnType<typeof createEventStore>, lastEventId: string): Promise<unknown[]> {
  const texts: unknown[] = [];
  await store.replayEventsAfter(lastEventId, {
    send: async (_id, event) => void texts.push('params' in event ? event.params?.['text'] : undefined),
  });
  return texts;
}

describe('event store', () => {
  test('replays what followed an event on its own stream, and nothing of another stream', async () => {
    const store = createEventStore(LIMITS);
    const first = await store.storeEvent('a', message('1'));
    await store.storeEvent('b', message('other'));
    const second = await store.storeEvent('a', message('2'));
    assert.deepEqual(await replay(store, first), ['2']);
    assert.deepEqual(await replay(store, second), []);
    assert.equal(await store.getStreamIdForEventId?.(second), 'a');
  });

  test('forgets the oldest events, and then refuses to replay with a gap', async () => {
    const store = createEventStore(LIMITS);
    const ids = [];
    for (const text of ['1', '2', '3', '4', '5', '6']) ids.push(await store.storeEvent('a', message(text)));
    assert.equal(await store.getStreamIdForEventId?.(ids[0] ?? ''), undefined);
    await assert.rejects(replay(store, ids[0] ?? ''), /Nothing can be resumed/);
    assert.deepEqual(await replay(store, ids[1] ?? ''), ['3', '4', '5', '6'], 'the newest that had to go was seen');
  });

  test('keeps within its size, and the newest event however long it is', async () => {
    const store = createEventStore({ maxEvents: 100, maxCharacters: 300 });
    const first = await store.storeEvent('a', message('x'.repeat(100)));
    const second = await store.storeEvent('a', message('y'.repeat(1_000)));
    assert.deepEqual(await replay(store, first), ['y'.repeat(1_000)]);
    await store.storeEvent('b', message('z'));
    assert.equal(await store.getStreamIdForEventId?.(second), undefined);
  });

  test('knows no event that it has not made', async () => {
    const store = createEventStore(LIMITS);
    await store.storeEvent('a', message('1'));
    for (const id of ['', 'a', 'a_', 'a_2', 'a_x', 'a_-1', 'a_1e9', 'b_1', '__proto___1'])
      assert.equal(await store.getStreamIdForEventId?.(id), undefined, id);
  });
});
