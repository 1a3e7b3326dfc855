// What is wrong in a task file, and where: one fault a line, as editors and CI services link them.

import { nearestWord } from '../../nearest-word.ts';

export interface Position {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface Fault extends Partial<Position> {
  readonly file: string;
  readonly message: string;
}

/** More would push the first ones, which are the ones to mend, off the screen. */
const MAX_SHOWN = 50;

/** `file:line:column message`, or without a position where the whole file is meant. */
export function describeFault({ file, line, column, message }: Fault): string {
  return `${[file, line, column].filter((part) => part !== undefined).join(':')} ${message}`;
}

/** All faults of all files in one report. */
export function reportFaults(faults: readonly Fault[]): string {
  const lines = faults.slice(0, MAX_SHOWN).map((fault) => `  ${describeFault(fault)}`);
  const more = faults.length - lines.length;
  return [
    `There ${faults.length === 1 ? 'is a fault' : `are ${faults.length} faults`} in the task files:`,
    ...lines,
    ...(more > 0 ? [`  … and ${more} more`] : []),
    'The format is explained in docs/tasks.md.',
  ].join('\n');
}

/** `; did you mean "contains"?` when one of the known words is near, else the list of them. */
export function suggest(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  if (nearest !== undefined) return `; did you mean ${JSON.stringify(nearest)}?`;
  return known.length === 0 ? '' : `; known: ${known.slice(0, 40).join(', ')}`;
}

/** A value from a file, quoted and cut. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
