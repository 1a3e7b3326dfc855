// From the results of attempts to what is said of a task, and from there to the numbers of a run and its exit code. Pure.

import { type AgentErrorCode, EXIT_CODES } from '../../errors.ts';
import type { Task } from '../task.ts';
import type { Result } from './result.ts';

/** `not-run`: the run ended before. A task whose runs disagree passes if enough of them do. */
export type VerdictOutcome = 'passed' | 'failed' | 'error' | 'skipped' | 'not-run';

export interface Verdict {
  readonly task: Task;
  readonly outcome: VerdictOutcome;
  /** In the order of attempts. */
  readonly results: readonly Result[];
}

export interface Totals {
  readonly passed: number;
  /** Without errors. */
  readonly failed: number;
  readonly errors: number;
  /** Skipped by the file or for want of a judge, and not run. */
  readonly skipped: number;
}

/** What is said of a task, given the results that there are. */
export function verdictOf(task: Task, results: readonly Result[]): Verdict {
  const ordered = results.filter(({ attempt }) => attempt <= task.repeat).toSorted((a, b) => a.attempt - b.attempt);
  return { task, results: ordered, outcome: outcomeOf(task, ordered) };
}

function outcomeOf({ skip, repeat, mustPass }: Task, results: readonly Result[]): VerdictOutcome {
  if (skip !== undefined) return 'skipped';
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const missing = repeat - results.length;
  if (count('passed') >= mustPass) return 'passed';
  // Whatever else comes of the attempts without a verdict, too many have failed.
  if (repeat - count('failed') < mustPass) return 'failed';
  if (count('error') > 0) return 'error';
  return missing > 0 ? 'not-run' : 'skipped';
}

/** The numbers of a run, each task counted once. */
export function totalsOf(verdicts: readonly Verdict[]): Totals {
  const count = (...outcomes: readonly VerdictOutcome[]) =>
    verdicts.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    passed: count('passed'),
    failed: count('failed'),
    errors: count('error'),
    skipped: count('skipped', 'not-run'),
  };
}

/** The last line of every run. An error is no pass, so it counts among the failed here. */
export function totalsLine({ passed, failed, errors, skipped }: Totals): string {
  return `${passed} passed, ${failed + errors} failed, ${skipped} skipped`;
}

/**
 * Why a run ends with the code it ends with: ended early, then what kept tasks from being tried (login, server,
 * configuration), then what failed.
 */
export function exitCodeOfRun(verdicts: readonly Verdict[], endedBy: 'itself' | 'interrupt' | 'timeout'): number {
  const isComplete = verdicts.every(({ outcome }) => outcome !== 'not-run');
  if (endedBy === 'timeout' && !isComplete) return EXIT_CODES.limit;
  if (endedBy === 'interrupt' && !isComplete) return EXIT_CODES.interrupted;
  const codes = verdicts
    .filter(({ outcome }) => outcome === 'error')
    .flatMap(({ results }) =>
      results.flatMap(({ errorCode }) => (errorCode === undefined ? [] : [exitCodeOfError(errorCode)])),
    );
  const systemic = ([3, 4, 2] as const).find((code) => codes.includes(code));
  if (systemic !== undefined) return systemic;
  const isGreen = verdicts.every(({ outcome }) => outcome === 'passed' || outcome === 'skipped');
  return isGreen ? 0 : 1;
}

/** Written by us, but read from a file: a code that is none counts as a failure. */
function exitCodeOfError(code: string): number {
  return isErrorCode(code) ? EXIT_CODES[code] : 1;
}

function isErrorCode(code: string): code is AgentErrorCode {
  return Object.hasOwn(EXIT_CODES, code);
}
