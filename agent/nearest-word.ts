// Which known word somebody may have meant, for words that are none.

/** The known word that differs by a slip, a third of its letters at most and one in any case; else `undefined`. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const meant = word.slice(0, 100).toLowerCase();
  return known
    .map((candidate) => ({ candidate, distance: editDistance(meant, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((one, other) => one.distance - other.distance)[0]?.candidate;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= to.length; j += 1) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      const swap = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? cell(i - 2, j - 2) + 1 : cell(-1, -1);
      row.push(Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + cost, swap));
    }
  }
  return cell(from.length, to.length);
}
