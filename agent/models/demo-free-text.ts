// Text without quotation marks as an argument, for the demo model: `search notes for milk`. Pure.

import type { Token } from './demo-words.ts';

/** What may stand between a tool's name and free text that is its argument. */
const LEADING =
  /^(?:[\s:,-]+|(?:a|an|the|my|for|about|to|of|with|called|named|titled|saying|says|that|is|as)(?=[\s:]|$))+/i;

/**
 * What a text says after the tool's name, without connecting words in front and punctuation at the end.
 *
 * @param from where the tool's name ends
 * @param used tokens that became other arguments already
 */
export function readFreeText(text: string, from: number, used: readonly Token[], parameterName: string): string {
  const later = used.filter(({ start }) => start >= from).sort((a, b) => a.start - b.start);
  const starts = [from, ...later.map(({ end }) => end)];
  const ends = [...later.map(({ start }) => start), text.length];
  const rest = starts
    .map((start, index) => text.slice(start, ends[index]))
    .join('')
    .trim()
    .replace(LEADING, '');
  const isNamed = rest.toLowerCase().startsWith(`${parameterName.toLowerCase()} `);
  return (isNamed ? rest.slice(parameterName.length) : rest).replace(LEADING, '').replace(/[\s.?!,;:]+$/, '');
}
