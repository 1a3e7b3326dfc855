// HTML from parts: every text that is put in is escaped, unless it is HTML that was made here.

const MADE_HERE = Symbol('html');

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
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
