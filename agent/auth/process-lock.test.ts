// The lock by a clock that the test moves. What real processes and kill -9 do to it: token-store.test.ts.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type LockClock, withProcessLock } from './process-lock.ts';

/** Each wait takes as long as it says, at once. */
function createClock(): LockClock & { readonly beats: (() => void)[]; readonly waits: number[] } {
  let nowMs = 0;
  const beats: (() => void)[] = [];
  const waits: number[] = [];
  return {
    beats,
    waits,
    elapsedMs: () => nowMs,
    delay: async (delayMs) => {
      waits.push(delayMs);
      nowMs += Math.max(delayMs, 500);
    },
    every: (_intervalMs, action) => {
      beats.push(action);
      return () => beats.splice(beats.indexOf(action), 1);
    },
  };
}

describe('process lock', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'process-lock-'));
    file = join(folder, 'lock');
  });
  afterEach(() => rm(folder, { recursive: true }));
  const held = (holder: Record<string, unknown>) => writeFile(file, JSON.stringify({ id: 'x', ...holder }));

  test('a holder on another machine that gives no sign of life is given up after ten seconds', async () => {
    await held({ pid: 1, host: 'elsewhere' });
    const clock = createClock();
    assert.equal(await withProcessLock(file, async () => 'done', clock), 'done');
    assert.ok(clock.elapsedMs() > 10_000 && clock.elapsedMs() < 12_000, String(clock.elapsedMs()));
    assert.equal(existsSync(file), false);
  });

  test('a holder that is alive and beats is waited for, and after 45 seconds that is said', async () => {
    await held({ pid: process.pid, host: hostname() });
    const clock = createClock();
    const beating: LockClock = {
      ...clock,
      delay: async (delayMs) => {
        await writeFile(file, JSON.stringify({ id: `beat-${clock.waits.length}`, pid: process.pid, host: hostname() }));
        await clock.delay(delayMs);
      },
    };
    await assert.rejects(
      withProcessLock(file, async () => 'never', beating),
      { code: 'unreachable', message: /holds/ },
    );
    assert.equal(existsSync(file), true, 'what is not ours stays');
  });

  test('a holder on this machine that does not exist any more is not waited for', async () => {
    await held({ pid: 2 ** 22 + 1, host: hostname() });
    const clock = createClock();
    await withProcessLock(file, async () => undefined, clock);
    assert.deepEqual(clock.waits, []);
  });

  test('a dead holder whose number another process has now gives no sign of life either', async () => {
    await held({ pid: process.pid, host: hostname() });
    const clock = createClock();
    assert.equal(await withProcessLock(file, async () => 'done', clock), 'done');
    assert.ok(clock.elapsedMs() > 10_000 && clock.elapsedMs() < 12_000, String(clock.elapsedMs()));
  });

  test('what cannot be a lock is said to be in the way', async () => {
    await mkdir(file);
    await assert.rejects(
      withProcessLock(file, async () => 'never', createClock()),
      {
        code: 'invalid_configuration',
        message: /Cannot keep tokens in .*EISDIR/,
      },
    );
  });

  test('the holder shows that it lives as long as it works, and no longer', async () => {
    const clock = createClock();
    await withProcessLock(
      file,
      async () => {
        assert.equal(clock.beats.length, 1);
        assert.ok((await stat(file)).mode & 0o600);
      },
      clock,
    );
    assert.equal(clock.beats.length, 0);
  });
});
