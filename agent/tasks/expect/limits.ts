// What a run used up against what a task allows. Scored: too much is a failure, not an error. Pure.

import type { Expectation } from '../file/task-file-schema.ts';
import type { FinishedRun } from '../run/finished-run.ts';
import { type Finding, failed, passed, skipped } from './finding.ts';

type Limits = NonNullable<Expectation['limits']>;

/** One finding for each limit. What the model does not report cannot be judged, and is skipped. */
export function judgeLimits(limits: Limits, run: FinishedRun): Finding[] {
  const { usage } = run;
  const used: { readonly [Name in keyof Required<Limits>]: number | undefined } = {
    turns: run.modelCalls,
    tool_calls: run.calls.length,
    tokens: usage && usage.inputTokens + usage.outputTokens,
    ms: run.durationMs,
    usd: usage?.costUsd,
  };
  return (['turns', 'tool_calls', 'tokens', 'ms', 'usd'] as const).flatMap((name) => {
    const limit = limits[name];
    if (limit === undefined) return [];
    const amount = used[name];
    if (amount === undefined)
      return [skipped(`limits.${name}`, `limits.${name}: ${run.model} does not report it, so it cannot be judged`)];
    return [
      amount <= limit
        ? passed(`limits.${name}`)
        : failed(`limits.${name}`, `limits.${name}: expected at most ${limit}, came ${Math.round(amount * 1e6) / 1e6}`),
    ];
  });
}
