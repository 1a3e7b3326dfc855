// Which expected call goes with which call that happened: as many pairs as there can be. A greedy choice gives some pairs
// away; augmenting paths take a choice back when a later one needs it. Pure.

/**
 * A largest matching between the rows and columns that fit: for each row its column, or `undefined`.
 *
 * @param fits asked once for each pair
 */
export function assign(
  rows: number,
  columns: number,
  fits: (row: number, column: number) => boolean,
): readonly (number | undefined)[] {
  const candidates = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_unused, column) => column).filter((column) => fits(row, column)),
  );
  const rowOf: (number | undefined)[] = new Array(columns).fill(undefined);
  for (let row = 0; row < rows; row += 1) augment(row, candidates, rowOf);
  const columnOf: (number | undefined)[] = new Array(rows).fill(undefined);
  for (const [column, row] of rowOf.entries()) if (row !== undefined) columnOf[row] = column;
  return columnOf;
}

/** Finds a column for a row, breadth first, and moves the rows on the way there; without recursion, however long it is. */
function augment(start: number, candidates: readonly (readonly number[])[], rowOf: (number | undefined)[]): void {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (let row = queue.shift(); row !== undefined; row = queue.shift())
    for (const column of candidates[row] ?? []) {
      if (cameFrom.has(column)) continue;
      cameFrom.set(column, row);
      const holder = rowOf[column];
      if (holder !== undefined) {
        queue.push(holder);
        continue;
      }
      // Free: hand it over, and hand each taker's old column to the row before it.
      let free: number | undefined = column;
      while (free !== undefined) {
        const taker: number = cameFrom.get(free) ?? start;
        const old = rowOf.indexOf(taker);
        rowOf[free] = taker;
        free = old === -1 || taker === start ? undefined : old;
        if (free !== undefined) rowOf[free] = undefined;
      }
      return;
    }
}
