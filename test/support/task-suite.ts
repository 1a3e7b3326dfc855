// Task files made for a test, and what a run of them left behind.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A suite of sums that the demo model can do. */
export function writeSums(file: string, count: number): void {
  const tasks = Array.from(
    { length: count },
    (_, n) =>
      `  - { id: sum-${n}, prompt: "What is ${n} + 1?", expect: [{ answer: { number: { value: ${n + 1} } } }] }`,
  );
  writeFileSync(file, `version: 1\ndefaults: { model: demo }\ntasks:\n${tasks.join('\n')}\n`);
}

/** The attempts in results.jsonl, one entry for each whole line. */
export function readAttempts(directory: string): { readonly key: string; readonly outcome: string }[] {
  return readFileSync(join(directory, 'results.jsonl'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line === '' || !line.endsWith('}')) return [];
      const { task, attempt, outcome } = JSON.parse(line);
      return [{ key: `${task}#${attempt}`, outcome }];
    });
}
