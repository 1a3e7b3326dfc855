import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fakeResult } from '../fake-task.ts';
import type { Result } from '../run/result.ts';
import { compareRuns } from './compare-runs.ts';
import { describeComparison } from './describe-comparison.ts';

const results = (task: string, passes: number, attempts: number, changed: Partial<Result> = {}): Result[] =>
  Array.from({ length: attempts }, (_, n) =>
    fakeResult(task, n + 1, { outcome: n < passes ? 'passed' : 'failed', ...changed }),
  );
const names = { before: 'A', after: 'B' };

describe('comparing two runs', () => {
  test('one attempt each says that it cannot tell', () => {
    const comparison = compareRuns(results('a', 1, 1), results('a', 0, 1));
    assert.deepEqual(
      comparison.tasks.map(({ difference, canTell, isSignificant }) => [difference, canTell, isSignificant]),
      [[-1, false, false]],
    );
    const text = describeComparison(comparison, names);
    assert.match(text, /worse:\n {2}a {2}1\/1 → 0\/1 {2}too few attempts to tell from chance/);
    assert.match(text, /1 changed task had too few attempts: with fewer than 4 on each side/);
  });

  test('three attempts cannot tell even never from always, four can', () => {
    assert.equal(compareRuns(results('a', 0, 3), results('a', 3, 3)).tasks[0]?.canTell, false);
    assert.equal(compareRuns(results('a', 0, 4), results('a', 4, 4)).tasks[0]?.isSignificant, true);
  });

  test('a difference that may be chance is said to be one', () => {
    const comparison = compareRuns(results('a', 5, 10), results('a', 7, 10));
    assert.equal(comparison.tasks[0]?.isSignificant, false);
    assert.match(
      describeComparison(comparison, names),
      /better:\n {2}a {2}5\/10 → 7\/10 {2}\+20 % \[-20 %, \+53 %\], p 0\.650, may be chance/,
    );
  });

  test('a difference that is more than chance is said to be one', () => {
    const text = describeComparison(compareRuns(results('a', 1, 10), results('a', 10, 10)), names);
    assert.match(text, /1\/10 → 10\/10 {2}\+90 % \[.*\], p < 0\.001, more than chance/);
  });

  test('among many tasks, what would be sure alone is not sure any more', () => {
    const steady = Array.from({ length: 40 }, (_, n) => results(`t-${n}`, 5, 10)).flat();
    const alone = compareRuns(results('a', 2, 10), results('a', 8, 10)).tasks[0];
    const among = compareRuns([...results('a', 2, 10), ...steady], [...results('a', 8, 10), ...steady]).tasks[0];
    assert.deepEqual([alone?.isSignificant, among?.isSignificant], [true, false]);
  });

  test('errors and skipped attempts are no verdict', () => {
    const broken = results('a', 0, 3, { outcome: 'error', durationMs: 1 });
    const comparison = compareRuns([...results('a', 3, 3), ...results('b', 1, 1)], [...broken, ...results('b', 1, 1)]);
    assert.equal(comparison.tasks.find(({ task }) => task === 'a')?.difference, undefined);
    assert.match(describeComparison(comparison, names), /could not be compared, since a run has no verdict: a\n/);
    assert.deepEqual(comparison.overall.before, { passes: 1, attempts: 1 });
  });

  test('what only one run has, what was changed, and who answered', () => {
    const comparison = compareRuns(
      [...results('both', 1, 1, { model: 'x' }), ...results('gone', 1, 1, { model: 'x' })],
      [...results('both', 1, 1, { model: 'y', taskHash: 'new' }), ...results('new', 1, 1, { model: 'y' })],
    );
    const text = describeComparison(comparison, names);
    for (const part of [
      /before {2}A {2}x\n/,
      /after {3}B {2}y\n/,
      /only before: gone\n/,
      /only after: new\n/,
      /asked or judged otherwise than before: both\n/,
      /No task passed more or less often/,
    ])
      assert.match(text, part);
  });

  test('time, tokens and cost, where all attempts report them', () => {
    const text = describeComparison(
      compareRuns(
        results('a', 1, 1, { durationMs: 1_000, inputTokens: 90, outputTokens: 10, costUsd: 0.02 }),
        results('a', 1, 1, { durationMs: 500, inputTokens: 190, outputTokens: 10 }),
      ),
      names,
    );
    assert.match(text, /median {4}1\.0 s → 500 ms \(-50 %\)\ntokens {4}100 an attempt → 200 an attempt \(\+100 %\)\n/);
    assert.doesNotMatch(text, /cost/);
  });

  test('empty runs compare to nothing', () =>
    assert.match(describeComparison(compareRuns([], []), names), /no verdict → no verdict/));
});
