// What differs between two texts, line by line, as people read it. In order, so that nothing can be moved to where it means
// something else without being seen. Pure.

export interface LineDifference {
  readonly sign: '-' | '+';
  readonly line: string;
}

/** Lines in the middle that are compared one by one; beyond that, all of them count as replaced. */
const MAX_LINES = 2000;

/** The lines that are gone, and those that have come: by a longest common subsequence. */
export function diffLines(before: string, after: string): LineDifference[] {
  let [old, now] = [before.split('\n'), after.split('\n')];
  const start = old.findIndex((line, index) => line !== now[index]);
  [old, now] = start < 0 ? [[], now.slice(old.length)] : [old.slice(start), now.slice(start)];
  while (old.length > 0 && now.length > 0 && old.at(-1) === now.at(-1)) {
    old.pop();
    now.pop();
  }
  const gone = (line: string): LineDifference => ({ sign: '-', line });
  const come = (line: string): LineDifference => ({ sign: '+', line });
  if (old.length > MAX_LINES || now.length > MAX_LINES) return [...old.map(gone), ...now.map(come)];

  // How many lines the rests from here on have in common.
  const width = now.length + 1;
  const common = new Uint16Array((old.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1)
      common[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));

  const differences: LineDifference[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      i += 1;
      j += 1;
    } else if (j >= now.length || (i < old.length && at(i + 1, j) >= at(i, j + 1))) {
      differences.push(gone(old[i] ?? ''));
      i += 1;
    } else {
      differences.push(come(now[j] ?? ''));
      j += 1;
    }
  }
  return differences;
}
