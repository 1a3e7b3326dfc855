import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fisherExact, newcombe, passAtK, passHatK, percentile, wilson } from './statistics.ts';

const near = (actual: number, expected: number, off = 5e-4) =>
  assert.ok(Math.abs(actual - expected) <= off, `${actual} is not ${expected}`);

describe('statistics, against published numbers', () => {
  test('pass@k and pass^k', () => {
    near(passAtK(5, 2, 1), 0.4);
    near(passAtK(5, 2, 3), 0.9);
    near(passHatK(5, 4, 2), 0.6);
    assert.equal(passAtK(5, 0, 5), 0);
    assert.equal(passAtK(5, 3, 5), 1);
    assert.equal(passHatK(5, 5, 5), 1);
  });

  test('pass@k is what trying all choices of k gives', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), fc.nat(), (attempts, seed) => {
        const k = 1 + (seed % attempts.length);
        const choices = chooseAll(attempts, k);
        const passes = attempts.filter(Boolean).length;
        near(
          passAtK(attempts.length, passes, k),
          choices.filter((choice) => choice.some(Boolean)).length / choices.length,
          1e-9,
        );
        near(
          passHatK(attempts.length, passes, k),
          choices.filter((choice) => choice.every(Boolean)).length / choices.length,
          1e-9,
        );
      }),
    );
  });

  test("Wilson's interval (Newcombe 1998, table I)", () => {
    for (const [passes, attempts, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      near(wilson(passes, attempts).low, low);
      near(wilson(passes, attempts).high, high);
    }
    assert.deepEqual(wilson(0, 0), { low: 0, high: 1 });
  });

  test("Newcombe's interval of a difference (1998, table II, method 10)", () => {
    for (const [a, m, b, n, low, high] of [
      [56, 70, 48, 80, 0.0524, 0.3339],
      [9, 10, 3, 10, 0.1705, 0.809],
      [10, 10, 0, 20, 0.6791, 1],
    ] as const) {
      // The paper subtracts the second from the first.
      const interval = newcombe({ passes: b, attempts: n }, { passes: a, attempts: m });
      near(interval.low, low);
      near(interval.high, high);
    }
  });

  test("Fisher's exact test", () => {
    // The lady tasting tea: 3 of 4 right.
    near(fisherExact({ passes: 3, attempts: 4 }, { passes: 1, attempts: 4 }), 0.4857);
    near(fisherExact({ passes: 1, attempts: 10 }, { passes: 11, attempts: 14 }), 0.002759);
    near(fisherExact({ passes: 0, attempts: 3 }, { passes: 3, attempts: 3 }), 0.1);
    near(fisherExact({ passes: 0, attempts: 4 }, { passes: 4, attempts: 4 }), 0.02857);
    near(fisherExact({ passes: 5, attempts: 5 }, { passes: 5, attempts: 5 }), 1);
    assert.ok(fisherExact({ passes: 0, attempts: 5_000 }, { passes: 5_000, attempts: 5_000 }) < 1e-100);
  });

  test('percentiles are values that were there', () => {
    assert.equal(percentile([], 0.5), undefined);
    assert.equal(percentile([3, 1, 2], 0.5), 2);
    assert.equal(percentile([1, 2, 3, 4], 0.5), 2);
    assert.equal(percentile([1, 2, 3, 4], 0.95), 4);
  });
});

function chooseAll<T>(items: readonly T[], k: number): T[][] {
  if (k === 0) return [[]];
  return items.flatMap((item, index) => chooseAll(items.slice(index + 1), k - 1).map((rest) => [item, ...rest]));
}
