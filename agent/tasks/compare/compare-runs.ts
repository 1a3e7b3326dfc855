// What changed between two runs, and how sure that is: as many repeats as there are allow so much, and no more. Pure.

import { fisherExact, type Interval, newcombe, percentile } from '../report/statistics.ts';
import type { Result } from '../run/result.ts';

/** Attempts with a verdict; errors and skipped ones say nothing about the task. */
export interface Share {
  readonly passes: number;
  readonly attempts: number;
}

export interface TaskComparison {
  readonly task: string;
  readonly before: Share;
  readonly after: Share;
  /** Whether the task itself was asked or judged otherwise. */
  readonly isChanged: boolean;
  /** Second share minus first; `undefined` where one of the runs has no verdict. */
  readonly difference: number | undefined;
  readonly interval: Interval;
  /** How likely such a difference is by chance. */
  readonly p: number;
  /** Sure even though many tasks were looked at (Holm, 5 %). */
  readonly isSignificant: boolean;
  /** Whether any difference at all could be sure with so few attempts. */
  readonly canTell: boolean;
}

export interface Comparison {
  readonly models: { readonly before: readonly string[]; readonly after: readonly string[] };
  readonly tasks: readonly TaskComparison[];
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** All attempts of tasks that both runs judged. */
  readonly overall: { readonly before: Share; readonly after: Share; readonly interval: Interval; readonly p: number };
  /** Median milliseconds of an attempt, and mean tokens and cost, where all attempts report them. */
  readonly medianMs: Pair;
  readonly meanTokens: Pair;
  readonly meanUsd: Pair;
}

export interface Pair {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

export const SIGNIFICANCE = 0.05;

/** Compares two runs by the ids of their tasks. */
export function compareRuns(before: readonly Result[], after: readonly Result[]): Comparison {
  const first = Map.groupBy(before, ({ task }) => task);
  const second = Map.groupBy(after, ({ task }) => task);
  const both = [...first.keys()].filter((task) => second.has(task));
  const tasks = markSignificant(both.map((task) => compareTask(task, first.get(task) ?? [], second.get(task) ?? [])));
  const judged = tasks.filter(({ difference }) => difference !== undefined);
  const sum = (pick: (one: TaskComparison) => Share): Share => ({
    passes: judged.reduce((total, one) => total + pick(one).passes, 0),
    attempts: judged.reduce((total, one) => total + pick(one).attempts, 0),
  });
  const overall = { before: sum((one) => one.before), after: sum((one) => one.after) };
  const pair = (measure: (results: readonly Result[]) => number | undefined): Pair => ({
    before: measure(judgedOf(both.flatMap((task) => first.get(task) ?? []))),
    after: measure(judgedOf(both.flatMap((task) => second.get(task) ?? []))),
  });
  return {
    models: { before: modelsOf(before), after: modelsOf(after) },
    tasks,
    onlyBefore: [...first.keys()].filter((task) => !second.has(task)),
    onlyAfter: [...second.keys()].filter((task) => !first.has(task)),
    overall: {
      ...overall,
      interval: newcombe(overall.before, overall.after),
      p: fisherExact(overall.before, overall.after),
    },
    medianMs: pair((results) =>
      percentile(
        results.map(({ durationMs }) => durationMs),
        0.5,
      ),
    ),
    meanTokens: pair((results) =>
      meanOf(
        results.map(({ inputTokens, outputTokens }) =>
          inputTokens === undefined ? undefined : inputTokens + (outputTokens ?? 0),
        ),
      ),
    ),
    meanUsd: pair((results) => meanOf(results.map(({ costUsd }) => costUsd))),
  };
}

function compareTask(task: string, before: readonly Result[], after: readonly Result[]): TaskComparison {
  const shares = { before: shareOf(before), after: shareOf(after) };
  const isJudged = shares.before.attempts > 0 && shares.after.attempts > 0;
  return {
    task,
    ...shares,
    isChanged: before.at(-1)?.taskHash !== after.at(-1)?.taskHash,
    difference: isJudged
      ? shares.after.passes / shares.after.attempts - shares.before.passes / shares.before.attempts
      : undefined,
    interval: newcombe(shares.before, shares.after),
    p: fisherExact(shares.before, shares.after),
    isSignificant: false,
    canTell: canTell(shares.before.attempts, shares.after.attempts),
  };
}

/** The largest difference that could have been: all failed, then all passed. */
function canTell(before: number, after: number): boolean {
  if (before === 0 || after === 0) return false;
  return fisherExact({ passes: 0, attempts: before }, { passes: after, attempts: after }) < SIGNIFICANCE;
}

/** Holm's procedure: the smallest p against 5 % of all tasks, the next against 5 % of the rest, until one does not hold. */
function markSignificant(tasks: readonly TaskComparison[]): readonly TaskComparison[] {
  const ordered = tasks.filter(({ difference }) => difference !== undefined).toSorted((a, b) => a.p - b.p);
  const end = ordered.findIndex(({ p }, index) => p >= SIGNIFICANCE / (ordered.length - index));
  const significant = new Set(ordered.slice(0, end === -1 ? ordered.length : end));
  return tasks.map((task) => ({ ...task, isSignificant: significant.has(task) }));
}

function shareOf(results: readonly Result[]): Share {
  const judged = judgedOf(results);
  return { passes: judged.filter(({ outcome }) => outcome === 'passed').length, attempts: judged.length };
}

/** Those that say something about the task, and about how long it takes. */
function judgedOf(results: readonly Result[]): readonly Result[] {
  return results.filter(({ outcome }) => outcome === 'passed' || outcome === 'failed');
}

function modelsOf(results: readonly Result[]): readonly string[] {
  return [...new Set(results.map(({ model }) => model))].filter((model) => model !== '').toSorted();
}

function meanOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0 || known.length < values.length) return undefined;
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}
