// What a run came to, as data: report.json, and what the other reports are written from. Pure.

import type { Result } from '../run/result.ts';
import { type Totals, totalsOf, type Verdict, type VerdictOutcome } from '../run/verdict.ts';
import type { ActingAs, Task } from '../task.ts';
import { passAtK, passHatK, percentile } from './statistics.ts';

export interface TaskReport {
  readonly id: string;
  readonly description: string | undefined;
  readonly file: string;
  readonly line: number;
  readonly tags: readonly string[];
  readonly turns: readonly string[];
  /** Left out where the file says nothing: whoever the configuration names. */
  readonly actingAs: ActingAs | undefined;
  /** Left out where the file says nothing: all of them. */
  readonly servers: readonly string[] | undefined;
  readonly approve: readonly string[];
  readonly outcome: VerdictOutcome;
  /** Why it was skipped by its file. */
  readonly skip: string | undefined;
  readonly repeat: number;
  readonly mustPass: number;
  readonly passes: number;
  /** Whether some attempts passed and some failed. */
  readonly isFlaky: boolean;
  /** For k from 1 to the number of attempts that have a verdict. */
  readonly passAtK: readonly number[];
  readonly passHatK: readonly number[];
  readonly attempts: readonly Result[];
}

export interface RunReport {
  readonly version: 1;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** From start to finish of this process; earlier parts of a resumed run are not in it. */
  readonly wallMs: number;
  readonly endedBy: 'itself' | 'interrupt' | 'timeout';
  readonly exitCode: number;
  readonly totals: Totals;
  readonly models: readonly string[];
  readonly attempts: number;
  readonly flaky: number;
  readonly durationMs: { readonly p50: number | undefined; readonly p95: number | undefined; readonly sum: number };
  readonly modelCalls: number;
  readonly toolCalls: number;
  /** Left out when no attempt reports any. */
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** Left out when the price of an attempt that used tokens is unknown. */
  readonly costUsd: number | undefined;
  readonly tasks: readonly TaskReport[];
}

export interface RunFacts {
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly endedBy: RunReport['endedBy'];
  readonly exitCode: number;
}

/** Puts the report of a run together. */
export function createReport(verdicts: readonly Verdict[], facts: RunFacts): RunReport {
  const tasks = verdicts.map(reportTask);
  const results = verdicts.flatMap(({ results }) => results);
  const durations = results.map(({ durationMs }) => durationMs);
  const withTokens = results.filter(({ inputTokens }) => inputTokens !== undefined);
  return {
    version: 1,
    startedAt: facts.startedAt.toISOString(),
    finishedAt: facts.finishedAt.toISOString(),
    wallMs: facts.finishedAt.getTime() - facts.startedAt.getTime(),
    endedBy: facts.endedBy,
    exitCode: facts.exitCode,
    totals: totalsOf(verdicts),
    models: [...new Set(results.map(({ model }) => model))].filter((model) => model !== '').toSorted(),
    attempts: results.length,
    flaky: tasks.filter(({ isFlaky }) => isFlaky).length,
    durationMs: { p50: percentile(durations, 0.5), p95: percentile(durations, 0.95), sum: sum(durations) },
    modelCalls: sum(results.map(({ modelCalls }) => modelCalls)),
    toolCalls: sum(results.map(({ toolCalls }) => toolCalls)),
    inputTokens: withTokens.length === 0 ? undefined : sum(withTokens.map(({ inputTokens = 0 }) => inputTokens)),
    outputTokens: withTokens.length === 0 ? undefined : sum(withTokens.map(({ outputTokens = 0 }) => outputTokens)),
    costUsd: costOf(withTokens),
    tasks,
  };
}

function reportTask({ task, outcome, results }: Verdict): TaskReport {
  const judged = results.filter((result) => result.outcome === 'passed' || result.outcome === 'failed');
  const passes = judged.filter((result) => result.outcome === 'passed').length;
  const upTo = (estimate: (attempts: number, passes: number, k: number) => number) =>
    judged.map((_, index) => estimate(judged.length, passes, index + 1));
  return {
    ...describe(task),
    outcome,
    passes,
    isFlaky: passes > 0 && passes < judged.length,
    passAtK: upTo(passAtK),
    passHatK: upTo(passHatK),
    attempts: results,
  };
}

function describe(task: Task) {
  const { id, description, file, line, tags, turns, actingAs, servers, approve, skip, repeat, mustPass } = task;
  return { id, description, file, line, tags, turns, actingAs, servers, approve, skip, repeat, mustPass };
}

/** The sum of what is known; one unknown part makes it unknown. */
export function costOf(results: readonly Result[]): number | undefined {
  if (results.length === 0 || results.some(({ costUsd }) => costUsd === undefined)) return undefined;
  return sum(results.map(({ costUsd = 0 }) => costUsd));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
