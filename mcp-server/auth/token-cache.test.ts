import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Principal, Verdict } from './principal.ts';
import { createTokenCache } from './token-cache.ts';

function setUp({ expiresAt = 1_000, maxEntries = 10_000 } = {}) {
  const state = { nowMs: 0, generation: 0, checks: 0, verdict: undefined as Verdict | undefined };
  const principal = { issuer: 'i', subject: 's', clientId: 'c', scopes: [], expiresAt } as unknown;
  // Only a check makes principals; the cache just hands them on.
  const accepted: Verdict = { ok: true, principal: principal as Principal };
  const verify = createTokenCache(
    async () => {
      state.checks += 1;
      return state.verdict ?? accepted;
    },
    { now: () => state.nowMs, keyGeneration: () => state.generation, maxEntries },
  );
  return { state, verify };
}

describe('verified-token cache', () => {
  test('a token is checked once a minute', async () => {
    const { state, verify } = setUp();
    for (let call = 0; call < 100; call += 1) await verify('t');
    assert.equal(state.checks, 1);
    state.nowMs = 60_000;
    await verify('t');
    assert.equal(state.checks, 2);
  });

  test('R8.cache: a verdict does not outlive the token', async () => {
    const { state, verify } = setUp({ expiresAt: 10 });
    await verify('t');
    state.nowMs = 9_999;
    await verify('t');
    assert.equal(state.checks, 1);
    state.nowMs = 10_000;
    state.verdict = { ok: false, fault: 'expired', hint: '' };
    assert.equal((await verify('t')).ok, false);
  });

  test('R8.cache: a verdict does not outlive a change of keys, not even one during the check', async () => {
    const { state, verify } = setUp();
    await verify('t');
    state.generation = 1;
    await verify('t');
    assert.equal(state.checks, 2);
    const running = verify('u');
    state.generation = 2;
    await running;
    await verify('u');
    assert.equal(state.checks, 4);
  });

  test('a refusal is never remembered', async () => {
    const { state, verify } = setUp();
    state.verdict = { ok: false, fault: 'issuer_unavailable', hint: '' };
    await verify('t');
    state.verdict = undefined;
    assert.equal((await verify('t')).ok, true);
  });

  test('concurrent checks of one token are one check', async () => {
    const { state, verify } = setUp();
    await Promise.all(Array.from({ length: 50 }, () => verify('t')));
    assert.equal(state.checks, 1);
  });

  test('holds a bounded number of verdicts and forgets the least recently used', async () => {
    const { state, verify } = setUp({ maxEntries: 2 });
    for (const token of ['a', 'b', 'a', 'c', 'a', 'c']) await verify(token);
    assert.equal(state.checks, 3);
    await verify('b');
    assert.equal(state.checks, 4);
  });
});
