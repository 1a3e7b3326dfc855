// Check modules: TypeScript or JavaScript of whoever wrote the task, whose default export judges a run. Each judgement has
// a thread of its own, and nothing is left of it for the next one. It can be left at any time: what it computes is ended,
// and a program that it waits for synchronously (`execSync`) ends by itself, while nobody here waits for that.

import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { AgentError } from '../../errors.ts';
import type { Check } from '../expect/judge-run.ts';
import type { Fault } from '../file/fault.ts';
import type { Task } from '../task.ts';
import type { FinishedRun } from './finished-run.ts';
import { createPlaces, type Places } from './places.ts';
import { type StartTimer, startRealTimer } from './timer.ts';

/** By the absolute path of the module. */
export type LoadedChecks = ReadonlyMap<string, Check>;

/** What a thread is started with. */
export interface CheckOrder {
  readonly url: string;
  /** `undefined`: only loads the module. */
  readonly run: FinishedRun | undefined;
}

/** What a thread says: that it begins with the module, then what came of it. */
export type CheckReport = { readonly kind: 'started' } | LastReport;

type LastReport =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'no-function' }
  | { readonly kind: 'verdict'; readonly verdict: unknown }
  | { readonly kind: 'threw'; readonly name: string; readonly message: string };

export interface LoadChecksOptions {
  /** Aborted: nothing is waited for any more. */
  readonly signal: AbortSignal;
  /** Default a timer. */
  readonly startTimer?: StartTimer;
  /** So many threads judge at a time; default as many as there are processors. */
  readonly maxThreads?: number;
}

/** Loading takes milliseconds; what waits for more than this waits for something that does not come. */
const LOAD_TIMEOUT_MS = 30_000;

/**
 * Loads every check module once, before anything runs; those that cannot be used are faults.
 *
 * @throws {AgentError} `interrupted` when the signal is aborted
 */
export async function loadChecks(
  tasks: readonly Task[],
  options: LoadChecksOptions,
): Promise<{ readonly checks: LoadedChecks; readonly faults: readonly Fault[] }> {
  const checks = new Map<string, Check>();
  const faults: Fault[] = [];
  const places = createPlaces(options.maxThreads ?? availableParallelism());
  const users = new Map(tasks.flatMap((task) => (task.check === undefined ? [] : [[task.check, task] as const])));
  for (const [path, { file, line }] of users) {
    const wrong = await faultOf(path, options);
    if (options.signal.aborted) throw new AgentError('interrupted', 'Interrupted before a task was run.');
    if (wrong === undefined) checks.set(path, (...judgement) => judge(path, places, ...judgement));
    else faults.push({ file, line, message: `check ${JSON.stringify(path)}: ${wrong}` });
  }
  return { checks, faults };
}

async function faultOf(path: string, { signal, startTimer = startRealTimer }: LoadChecksOptions) {
  const limit = new AbortController();
  let stopTimer: () => void = () => undefined;
  const onStart = () => {
    stopTimer = startTimer(LOAD_TIMEOUT_MS, () =>
      limit.abort(new Error(`it was not loaded within ${LOAD_TIMEOUT_MS} ms, and stopped`)),
    );
  };
  try {
    const order = { url: pathToFileURL(path).href, run: undefined };
    const report = await runThread(order, AbortSignal.any([signal, limit.signal]), onStart);
    if (report.kind === 'threw') return `the module cannot be loaded: ${report.message.slice(0, 300)}`;
    return report.kind === 'loaded'
      ? undefined
      : 'expected a default export that is a function, (run) => true | string';
  } catch (error) {
    return `the module cannot be loaded: ${(error instanceof Error ? error.message : String(error)).slice(0, 300)}`;
  } finally {
    stopTimer();
  }
}

async function judge(path: string, places: Places, ...[run, signal, onStart]: Parameters<Check>): Promise<unknown> {
  const shown = relative('', path);
  let giveBack: (() => void) | undefined;
  try {
    giveBack = await places.take(signal);
    const report = await runThread({ url: pathToFileURL(path).href, run }, signal, onStart);
    if (report.kind === 'verdict') return report.verdict;
    if (report.kind === 'threw') throw Object.assign(new Error(report.message), { name: report.name });
    throw new Error(`${shown} has no default export that is a function any more`);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`${shown} ${signal.reason instanceof Error ? signal.reason.message : 'was stopped'}`);
  } finally {
    // Also of a thread that was left: it may wait for its program for ever, and others would never have their turn.
    giveBack?.();
  }
}

/**
 * What the thread says; it has ended then. When the signal is aborted, it is told to end and left: no thread ends before a
 * program that it has started with `spawnSync`.
 *
 * @param onStart called when the thread is there and begins with the module
 * @throws the signal's reason, and why a thread ended that said nothing
 */
async function runThread(order: CheckOrder, signal: AbortSignal, onStart: () => void): Promise<LastReport> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<LastReport>();
  const thread = new Worker(new URL('./check-thread.ts', import.meta.url), { workerData: order });
  let said: LastReport | undefined;
  thread.on('message', (report: CheckReport) => {
    if (report.kind === 'started') {
      if (!signal.aborted) onStart();
      return;
    }
    said ??= report;
    thread.terminate().catch(reject);
  });
  thread.once('error', (error) => {
    if (!said) reject(error);
  });
  thread.once('exit', () => {
    if (said) resolve(said);
    else reject(new Error('it ended before it came to its end: it waits for nothing, or exits'));
  });
  const onAbort = () => {
    reject(signal.reason);
    thread.unref();
    // Rejects where the thread cannot be ended; nobody is left who could do anything about it.
    thread.terminate().catch(reject);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
