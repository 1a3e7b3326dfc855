// One holder at a time among all processes of this user: a file that only one can create. Whoever is killed leaves it
// behind, hence it says who holds it, and its time moves while the holder lives.

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { AgentError } from '../errors.ts';
import { guarded, hasErrorCode } from './private-file.ts';

const TIMES = {
  /** A refresh takes tens of milliseconds; waiting in steps of that size costs nothing that a person would notice. */
  pollMs: 20,
  heartbeatMs: 2_000,
  /** A holder that gave no sign of life while we watched for so long is gone. */
  silenceMs: 10_000,
  /** Longer than an issuer may take to answer, also after a wait that it asked for. */
  patienceMs: 45_000,
} as const;

const holderSchema = z.object({ id: z.string(), pid: z.int(), host: z.string() });

/** Time as the lock sees it. */
export interface LockClock {
  /** A steady clock in milliseconds, from any start. */
  elapsedMs(): number;
  delay(delayMs: number): Promise<void>;
  /** Calls `action` again and again until the returned function is called; keeps no process alive. */
  every(intervalMs: number, action: () => void): () => void;
}

const SYSTEM_CLOCK: LockClock = {
  elapsedMs: () => performance.now(),
  delay: (delayMs) => delay(delayMs),
  every: (intervalMs, action) => {
    const timer = setInterval(action, intervalMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};

interface Lock {
  /** What the file says; empty for a moment while its holder writes it. */
  readonly text: string;
  readonly beatMs: number;
}

/**
 * Runs `work` while no other process, and no other caller in this one, runs work under the same lock file.
 *
 * @throws {AgentError} `unreachable` when somebody else keeps it for 45 s, and what `work` throws
 */
export async function withProcessLock<T>(
  file: string,
  work: () => Promise<T>,
  clock: LockClock = SYSTEM_CLOCK,
): Promise<T> {
  const text = await acquire(file, clock);
  const stopBeating = clock.every(TIMES.heartbeatMs, () => void beat(file));
  try {
    return await work();
  } finally {
    stopBeating();
    // After a long suspension somebody may have taken the lock over: then it is not ours to remove.
    if ((await look(file))?.text === text) await rm(file, { force: true });
  }
}

async function acquire(file: string, clock: LockClock): Promise<string> {
  const text = JSON.stringify({ id: randomUUID(), pid: process.pid, host: hostname() });
  const startedAtMs = clock.elapsedMs();
  let seen: Lock | undefined;
  let seenSinceMs = startedAtMs;
  while (!(await create(file, text))) {
    const lock = await guarded(file, () => look(file));
    const nowMs = clock.elapsedMs();
    if (lock?.text !== seen?.text || lock?.beatMs !== seen?.beatMs) {
      seen = lock;
      seenSinceMs = nowMs;
    }
    // By our own steady clock: the time of day may jump, and a suspended machine suspends holder and watcher alike.
    if (lock && (isHolderGone(lock) || nowMs - seenSinceMs > TIMES.silenceMs)) await takeAway(file, lock, clock);
    else if (nowMs - startedAtMs > TIMES.patienceMs)
      throw new AgentError('unreachable', `Another agent has been renewing the login for too long; it holds ${file}.`);
    else if (lock) await clock.delay(TIMES.pollMs * (0.5 + Math.random()));
  }
  return text;
}

async function create(file: string, text: string): Promise<boolean> {
  return await guarded(file, async () => {
    let handle: FileHandle;
    try {
      handle = await open(file, 'wx', 0o600);
    } catch (error) {
      if (hasErrorCode(error, 'EEXIST')) return false;
      throw error;
    }
    try {
      await handle.writeFile(text);
      return true;
    } catch (error) {
      // On a full disk for example: an empty one of ours would hold everybody up.
      await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  });
}

/**
 * Removes a lock that its holder left. Only one process at a time may do so, and it looks again before: otherwise a slow
 * one would remove the fresh lock of a fast one.
 */
async function takeAway(file: string, abandoned: Lock, clock: LockClock): Promise<void> {
  const guard = `${file}.takeover`;
  const text = JSON.stringify({ id: randomUUID(), pid: process.pid, host: hostname() });
  if (!(await create(guard, text))) {
    const other = await look(guard);
    // Killed while taking over, which takes less than a millisecond. Moving it aside succeeds for one of us only.
    if (other && (isHolderGone(other) || (other.text === '' && Date.now() - other.beatMs > TIMES.silenceMs)))
      await moveAside(guard);
    else await clock.delay(TIMES.pollMs);
    return;
  }
  const lock = await look(file);
  if (lock && lock.text === abandoned.text && lock.beatMs === abandoned.beatMs) await rm(file, { force: true });
  await rm(guard, { force: true });
}

async function moveAside(file: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT')) throw error;
  }
}

async function look(file: string): Promise<Lock | undefined> {
  try {
    const { mtimeMs } = await stat(file);
    return { text: await readFile(file, 'utf8'), beatMs: mtimeMs };
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** A process of this machine that does not exist any more. Of other machines that share the directory nothing is known. */
function isHolderGone({ text }: Lock): boolean {
  const holder = holderSchema.safeParse(parseJson(text));
  if (!holder.success || holder.data.host !== hostname()) return false;
  try {
    process.kill(holder.data.pid, 0);
    return false;
  } catch (error) {
    return hasErrorCode(error, 'ESRCH');
  }
}

async function beat(file: string): Promise<void> {
  const now = new Date();
  try {
    await utimes(file, now, now);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT')) throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
