// Text of a server before the model reads it: without the characters that a person would not see and a model would obey,
// and no longer than it needs to be. What was taken out or cut off is said in the text itself.

import { plural } from '../plural.ts';

// Each of these is hidden, or moves what is shown. ANSI sequences go as a whole: colours, cursor moves, titles, links.
const HIDDEN = new RegExp(
  [
    String.raw`\x1B\[[\x30-\x3F]*[\x20-\x2F]*[\x40-\x7E]`,
    String.raw`\x1B\][^\x07\x1B]*(?:\x07|\x1B\\)?`,
    String.raw`\x1B[\x40-\x5A\x5C-\x5F]`,
    String.raw`\x9B[\x30-\x3F]*[\x20-\x2F]*[\x40-\x7E]`,
    // Controls but tab and line feed, bidi, zero width and other format characters, separators, lone surrogates.
    String.raw`[[\p{Cc}--[\t\n]]\p{Cf}\p{Zl}\p{Zp}\p{Cs}]`,
    // Tags and selectors that spell hidden text, and fillers that look like nothing.
    String.raw`[\u{E0000}-\u{E0FFF}\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180D\u180F\u3164\uFE00-\uFE0D\uFFA0]`,
  ].join('|'),
  'gv',
);
// Joiners that writing needs: inside an emoji, or between letters of scripts that join (never Latin ones, where they only
// carry smuggled bits).
const NEEDED =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})|(?<=[[\p{L}\p{M}]--\p{Script=Latin}])[\u200C\u200D](?=[[\p{L}\p{M}]--\p{Script=Latin}])/gv;

export interface CleanedText {
  readonly text: string;
  /** How many hidden characters were taken out; a carriage return before a line feed is none. */
  readonly removed: number;
  /** How many characters were cut off at the end. */
  readonly cut: number;
}

/** Takes out what is hidden, then cuts to `maxChars`. */
export function inspectText(text: string, maxChars: number): CleanedText {
  // Long texts are cut first, generously: nobody needs the rest cleaned.
  const slice = text.length > maxChars * 4 ? text.slice(0, maxChars * 4) : text;
  const lines = slice.includes('\r') ? slice.replaceAll('\r\n', '\n') : slice;
  let removed = 0;
  let needed: Set<number> | undefined;
  const visible = lines.replace(HIDDEN, (match, offset: number) => {
    needed ??= new Set([...lines.matchAll(NEEDED)].map(({ index }) => index));
    if (needed.has(offset)) return match;
    removed += [...match].length;
    return '';
  });
  const kept = cutAt(visible, maxChars);
  return { text: kept, removed, cut: text.length - slice.length + visible.length - kept.length };
}

/** The text as the model or a person may see it, with a word on what is missing. */
export function cleanText(text: string, maxChars: number): string {
  const { text: kept, removed, cut } = inspectText(text, maxChars);
  const notes = [
    ...(removed > 0
      ? [`${plural(removed, 'hidden character')} ${removed === 1 ? 'was' : 'were'} removed from this text`]
      : []),
    ...(cut > 0 ? [`${plural(cut, 'more character')} ${cut === 1 ? 'was' : 'were'} cut off`] : []),
  ];
  return notes.length === 0 ? kept : `${kept}\n[${notes.join('; ')}]`;
}

/** Never in the middle of a surrogate pair. */
function cutAt(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const end = text.charCodeAt(maxChars - 1);
  return text.slice(0, end >= 0xd800 && end <= 0xdbff ? maxChars - 1 : maxChars);
}
