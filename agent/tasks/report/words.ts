// Durations, amounts and reasons in words, the same in all reports.

import type { ActingAs } from '../task.ts';
import type { TaskReport } from './run-report.ts';

/** `840 ms`, `3.2 s`, `2 min 5 s` */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `$0.0042`; a dash where the price is unknown. */
export function costText(usd: number | undefined): string {
  if (usd === undefined) return '–';
  return usd === 0 ? '$0' : `$${usd < 0.01 ? usd.toPrecision(2) : usd.toFixed(2)}`;
}

/** `as alice`, `as machine ci-bot` */
export function actingText({ kind, name }: ActingAs): string {
  return kind === 'machine' ? `as machine ${name}` : `as ${name}`;
}

/** What went wrong in the attempts of a task, each reason once with the attempts that it holds for. */
export function reasonsOf({ attempts, skip, outcome, repeat }: TaskReport): string[] {
  if (skip !== undefined) return [`skipped: ${skip}`];
  const byMessage = new Map<string, number[]>();
  for (const { attempt, findings } of attempts)
    for (const { message, outcome: one } of findings)
      if (one !== 'passed') byMessage.set(message, [...(byMessage.get(message) ?? []), attempt]);
  const reasons = [...byMessage].map(([message, which]) =>
    repeat === 1 ? message : `attempt${which.length === 1 ? '' : 's'} ${which.join(', ')}: ${message}`,
  );
  return outcome === 'not-run' ? [...reasons, 'not run: the run ended before'] : reasons;
}
