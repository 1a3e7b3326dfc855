import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FailedAnswer, readRetryAfterMs, waitBeforeRetry } from './retry.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const MIDDLE = 0.5;

const answer = (status: number, headers: Record<string, string> = {}, text = ''): FailedAnswer => ({
  status,
  headers: new Headers(headers),
  text,
});

const WAITS: readonly (readonly [string, FailedAnswer | undefined, number, number | undefined])[] = [
  ['no answer at all', undefined, 1, 375],
  ['no answer twice', undefined, 2, 750],
  ['the wait does not grow without end', undefined, 20, 6000],
  ['seconds', answer(429, { 'retry-after': '7' }), 1, 7000],
  ['milliseconds', answer(429, { 'retry-after-ms': '150', 'retry-after': '7' }), 1, 150],
  ['a date', answer(503, { 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }), 1, 30_000],
  ['a date in the past', answer(503, { 'retry-after': 'Thu, 01 Jan 2025 00:00:30 GMT' }), 1, 0],
  ['Google says it in the body', answer(429, {}, '{"error":{"details":[{"retryDelay": "17s"}]}}'), 1, 17_000],
  ['longer than anybody waits', answer(429, { 'retry-after': '3600' }), 1, undefined],
  ['a limit without a word', answer(429), 1, 375],
  ['the account is used up', answer(429, {}, '{"error":{"code":"insufficient_quota"}}'), 1, undefined],
  ['the vendor says not to', answer(500, { 'x-should-retry': 'false' }), 1, undefined],
  ['overload', answer(529), 1, 375],
  ['a wrong key', answer(401), 1, undefined],
  ['a request that is wrong', answer(400, { 'retry-after': '1' }), 1, undefined],
  ['a redirect', answer(307), 1, undefined],
];

for (const [title, failed, attempt, expected] of WAITS)
  test(`after ${title}: ${expected === undefined ? 'no further attempt' : `${expected} ms`}`, () => {
    assert.equal(waitBeforeRetry(failed, attempt, NOW, MIDDLE), expected);
  });

test('waits of many clients differ, and what a server asks for is never cut short', () => {
  assert.ok((waitBeforeRetry(undefined, 1, NOW, 0) ?? 0) < (waitBeforeRetry(undefined, 1, NOW, 0.9) ?? 0));
  const asked = answer(429, { 'retry-after': '3' });
  assert.equal(waitBeforeRetry(asked, 1, NOW, 0), waitBeforeRetry(asked, 1, NOW, 0.9));
});

test('what is no time is no wish', () => {
  assert.equal(readRetryAfterMs(answer(429, { 'retry-after': 'soon' }), NOW), undefined);
});
