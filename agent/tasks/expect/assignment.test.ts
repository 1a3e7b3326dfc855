import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { assign } from './assignment.ts';

/** The largest number of pairs, by trying everything. */
function bruteForce(rows: number, columns: number, fits: (row: number, column: number) => boolean): number {
  const best = (row: number, taken: ReadonlySet<number>): number => {
    if (row === rows) return 0;
    let most = best(row + 1, taken);
    for (let column = 0; column < columns; column += 1)
      if (!taken.has(column) && fits(row, column))
        most = Math.max(most, 1 + best(row + 1, new Set([...taken, column])));
    return most;
  };
  return best(0, new Set());
}

/** The matcher that this one is not: each row takes the first column that is free. */
function greedy(rows: number, columns: number, fits: (row: number, column: number) => boolean): number {
  const taken = new Set<number>();
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      if (!taken.has(column) && fits(row, column)) {
        taken.add(column);
        break;
      }
  return taken.size;
}

const table = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })).chain(([rows, columns]) =>
  fc.record({
    rows: fc.constant(rows),
    columns: fc.constant(columns),
    cells: fc.array(fc.array(fc.boolean(), { minLength: columns, maxLength: columns }), {
      minLength: rows,
      maxLength: rows,
    }),
  }),
);

describe('assigning expected calls to calls that happened', () => {
  test('finds as many pairs as trying everything does', () => {
    let greedyWasWrong = 0;
    fc.assert(
      fc.property(table, ({ rows, columns, cells }) => {
        const fits = (row: number, column: number) => cells[row]?.[column] === true;
        const columnOf = assign(rows, columns, fits);
        const pairs = [...columnOf.entries()].filter(([, column]) => column !== undefined);
        for (const [row, column] of pairs) assert.ok(column !== undefined && fits(row, column));
        assert.equal(new Set(pairs.map(([, column]) => column)).size, pairs.length, 'no call is used twice');
        const most = bruteForce(rows, columns, fits);
        assert.equal(pairs.length, most);
        if (greedy(rows, columns, fits) < most) greedyWasWrong += 1;
      }),
      { numRuns: 2_000 },
    );
    assert.ok(
      greedyWasWrong > 20,
      `the generated cases include those that a greedy choice gets wrong: ${greedyWasWrong}`,
    );
  });

  test('takes a choice back when a later row needs it', () => {
    // The first row fits both columns, the second only the first one.
    assert.deepEqual(
      assign(2, 2, (row, column) => row === 0 || column === 0),
      [1, 0],
    );
  });

  test('a long chain of choices that all have to move is no recursion', () => {
    // Row n fits columns n and n - 1; the last row fits only column 0… all have to move by one.
    const size = 2_000;
    const columnOf = assign(size, size, (row, column) =>
      row === size - 1 ? column === 0 : column === row || column === row + 1,
    );
    assert.ok(columnOf.every((column) => column !== undefined));
  });
});
