// Whether the tool calls of a run are those that a task expects, and if not, what is missing, what is too much, and which
// call came nearest. Pure.

import type { ExpectedCall, ExpectedTools } from '../file/task-file-schema.ts';
import type { RunCall } from '../run/finished-run.ts';
import { assign } from './assignment.ts';
import { matchesName } from './name-pattern.ts';
import { differences, show } from './value-matchers.ts';

/** Calls that a difference lists; a run with more has its transcript. */
const MAX_LISTED = 20;

/** Why the calls do not fit, in several lines; `undefined` when they do. */
export function trajectoryDifference(expected: ExpectedTools, calls: readonly RunCall[]): string | undefined {
  const fits = (row: number, column: number) => {
    const call = calls[column];
    const want = expected.calls[row];
    return want !== undefined && call !== undefined && mismatches(want, call, expected.args).length === 0;
  };
  const columnOf =
    expected.mode === 'strict'
      ? expected.calls.map((_, index) => (fits(index, index) ? index : undefined))
      : assign(expected.calls.length, calls.length, fits);
  const taken = new Set(columnOf);
  const missing = expected.mode === 'subset' ? [] : expected.calls.filter((_, row) => columnOf[row] === undefined);
  const surplus = expected.mode === 'superset' ? [] : calls.filter((_, column) => !taken.has(column));
  if (missing.length === 0 && surplus.length === 0) return undefined;
  return [
    `tools (${expected.mode}, arguments ${expected.args}): ${summarise(expected, missing.length, surplus.length)}`,
    ...missing.slice(0, MAX_LISTED).flatMap((call) => describeMissing(call, expected, calls)),
    ...surplus.slice(0, MAX_LISTED).map((call) => `  not expected  ${describeCall(call)}`),
    ...describeHappened(calls),
  ].join('\n');
}

/** Why a call is not the expected one; empty when it is. */
function mismatches(expected: ExpectedCall, call: RunCall, mode: ExpectedTools['args']): string[] {
  const name = matchesName(expected.name, call) ? [] : [`name: expected ${expected.name}, came ${call.name}`];
  const outcome =
    expected.outcome === undefined || expected.outcome === call.outcome
      ? []
      : [`outcome: expected ${expected.outcome}, came ${call.outcome}`];
  const args =
    mode === 'ignore' || (expected.args === undefined && mode === 'partial')
      ? []
      : differences(expected.args ?? {}, call.args, mode).map(
          ({ path, expected: want, came }) => `${['args', ...path].join('.')}: expected ${want}, came ${came}`,
        );
  return [...name, ...outcome, ...args];
}

function summarise({ mode, calls }: ExpectedTools, missing: number, surplus: number): string {
  const subject = calls.length === 1 ? 'the expected call' : `${missing} of ${calls.length} expected calls`;
  const place = mode === 'strict' ? ` in ${calls.length === 1 ? 'its' : 'their'} place` : '';
  return [
    ...(missing > 0 ? [`${subject} did not happen${place}`] : []),
    ...(surplus > 0 ? [`${surplus} ${surplus === 1 ? 'call was' : 'calls were'} not expected`] : []),
  ].join(', ');
}

/** The expected call, and the one that happened with the fewest mismatches; the name counts for more than any argument. */
function describeMissing(
  expected: ExpectedCall,
  { args, mode, calls: all }: ExpectedTools,
  calls: readonly RunCall[],
): string[] {
  const candidates = mode === 'strict' ? calls.slice(all.indexOf(expected), all.indexOf(expected) + 1) : calls;
  const [nearest] = candidates
    .map((call) => ({ call, reasons: mismatches(expected, call, args) }))
    .sort((a, b) => weightOf(a.reasons) - weightOf(b.reasons));
  return [
    `  expected      ${expected.name} ${show(expected.args ?? {})}${expected.outcome ? ` (${expected.outcome})` : ''}`,
    ...(nearest
      ? [
          `  nearest       ${describeCall(nearest.call)}`,
          ...(nearest.reasons.length === 0
            ? ['                it fits, but is needed for another expected call']
            : nearest.reasons.slice(0, 5).map((reason) => `                ${reason}`)),
        ]
      : []),
  ];
}

function weightOf(reasons: readonly string[]): number {
  return reasons.reduce((sum, reason) => sum + (reason.startsWith('name:') ? 100 : 1), 0);
}

function describeHappened(calls: readonly RunCall[]): string[] {
  if (calls.length === 0) return ['  happened      no tool was called'];
  const lines = calls
    .slice(0, MAX_LISTED)
    .map((call, index) => `  ${index === 0 ? 'happened' : '        '}      ${index + 1}. ${describeCall(call)}`);
  const more = calls.length - lines.length;
  return more > 0 ? [...lines, `                … and ${more} more`] : lines;
}

function describeCall({ name, args, outcome }: RunCall): string {
  return `${name} ${show(args)}${outcome === 'ok' ? '' : ` (${outcome})`}`;
}
