// What the beginning of a line of markdown says about the line: heading, list item, quote, fence, rule or plain text. Line by
// line, since a stream has no more than that; marked reads what stands inside the line.

/** A list that is open: how far its marker was indented, and where its text stands on the screen. */
export interface ListLevel {
  readonly indent: number;
  readonly contentColumn: number;
}

export type LineStart =
  | { readonly type: 'blank' }
  | { readonly type: 'rule' }
  | { readonly type: 'heading'; readonly level: number; readonly text: string }
  | { readonly type: 'fence'; readonly fence: Fence }
  | { readonly type: 'table-row' }
  | { readonly type: 'item'; readonly marker: string; readonly indent: number; readonly length: number }
  | { readonly type: 'quote'; readonly length: number }
  | { readonly type: 'text'; readonly indent: number; readonly length: number };

export interface Fence {
  /** The run of signs that ends it. */
  readonly marker: string;
  readonly language: string;
  /** Spaces that its lines do not need. */
  readonly indent: number;
}

// What a line that is still coming in might become something else by: signs of a heading, a rule, a fence, a list.
const UNDECIDED = /^ *(?:`{1,2}|~{1,2}|#{1,6}|(?:[-*_] *)+|=+|\d{1,9}[.)]?|(?:[-*+]|\d{1,9}[.)]) +(?:\[[ xX]?\]?)?)?$/;
const RULE = /^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,}|={3,})$/;
const FENCE = /^( *)(`{3,}|~{3,})([^`]*)$/;

/**
 * Reads the beginning of `line`.
 *
 * @param isWhole whether the line has come in to its end
 * @returns `undefined` while more of the line is needed
 */
export function readLineStart(line: string, isWhole: boolean): LineStart | undefined {
  if (!isWhole && UNDECIDED.test(line)) return undefined;
  if (line.trim() === '') return { type: 'blank' };
  const indent = line.length - line.trimStart().length;
  const fence = /^ *(?:```|~~~)/.test(line);
  const heading = /^ {0,3}#{1,6}[ \t]/.test(line);
  if ((fence || heading || /^ *\|/.test(line)) && !isWhole) return undefined;
  if (heading) {
    const [, signs = '', text = ''] = /^ *(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/.exec(line) ?? [];
    return { type: 'heading', level: signs.length, text };
  }
  const [, space = '', marker = '', language = ''] = FENCE.exec(line) ?? [];
  if (marker !== '')
    return { type: 'fence', fence: { marker, language: language.trim().split(/\s/)[0] ?? '', indent: space.length } };
  if (RULE.test(line)) return { type: 'rule' };
  if (/^ *\|/.test(line)) return { type: 'table-row' };
  const [quote] = /^ {0,3}> ?/.exec(line) ?? [];
  if (quote !== undefined) return { type: 'quote', length: quote.length };
  const [item, bullet = '', task] = /^ *([-*+]|\d{1,9}[.)])[ \t]+(?:\[([ xX])\][ \t]+)?/.exec(line) ?? [];
  if (item !== undefined) {
    const sign = /\d/.test(bullet) ? bullet : '•';
    const box = task === undefined ? '' : task === ' ' ? ' ☐' : ' ☑';
    return {
      type: 'item',
      marker: `${box === '' || sign !== '•' ? sign : ''}${box}`.trim(),
      indent,
      length: item.length,
    };
  }
  return { type: 'text', indent, length: indent };
}

/** What a line stands in, and what it is there. */
export interface Containers {
  readonly quotes: number;
  readonly items: readonly (LineStart & { readonly type: 'item' })[];
  readonly start: Exclude<LineStart, { type: 'item' | 'quote' }>;
  /** Characters before the text. */
  readonly length: number;
}

/** Reads quote signs and list markers until neither follows; `undefined` while more of the line is needed. */
export function readContainers(line: string, isWhole: boolean): Containers | undefined {
  let length = 0;
  let quotes = 0;
  const items: (LineStart & { readonly type: 'item' })[] = [];
  for (;;) {
    const start = readLineStart(line.slice(length), isWhole);
    if (start === undefined) return undefined;
    if (start.type !== 'quote' && start.type !== 'item')
      return { quotes, items, start, length: length + (start.type === 'text' ? start.length : 0) };
    if (start.type === 'quote') quotes += 1;
    else items.push(start);
    length += start.length;
  }
}

export function withoutQuotes(line: string, quotes: number): string {
  return quotes === 0 ? line : withoutQuotes(line.replace(/^ {0,3}> ?/, ''), quotes - 1);
}

/** Whether `line` ends the code that `fence` began. */
export function endsFence(line: string, { marker }: Fence): boolean {
  const trimmed = line.trim();
  return trimmed.startsWith(marker) && [...trimmed].every((sign) => sign === marker[0]);
}

/** The lists that are still open at an item with this indentation, outermost first. */
export function listsAround(lists: readonly ListLevel[], indent: number): readonly ListLevel[] {
  return lists.filter((level) => indent >= level.indent + 2);
}
