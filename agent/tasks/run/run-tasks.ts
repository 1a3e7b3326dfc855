// Runs the attempts of a suite, so many at a time: what an earlier run has finished stands, errors are tried again, every
// attempt gets exactly one final result, on the disk before anybody hears of it.

import { AgentError } from '../../errors.ts';
import { type Judge, type Judges, judgeRun } from '../expect/judge-run.ts';
import type { Task } from '../task.ts';
import type { LoadedChecks } from './check-modules.ts';
import type { Attempt, AttemptResult, Executor } from './executor.ts';
import type { FinishedRun } from './finished-run.ts';
import { createResult, hashOf, keyOf, type Result, resultSchema } from './result.ts';
import { type StartTimer, startRealTimer } from './timer.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** What a progress display hears. */
export type RunEvent =
  | { readonly type: 'attempt-start'; readonly task: Task; readonly attempt: number }
  | { readonly type: 'attempt-retry'; readonly task: Task; readonly attempt: number; readonly message: string }
  | { readonly type: 'attempt-end'; readonly task: Task; readonly result: Result; readonly isReused: boolean };

export interface RunTasksOptions {
  readonly tasks: readonly Task[];
  readonly executor: Executor;
  /** Results of an earlier run that may stand. */
  readonly earlier: readonly Result[];
  readonly concurrency: number;
  /** How often an attempt that ended in an error is tried again. */
  readonly retryErrors: number;
  /** Starts nothing new once a task has failed. */
  readonly isFailFast: boolean;
  readonly judge: Judge | undefined;
  readonly checks: LoadedChecks;
  /** Takes secrets out of a result before anybody sees it. */
  readonly scrub: (text: string) => string;
  /** Keeps the conversation; returns where. */
  readonly writeTranscript: (run: FinishedRun) => Promise<string>;
  /** Resolves when the result is safe. */
  readonly append: (result: Result) => Promise<void>;
  readonly onEvent: (event: RunEvent) => void;
  /** Aborted: nothing new is started, what runs goes to its end. */
  readonly finish: AbortSignal;
  /** Aborted: what runs is cancelled and has no result. */
  readonly stop: AbortSignal;
  /** Calls back after so many milliseconds, unless the returned function is called before; default a timer. */
  readonly startTimer?: StartTimer;
  /** Default the clock. */
  readonly now?: () => Date;
}

/**
 * Runs what is to be run; resolves, or rejects, when nothing runs any more. Verdicts are in the order of the tasks.
 *
 * @throws what `append`, `writeTranscript` and the executor throw, the first of it: after that nothing new is started
 */
export async function runTasks(options: RunTasksOptions): Promise<readonly Verdict[]> {
  const { tasks, executor, earlier, concurrency, retryErrors, onEvent, now = () => new Date() } = options;
  const { startTimer = startRealTimer } = options;
  const standing = new Map(earlier.map((result) => [keyOf(result), result]));
  const results = new Map<string, Result[]>(tasks.map(({ id }) => [id, []]));
  const queue = attemptsOf(tasks);
  /** Aborted: what runs goes to its end, as with `options.finish`. */
  const noMore = new AbortController();
  const finish = AbortSignal.any([options.finish, options.stop, noMore.signal]);
  let fault: { readonly error: unknown } | undefined;

  const settle = (task: Task, result: Result, isReused: boolean) => {
    const all = results.get(task.id) ?? [];
    all.push(result);
    onEvent({ type: 'attempt-end', task, result, isReused });
    const { outcome } = verdictOf(task, all);
    const isOver = outcome === 'failed' || (outcome === 'error' && all.length === task.repeat);
    if (options.isFailFast && isOver) noMore.abort();
  };

  const work = async () => {
    for (const attempt of queue) {
      if (finish.aborted) return;
      const before = standing.get(keyOf({ task: attempt.task.id, attempt: attempt.attempt }));
      if (before && (await stands(before, attempt))) {
        settle(attempt.task, before, true);
        continue;
      }
      if (finish.aborted) return;
      onEvent({ type: 'attempt-start', ...attempt });
      const result = await runWithRetries(attempt);
      if (!result) return;
      await options.append(result);
      settle(attempt.task, result, false);
    }
  };

  /** An error is no verdict, so it does not stand; nor does what another model or other tools gave. */
  const stands = async (before: Result, { task }: Attempt): Promise<boolean> => {
    if (before.outcome === 'error' || before.taskHash !== task.hash) return false;
    try {
      return before.hash === hashOf(task, await executor.identify(task, options.stop));
    } catch (error) {
      if (error instanceof AgentError) return false;
      throw error;
    }
  };

  /** `undefined` when it was stopped. */
  const runWithRetries = async (attempt: Attempt): Promise<Result | undefined> => {
    for (let tries = 1; ; tries += 1) {
      const startedAt = now();
      const ran = await runOnce(attempt);
      if (!ran) return undefined;
      const findings = await judge(attempt.task, ran.run);
      if (options.stop.aborted) return undefined;
      const error = findings.find(({ outcome }) => outcome === 'error');
      if (error && tries <= retryErrors) {
        onEvent({ type: 'attempt-retry', ...attempt, message: options.scrub(error.message) });
        continue;
      }
      const transcript = await options.writeTranscript(ran.run);
      const result = createResult({ task: attempt.task, attempt: ran, findings, startedAt, tries, transcript });
      return resultSchema.parse(JSON.parse(options.scrub(JSON.stringify(result))));
    }
  };

  /** What a judge model or a check waits for may never come; each has as long as the attempt had, and none for waiting its turn. */
  const judge = async (task: Task, run: FinishedRun) => {
    const { timeoutMs } = task;
    const limit = new AbortController();
    const startLimit = () =>
      startTimer(timeoutMs, () =>
        limit.abort(new Error(`came to no verdict within ${timeoutMs} ms, the timeout of the task`)),
      );
    let stopLimit = startLimit();
    const module = task.check === undefined ? undefined : options.checks.get(task.check);
    const check: Judges['check'] =
      module &&
      ((finished, signal) => {
        stopLimit();
        return module(finished, signal, () => {
          stopLimit = startLimit();
        });
      });
    const signal = AbortSignal.any([options.stop, limit.signal]);
    return await judgeRun(task, run, { judge: options.judge, check, signal }).finally(() => stopLimit());
  };

  const runOnce = async (attempt: Attempt): Promise<AttemptResult | undefined> => {
    try {
      return await executor.run(attempt, options.stop);
    } catch (error) {
      if (options.stop.aborted) return undefined;
      throw error;
    }
  };

  const workToTheEnd = () =>
    work().catch((error: unknown) => {
      // The others still write what they have done; who called us closes the files when we are through.
      fault ??= { error };
      noMore.abort();
    });
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, workToTheEnd));
  if (fault) throw fault.error;
  return tasks.map((task) => verdictOf(task, results.get(task.id) ?? []));
}

/** All attempts of all tasks; first each task once, so that what fails is seen early. */
function* attemptsOf(tasks: readonly Task[]): Generator<Attempt> {
  const last = tasks.reduce((most, { repeat }) => Math.max(most, repeat), 0);
  for (let attempt = 1; attempt <= last; attempt += 1)
    for (const task of tasks) if (task.skip === undefined && attempt <= task.repeat) yield { task, attempt };
}
