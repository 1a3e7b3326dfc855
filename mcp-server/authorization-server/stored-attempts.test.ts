import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { STORE_LIMITS } from './limits.ts';
import { openStore } from './store.ts';
import { temporaryDirectory } from './test-support.ts';

const OPTIONS = { kind: 'password-name', maxAttempts: 3, windowMs: 60_000, secret: 'a-secret' };

async function open(t: TestContext, now: () => number) {
  const file = join(await temporaryDirectory(t), 'store.sqlite');
  const store = await openStore({ file, now });
  t.after(() => store.close());
  return { file, store, limiter: store.attempts(OPTIONS) };
}

test('tries are counted per key and kind, refused beyond the limit, and forgotten when the window ends', async (t) => {
  let nowMs = 0;
  const { store, limiter } = await open(t, () => nowMs);
  for (let i = 0; i < 3; i += 1) {
    assert.deepEqual(limiter.check('ana'), { ok: true });
    assert.deepEqual(limiter.take('ana'), { ok: true });
  }
  assert.deepEqual(limiter.check('ana'), { ok: false, retryAfterSeconds: 60 });
  nowMs = 30_000;
  for (let i = 0; i < 5; i += 1) assert.deepEqual(limiter.take('ana'), { ok: false, retryAfterSeconds: 30 });
  assert.equal(limiter.take('ben').ok, true);
  assert.equal(store.attempts({ ...OPTIONS, kind: 'other' }).take('ana').ok, true);
  nowMs = 60_000;
  assert.equal(limiter.take('ana').ok, true, 'going on does not prolong the window');
  limiter.forget('ana');
  for (let i = 0; i < 3; i += 1) assert.equal(limiter.take('ana').ok, true);
});

test('another process counts on', async (t) => {
  const { file, limiter } = await open(t, () => 0);
  const other = await openStore({ file, now: () => 0 });
  t.after(() => other.close());
  const verdicts = [limiter, other.attempts(OPTIONS), limiter, other.attempts(OPTIONS)].map(
    (one) => one.take('ana').ok,
  );
  assert.deepEqual(verdicts, [true, true, true, false]);
});

test('A10.tries: many keys take a bounded number of rows, and no row says what was typed', async (t) => {
  let nowMs = 0;
  const { file, store, limiter } = await open(t, () => nowMs);
  limiter.take('a-password-in-the-wrong-field');
  const database = new DatabaseSync(file, { readOnly: true });
  t.after(() => database.close());
  const rows = () => database.prepare('SELECT * FROM attempt').all();
  assert.equal(JSON.stringify(rows()).includes('a-password-in-the-wrong-field'), false);
  assert.notDeepEqual(
    store.attempts({ ...OPTIONS, secret: 'another' }).take('a-password-in-the-wrong-field'),
    undefined,
  );
  assert.equal(rows().length, 2, 'another secret gives another key');
  for (let i = 0; i < STORE_LIMITS.maxAttemptRows + 50; i += 1) {
    nowMs = i;
    limiter.take(`name-${i}`);
  }
  assert.equal(rows().length, STORE_LIMITS.maxAttemptRows);
  nowMs += OPTIONS.windowMs;
  limiter.take('ana');
  assert.equal(rows().length, 1, 'what has ended goes');
});
