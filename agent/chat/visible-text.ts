// Makes text from a model or a server safe to print on a terminal. Whatever could move the cursor, change colours,
// reorder what is read or hide a message becomes visible as `<U+001B>`. Knows nothing of events; the renderer, the
// commands and the line editor pass every foreign word through here.

/** What of a stream has been shown and what waits for its next piece. Starts as `EMPTY_STREAM`. */
export interface VisibleStream {
  /** The last characters shown, since a joiner is judged by what stands before it. */
  readonly context: string;
  /** The end of the last piece if it can only be judged together with the next one. */
  readonly held: string;
}

export const EMPTY_STREAM: VisibleStream = { context: '', held: '' };

// Controls but tab and line feed, format characters (bidi, zero width, tags), line separators, lone surrogates, variation
// selectors, and the fillers that look like nothing.
const HIDDEN =
  /[[\p{Cc}--[\t\n]]\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Variation_Selector}\u034F\u115F\u1160\u17B4\u17B5\u3164\uFFA0]/gv;
// The hidden characters that writing needs: joiners inside an emoji or between letters of scripts that join (never between
// Latin letters, where they only carry smuggled bits), and the selector that makes a sign an emoji.
const NEEDED =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})|(?<=[[\p{L}\p{M}]--\p{Script=Latin}])[\u200C\u200D](?=[[\p{L}\p{M}]--\p{Script=Latin}])|(?<=[\p{Extended_Pictographic}0-9#*])[\uFE0E\uFE0F]/v;
const HIDDEN_OR_NEEDED = new RegExp(`(?<needed>${NEEDED.source})|${HIDDEN.source}`, 'gv');
const UNDECIDED_END = /(?:\r|(?:\u200C|\u200D)?[\uD800-\uDBFF]|\u200C|\u200D)$/;
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|\uFE0F|[\u{20000}-\u{3FFFD}]/u;
const CONTEXT_LENGTH = 8;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The text with every hidden character spelled out; line breaks become `\n`, tabs stay. */
export function visibleText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(HIDDEN_OR_NEEDED, (character, needed?: string) => (needed === undefined ? spelled(character) : character));
}

/** The text on one line: line breaks show as `⏎`, tabs as a space. */
export function visibleLine(text: string): string {
  return visibleText(text).trim().replaceAll('\n', '⏎').replaceAll('\t', ' ');
}

/** JSON that says the same, with every hidden character in its strings as an escape. */
export function visibleJson(json: string): string {
  return json.replace(HIDDEN, (character) =>
    // By code units, as JSON has it.
    Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Takes the next piece of streamed text; a character that is split between two pieces is shown with the second. */
export function visibleChunk(stream: VisibleStream, piece: string): { stream: VisibleStream; text: string } {
  const text = stream.held + piece;
  const held = UNDECIDED_END.exec(text)?.[0] ?? '';
  const decided = text.slice(0, text.length - held.length);
  return {
    stream: { context: (stream.context + decided).slice(-CONTEXT_LENGTH), held },
    text: visibleText(stream.context + decided).slice(visibleText(stream.context).length),
  };
}

/** What a stream that ends here still owes. */
export function visibleRest(stream: VisibleStream): string {
  return visibleText(stream.held);
}

/** Cuts a line to a number of terminal columns, ending in `…` if something is missing. Counts wide characters as two. */
export function cutToWidth(line: string, columns: number): string {
  let width = 0;
  let fitting = '';
  for (const { segment } of graphemes.segment(line)) {
    const wider = width + (WIDE.test(segment) ? 2 : 1);
    if (wider > columns) return `${withoutLast(fitting)}…`;
    width = wider;
    fitting += segment;
  }
  return fitting;
}

/** A line in pieces that take no more than a number of terminal columns each; at least one piece. */
export function wrapToWidth(line: string, columns: number): string[] {
  const rows: string[] = [];
  let [row, width] = ['', 0];
  for (const { segment } of graphemes.segment(line)) {
    const wide = WIDE.test(segment) ? 2 : 1;
    if (width + wide > columns && row !== '') {
      rows.push(row);
      [row, width] = ['', 0];
    }
    row += segment;
    width += wide;
  }
  return [...rows, row];
}

/** How many terminal columns a line takes. */
export function widthOf(line: string): number {
  return [...graphemes.segment(line)].reduce((width, { segment }) => width + (WIDE.test(segment) ? 2 : 1), 0);
}

function withoutLast(text: string): string {
  const last = [...graphemes.segment(text)].at(-1);
  return last === undefined ? '' : text.slice(0, last.index);
}

function spelled(character: string): string {
  return `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;
}
