// Two runs of tasks, compared.

import { visibleLine } from '../chat/visible-text.ts';
import { compareRuns } from '../tasks/compare/compare-runs.ts';
import { describeComparison } from '../tasks/compare/describe-comparison.ts';
import { readResults } from '../tasks/run/results-file.ts';

export interface TasksCompareOptions {
  /** Directory of the earlier run. */
  readonly before: string;
  readonly after: string;
  readonly json: boolean;
  readonly stdout: (text: string) => void;
}

/** Prints what changed. @throws {AgentError} `usage` if a directory is no run's */
export async function tasksCompare({ before, after, json, stdout }: TasksCompareOptions): Promise<void> {
  const [first, second] = await Promise.all([readResults(before), readResults(after)]);
  const comparison = compareRuns(first.results, second.results);
  if (json) stdout(`${JSON.stringify(comparison, null, 2)}\n`);
  // Ids and models of the files: the line breaks are ours.
  else
    for (const line of describeComparison(comparison, { before, after }).split('\n').slice(0, -1))
      stdout(`${indentOf(line)}${visibleLine(line)}\n`);
}

function indentOf(line: string): string {
  return /^ */.exec(line)?.[0] ?? '';
}
