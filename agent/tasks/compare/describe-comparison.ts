// A comparison in words: what changed first, and plainly what the numbers do not allow to say. Pure.

import { plural } from '../../plural.ts';
import { costText, durationText } from '../report/words.ts';
import { type Comparison, type Pair, type Share, SIGNIFICANCE, type TaskComparison } from './compare-runs.ts';

/** Tasks listed; of runs with more, the JSON has all. */
const MAX_LISTED = 100;

/** Lines for a terminal. */
export function describeComparison(
  comparison: Comparison,
  names: { readonly before: string; readonly after: string },
): string {
  const { tasks, overall, models } = comparison;
  const changed = tasks.filter(({ difference }) => difference !== undefined && difference !== 0);
  const undecided = tasks.filter(({ difference }) => difference === undefined);
  const lines = [
    `before  ${names.before}  ${models.before.join(', ') || 'no model answered'}`,
    `after   ${names.after}  ${models.after.join(', ') || 'no model answered'}`,
    '',
    ...section(
      'worse',
      changed.filter(({ difference = 0 }) => difference < 0),
    ),
    ...section(
      'better',
      changed.filter(({ difference = 0 }) => difference > 0),
    ),
    ...(changed.length === 0 ? ['No task passed more or less often than before.', ''] : []),
    ...list(
      'could not be compared, since a run has no verdict',
      undecided.map(({ task }) => task),
    ),
    ...list('only before', comparison.onlyBefore),
    ...list('only after', comparison.onlyAfter),
    ...list(
      'asked or judged otherwise than before',
      tasks.filter(({ isChanged }) => isChanged).map(({ task }) => task),
    ),
    `passed    ${shareText(overall.before)} → ${shareText(overall.after)}${overallNote(comparison)}`,
    ...measure('median', comparison.medianMs, durationText),
    ...measure('tokens', comparison.meanTokens, (tokens) => `${Math.round(tokens)} an attempt`),
    ...measure('cost', comparison.meanUsd, (usd) => `${costText(usd)} an attempt`),
    '',
    ...cautions(comparison, changed),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function section(title: string, tasks: readonly TaskComparison[]): string[] {
  if (tasks.length === 0) return [];
  const width = Math.min(40, Math.max(...tasks.map(({ task }) => task.length)));
  return [
    `${title}:`,
    ...tasks
      .toSorted((a, b) => a.p - b.p)
      .slice(0, MAX_LISTED)
      .map(
        (one) => `  ${one.task.padEnd(width)}  ${shareText(one.before)} → ${shareText(one.after)}  ${sureness(one)}`,
      ),
    ...(tasks.length > MAX_LISTED ? [`  … and ${tasks.length - MAX_LISTED} more`] : []),
    '',
  ];
}

function sureness({ difference = 0, interval, p, isSignificant, canTell }: TaskComparison): string {
  if (!canTell) return 'too few attempts to tell from chance';
  const range = `${signed(difference)} [${signed(interval.low)}, ${signed(interval.high)}], p ${pText(p)}`;
  if (isSignificant) return `${range}, more than chance`;
  return `${range}, may be chance`;
}

function overallNote({ overall: { before, interval, p } }: Comparison): string {
  if (before.attempts === 0) return '';
  return `  95 % interval of the difference [${signed(interval.low)}, ${signed(interval.high)}], p ${pText(p)}${p < SIGNIFICANCE ? '' : ', may be chance'}`;
}

function cautions({ tasks }: Comparison, changed: readonly TaskComparison[]): string[] {
  const few = changed.filter(({ canTell }) => !canTell).length;
  return [
    ...(few > 0
      ? [
          `${plural(few, 'changed task')} had too few attempts: with fewer than 4 on each side, not even "never" against "always" can be told from chance. Run both with --repeat 10 or more.`,
        ]
      : []),
    ...(tasks.length > 1 && changed.length > 0
      ? [
          `"More than chance" holds for all ${tasks.length} tasks together (Fisher's exact test, Holm, 5 %). Intervals are 95 %, each for itself (Newcombe). The line "passed" takes all attempts as independent, which repeats of one task are not quite.`,
        ]
      : []),
  ];
}

function list(title: string, ids: readonly string[]): string[] {
  if (ids.length === 0) return [];
  const more = ids.length - 20;
  return [`${title}: ${ids.slice(0, 20).join(', ')}${more > 0 ? ` and ${more} more` : ''}`, ''];
}

function measure(name: string, { before, after }: Pair, text: (value: number) => string): string[] {
  if (before === undefined || after === undefined) return [];
  const change = before === 0 ? '' : ` (${signed(after / before - 1)})`;
  return [`${name.padEnd(9)} ${text(before)} → ${text(after)}${change}`];
}

function shareText({ passes, attempts }: Share): string {
  return attempts === 0 ? 'no verdict' : `${passes}/${attempts}`;
}

function signed(share: number): string {
  const percent = Math.round(share * 100);
  return `${percent > 0 ? '+' : ''}${percent} %`;
}

function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}
