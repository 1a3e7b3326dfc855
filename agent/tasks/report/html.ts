// HTML from parts: every text that is put in is escaped, unless it is HTML that was made here.

const MADE_HERE = Symbol('html');

/** What could make a text read otherwise than it is: controls, directions, zero width, tags. Shown by its number. */
const HIDDEN = /[[\p{Cc}--[\t\n\r]]\u061C\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF\u{E0000}-\u{E007F}]/gv;

/** HTML that only `html` makes. */
export interface Html {
  readonly [MADE_HERE]: true;
  readonly text: string;
}

export type Part = string | number | Html | undefined | false | readonly Part[];

/** A template whose parts are escaped; `undefined` and `false` are nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return made(strings.reduce((text, string, index) => text + render(parts[index - 1]) + string));
}

/** Text of ours that goes in as it is: styles and scripts, which are never made of data. */
export function verbatim(text: string): Html {
  return made(text);
}

function made(text: string): Html {
  return { [MADE_HERE]: true, text };
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (Array.isArray(part)) return part.map(render).join('');
  // Arrays are out, but the type of readonly ones stays in.
  if (typeof part === 'object' && MADE_HERE in part) return part.text;
  return String(part)
    .toWellFormed()
    .replace(HIDDEN, (sign) => `<U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
