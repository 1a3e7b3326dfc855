// The directory of a run: where it is, that only one process writes to it at a time, and what is in it.

import { access, constants, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withProcessLock } from '../../auth/process-lock.ts';
import { AgentError } from '../../errors.ts';
import { fileNameOf } from '../task.ts';
import { diskFault } from './disk-fault.ts';
import type { FinishedRun } from './finished-run.ts';
import { cannotGoOn, RESULTS_FILE } from './results-file.ts';
import { shellWord } from './shell-word.ts';

/** Runs that nobody gave another place. */
export const RUNS_DIRECTORY = 'runs';
const LOCK_FILE = 'run.lock';

/** A name that sorts by time: `2026-11-27T21-05-12-345Z`. */
export function nameOfRun(startedAt: Date): string {
  return startedAt.toISOString().replace(/[:.]/g, '-');
}

/**
 * The newest run under `runs/`.
 *
 * @throws {AgentError} `usage` if there is none
 */
export async function newestRun(runs = RUNS_DIRECTORY): Promise<string> {
  const names = await readdir(runs).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const newest = names
    .filter((name) => /^\d{4}-\d\d-\d\dT/.test(name))
    .toSorted()
    .at(-1);
  if (newest === undefined) throw new AgentError('usage', `There is no earlier run in ${runs}/. Name its directory.`);
  return join(runs, newest);
}

export interface TakeDirectoryOptions {
  /** A run that begins must not mix with another; one that is gone on with has results. */
  readonly isNew: boolean;
}

/**
 * Takes the directory for this process, until the returned function is called or the process dies.
 *
 * @throws {AgentError} `usage` while another process runs there, if it has results and should not, or cannot be written to
 */
export async function takeDirectory(directory: string, { isNew }: TakeDirectoryOptions): Promise<() => Promise<void>> {
  await makeWritable(directory);
  const file = join(directory, LOCK_FILE);
  // The short lock settles who looks at the long one first, also after a kill -9.
  await withShortLock(directory, async () => {
    try {
      await take(directory, file, isNew);
    } catch (error) {
      throw notWritable(error, directory);
    }
  });
  return () => rm(file, { force: true });
}

async function take(directory: string, file: string, isNew: boolean): Promise<void> {
  const holder = Number(await readIfPresent(file));
  if (holder > 0 && holder !== process.pid && isAlive(holder))
    throw new AgentError(
      'usage',
      `The run in ${directory} is going on in process ${holder}. Wait for it, or use another --out. If that process is something else, remove ${file}.`,
    );
  if (isNew && (await readIfPresent(join(directory, RESULTS_FILE))) !== undefined)
    throw new AgentError(
      'usage',
      `${directory} has the results of a run. Go on with it: --resume ${shellWord(directory)}, or choose another --out.`,
    );
  await writeFile(file, String(process.pid), { mode: 0o600 });
}

/** What the lock says of itself is about logins; here it is about a directory. */
async function withShortLock(directory: string, work: () => Promise<void>): Promise<void> {
  const file = join(directory, `${LOCK_FILE}.taking`);
  let isTaken = false;
  try {
    await withProcessLock(file, () => {
      isTaken = true;
      return work();
    });
  } catch (error) {
    if (isTaken || !(error instanceof AgentError)) throw notWritable(error, directory);
    if (error.code === 'unreachable')
      throw new AgentError(
        'usage',
        `Another process keeps ${directory}; it holds ${file}. Wait for it, or use another --out.`,
        { cause: error },
      );
    throw notWritable(error.cause, directory);
  }
}

function notWritable(error: unknown, directory: string): unknown {
  const what = `The results of a run cannot be written to ${directory}`;
  return diskFault(error, 'usage', what, 'Choose another directory with --out.');
}

async function makeWritable(directory: string): Promise<void> {
  try {
    await mkdir(join(directory, 'transcripts'), { recursive: true, mode: 0o700 });
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw notWritable(error, directory);
  }
}

/**
 * Keeps a conversation as JSON lines; returns where, from the directory of the run.
 *
 * @throws {AgentError} `internal` when it cannot be written
 */
export async function writeTranscript(
  directory: string,
  run: FinishedRun,
  scrub: (text: string) => string,
): Promise<string> {
  const name = `transcripts/${fileNameOf(run.taskId)}${run.attempt === 1 ? '' : `.${run.attempt}`}.jsonl`;
  const text = run.messages.map((message) => `${scrub(JSON.stringify(message))}\n`).join('');
  try {
    await using file = await open(join(directory, name), 'w', 0o600);
    await file.writeFile(text);
  } catch (error) {
    throw cannotGoOn(error, directory, name);
  }
  return name;
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
