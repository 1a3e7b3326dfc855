// An issuer that wants fewer requests, with a clock that a test moves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPatientFetch } from './patient-fetch.ts';

const URL_OF_ISSUER = 'https://id.example/token';

/** Answers 429 with this `Retry-After`, then 200. */
function issuer(retryAfter: string | undefined, turnedAway = 1) {
  const waited: number[] = [];
  let requests = 0;
  const fetch = createPatientFetch(
    async () => {
      requests += 1;
      const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
      return requests <= turnedAway ? new Response('later', { status: 429, headers }) : new Response('token');
    },
    async (ms) => void waited.push(ms),
  );
  return { fetch, waited, requests: () => requests };
}

test('a short wait that the issuer asks for is taken, once', async () => {
  for (const [retryAfter, waitMs] of [
    ['0', 0],
    ['2', 2000],
    ['5', 5000],
  ] as const) {
    const { fetch, waited, requests } = issuer(retryAfter);
    assert.equal(await (await fetch(URL_OF_ISSUER)).text(), 'token');
    assert.deepEqual([waited, requests()], [[waitMs], 2]);
  }
  const { fetch, requests } = issuer('1', 9);
  const response = await fetch(URL_OF_ISSUER);
  assert.deepEqual([response.status, requests(), await response.text()], [429, 2, 'later']);
});

test('a long wait, and one that is not told, are for whoever asked', async () => {
  for (const retryAfter of ['6', '86400', undefined, '', '-1', '1.5', 'Sat, 28 Nov 2026 00:00:00 GMT']) {
    const { fetch, waited, requests } = issuer(retryAfter);
    assert.equal((await fetch(URL_OF_ISSUER)).status, 429, retryAfter);
    assert.deepEqual([waited, requests()], [[], 1], retryAfter);
  }
});

test('what counts once is not shown twice', async () => {
  for (const init of [
    { method: 'POST', headers: { DPoP: 'a.b.c' } },
    { method: 'POST', body: new URLSearchParams({ client_assertion: 'a.b.c' }) },
    { method: 'POST', body: new URLSearchParams({ assertion: 'a.b.c' }) },
  ]) {
    const { fetch, waited, requests } = issuer('1');
    assert.equal((await fetch(URL_OF_ISSUER, init)).status, 429);
    assert.deepEqual([waited, requests()], [[], 1]);
  }
});

test('giving up ends the wait', async () => {
  const controller = new AbortController();
  const turnAway = async () => new Response(null, { status: 429, headers: { 'retry-after': '5' } });
  const asked = createPatientFetch(turnAway)(URL_OF_ISSUER, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(asked, { name: 'AbortError' });
});
