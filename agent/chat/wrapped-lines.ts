// Lines of ours in a narrow terminal: broken between words, further rows indented as the first. A word that is wider than a
// row is left to the terminal, so that an address or a path can be copied as one.

import { stripVTControlCharacters } from 'node:util';
import { widthOf } from './visible-text.ts';

/** @param text may be painted; every foreign word in it has been made visible */
export function wrapLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns))
    .join('\n');
}

function wrapLine(line: string, columns: number): string {
  if (shownWidth(line) <= columns) return line;
  const indent = ' '.repeat(/^ */.exec(stripVTControlCharacters(line))?.[0].length ?? 0);
  const rows: string[] = [];
  const [first = '', ...words] = line.split(' ');
  let row = first;
  for (const word of words) {
    const longer = `${row} ${word}`;
    const isBlank = stripVTControlCharacters(row).trim() === '';
    if (isBlank || shownWidth(longer) <= columns) row = longer;
    else {
      rows.push(row);
      row = `${indent}${word}`;
    }
  }
  return [...rows, row].join('\n');
}

function shownWidth(text: string): number {
  return widthOf(stripVTControlCharacters(text));
}
