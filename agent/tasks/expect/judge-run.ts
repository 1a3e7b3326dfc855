// A finished run against everything that its task expects. Whoever asks a judge model, and whoever loads check modules, is
// handed in.

import type { Expectation, ExpectedTools } from '../file/task-file-schema.ts';
import type { FinishedRun, RunCall } from '../run/finished-run.ts';
import type { Task } from '../task.ts';
import { judgeAnswer } from './answer.ts';
import { PatternUndecided } from './bounded-pattern.ts';
import { type Finding, failed, passed, skipped } from './finding.ts';
import { judgeLimits } from './limits.ts';
import { matchesName } from './name-pattern.ts';
import { trajectoryDifference } from './trajectory.ts';

/** Says whether a run is what a rubric describes. Rejects when it comes to no verdict. */
export type Judge = (
  rubric: string,
  run: FinishedRun,
  signal: AbortSignal,
) => Promise<{ readonly passed: boolean; readonly reason: string }>;

/**
 * What a check module says: true, or why the run is not right. Rejects when the signal is aborted, whatever the module does;
 * a program that it waits for synchronously ends by itself. Calls `onStart` when the module begins: it may have to wait for its
 * turn.
 */
export type Check = (run: FinishedRun, signal: AbortSignal, onStart: () => void) => Promise<unknown>;

export interface Judges {
  /** Without one, rubrics are skipped. */
  readonly judge: Judge | undefined;
  /** The function of the task's check module; `undefined` for a task without one. */
  readonly check: ((run: FinishedRun, signal: AbortSignal) => Promise<unknown>) | undefined;
  /** When judges and checks have to come to an end; its reason says why. */
  readonly signal: AbortSignal;
}

/** Everything that was expected, in the order of the file, each with what came of it. */
export async function judgeRun(task: Task, run: FinishedRun, judges: Judges): Promise<Finding[]> {
  const findings = [judgeStatus(task.expectations, run)];
  // Of a run that broke, nothing else is worth saying: its answer is missing because it broke.
  if (findings.some(({ outcome }) => outcome === 'error')) return findings;
  for (const expectation of task.expectations) findings.push(...(await judgeExpectation(expectation, run, judges)));
  if (judges.check) findings.push(await judgeCheck(judges.check, run, judges.signal));
  return findings;
}

async function judgeExpectation(
  expectation: Expectation,
  run: FinishedRun,
  { judge, signal }: Judges,
): Promise<Finding[]> {
  const { answer, tools, not_called, auth, limits, rubric } = expectation;
  return [
    ...(answer ? judgeAnswer(answer, run.answer) : []),
    ...(tools ? [judgeTools(tools, run.calls)] : []),
    ...(not_called === undefined ? [] : [judgeNotCalled([not_called].flat(), run)]),
    ...(auth ? [judgeMissingScopes(auth.missing_scope, run)] : []),
    ...(limits ? judgeLimits(limits, run) : []),
    ...(rubric === undefined ? [] : [await judgeRubric(rubric, run, judge, signal)]),
  ];
}

/** The calls against those that are expected. */
export function judgeTools(tools: ExpectedTools, calls: readonly RunCall[]): Finding {
  try {
    const difference = trajectoryDifference(tools, calls);
    return difference === undefined ? passed('tools') : failed('tools', difference);
  } catch (error) {
    if (error instanceof PatternUndecided) return failed('tools', `tools: ${error.message}`);
    throw error;
  }
}

/**
 * How the run ended. A task that says nothing expects `ok`: one that is green although a tool was refused would be green by
 * accident. What could not be tried at all is an error, apart from failures, unless the task expects just that.
 */
function judgeStatus(expectations: readonly Expectation[], { status, error }: FinishedRun): Finding {
  const wanted = expectations.findLast((expectation) => expectation.status !== undefined)?.status;
  if (status === (wanted ?? 'ok')) return passed('status');
  const because = error ? `\n  because       ${error.message}` : '';
  if ((wanted ?? 'ok') === 'ok' && (status === 'error' || status === 'auth_required'))
    return { name: 'status', outcome: 'error', message: error?.message ?? 'a login or a scope is missing' };
  if (wanted !== undefined && status === 'error')
    return { name: 'status', outcome: 'error', message: error?.message ?? `status: expected ${wanted}, came error` };
  const hint =
    status === 'blocked' && wanted === undefined
      ? '\n  next          allow the call with approve:, or expect status: blocked'
      : '';
  return failed('status', `status: expected ${wanted ?? 'ok'}, came ${status}${because}${hint}`);
}

function judgeNotCalled(patterns: readonly string[], { calls }: FinishedRun): Finding {
  const found = patterns.flatMap((pattern) => calls.filter((call) => matchesName(pattern, call)));
  const [first] = found;
  if (!first) return passed('not_called');
  return failed(
    'not_called',
    `not_called: expected no call of ${patterns.join(', ')}, came ${found.length}, the first ${first.name} ${JSON.stringify(first.args).slice(0, 200)}`,
  );
}

function judgeMissingScopes(wanted: readonly string[], { missingScopes }: FinishedRun): Finding {
  const isSame = wanted.length === missingScopes.length && wanted.every((scope) => missingScopes.includes(scope));
  if (isSame) return passed('auth.missing_scope');
  return failed(
    'auth.missing_scope',
    `auth.missing_scope: expected ${wanted.join(', ')}, came ${missingScopes.length === 0 ? 'none' : missingScopes.join(', ')}`,
  );
}

async function judgeRubric(
  rubric: string,
  run: FinishedRun,
  judge: Judge | undefined,
  signal: AbortSignal,
): Promise<Finding> {
  if (!judge) return skipped('rubric', 'rubric: there is no judge model; name one with judge: or --judge');
  try {
    const verdict = await judge(rubric, run, signal);
    if (verdict.passed) return passed('rubric');
    return failed('rubric', `rubric: expected ${JSON.stringify(rubric)}\n  judge         ${verdict.reason}`);
  } catch (error) {
    return { name: 'rubric', outcome: 'error', message: `rubric: the judge gave no verdict: ${messageOf(error)}` };
  }
}

/** An assertion that fails in a check module is a verdict; anything else that it throws is a fault of the module. */
async function judgeCheck(
  check: NonNullable<Judges['check']>,
  run: FinishedRun,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    const verdict = await check(run, signal);
    if (verdict === true) return passed('check');
    if (typeof verdict === 'string' && verdict !== '') return failed('check', `check: ${verdict}`);
    return {
      name: 'check',
      outcome: 'error',
      message: `check: expected true, or a text that says what is wrong; the function gave ${JSON.stringify(verdict) ?? 'nothing'}`,
    };
  } catch (error) {
    if (signal.aborted) return { name: 'check', outcome: 'error', message: `check: ${messageOf(error)}` };
    const isAssertion = error instanceof Error && error.name === 'AssertionError';
    return isAssertion
      ? failed('check', `check: ${error.message}`)
      : {
          name: 'check',
          outcome: 'error',
          message: `check: the module threw ${error instanceof Error ? `${error.name}: ` : ''}${messageOf(error)}`,
        };
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500);
}
