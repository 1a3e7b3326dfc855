import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRateLimit } from './rate-limit.ts';

describe('rate limit', () => {
  test('S13.rate: lets a minute’s worth through at once, then one per interval', () => {
    let nowMs = 0;
    const limit = createRateLimit({ perMinute: 60, now: () => nowMs });
    for (let request = 0; request < 60; request += 1) assert.equal(limit('a'), 0);
    assert.equal(limit('a'), 1);
    nowMs = 999;
    assert.equal(limit('a'), 1);
    nowMs = 1_000;
    assert.equal(limit('a'), 0);
    assert.equal(limit('a'), 1);
  });

  test('counts each principal for itself', () => {
    const limit = createRateLimit({ perMinute: 1, now: () => 0 });
    assert.equal(limit('a'), 0);
    assert.equal(limit('b'), 0);
    assert.equal(limit('a'), 60);
  });

  test('never allows more than the limit, however long the pause', () => {
    let nowMs = 0;
    const limit = createRateLimit({ perMinute: 2, now: () => nowMs });
    nowMs = 1e9;
    assert.deepEqual([limit('a'), limit('a'), limit('a')], [0, 0, 30]);
  });

  test('remembers a bounded number of principals', () => {
    const limit = createRateLimit({ perMinute: 1, now: () => 0, maxKeys: 2 });
    for (const key of ['a', 'b', 'c']) limit(key);
    assert.equal(limit('a'), 0, 'forgotten');
    assert.equal(limit('c'), 60, 'remembered');
  });

  test('takes what a batch costs, into debt if need be, and lets nothing through until it is paid', () => {
    let nowMs = 0;
    const limit = createRateLimit({ perMinute: 60, now: () => nowMs });
    assert.equal(limit('a', 100), 0);
    assert.equal(limit('a'), 41);
    nowMs = 40_999;
    assert.equal(limit('a'), 1);
    nowMs = 41_000;
    assert.equal(limit('a'), 0);
  });
});
