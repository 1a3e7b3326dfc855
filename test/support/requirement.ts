// What a table of requirements is made of, and how tests cite its rows: by their ids at the start of a title.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Requirement {
  readonly id: string;
  readonly source: string;
  readonly behaviour: string;
}

export const row = (id: string, source: string, behaviour: string): Requirement => ({ id, source, behaviour });

/** The titles of all tests in the files that match. */
export function titlesIn(directory: string, patterns: readonly string[]): string[] {
  return globSync(patterns, { cwd: directory }).flatMap((file) =>
    [...readFileSync(join(directory, file), 'utf8').matchAll(/\btest\(\s*(['"`])([\s\S]*?)\1,/g)].map(
      ([, , title]) => title ?? '',
    ),
  );
}

/** The ids before the first colon; without any, one that no row has. */
export function idsCitedBy(title: string): string[] {
  return (/^([\w., -]+): /.exec(title)?.[1] ?? '').split(', ');
}
