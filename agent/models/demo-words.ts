// Text → tokens, and words → stems, for the demo model. Pure; the same reading serves requests and tool descriptions, so
// that a sign such as `+` means whatever the descriptions use it for.

/** A piece of a text, with its place in it. */
export type Token = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string; readonly value: number }
  /** Text between quotation marks, without them. */
  | { readonly kind: 'quoted'; readonly text: string }
  /** A sign between two operands: `2 + 40`, `a - b`. */
  | { readonly kind: 'operator'; readonly text: string }
  /** Any other sign, a bracket for example. */
  | { readonly kind: 'sign'; readonly text: string }
);

/** Single quotes count only around words, not within them: `don't` opens nothing. */
const QUOTED = /"([^"]*)"|“([^”]*)”|`([^`]*)`|(?<![\p{L}\p{N}])'([^']*)'(?![\p{L}\p{N}])/u;
/** Dates and thousands separators (`1,000`) are read as words: taken apart they would be other numbers. */
const UNREAD = /\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z?)?|\d{1,3}(?:,\d{3})+(?!\d)/u;
const NUMBER = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_]|\.\d)/u;
const WORD = /[\p{L}\p{N}_](?:[\p{L}\p{N}_]|[.'’-](?=[\p{L}\p{N}_]))*/u;
const LEXER = new RegExp(`${QUOTED.source}|(${UNREAD.source})|(${NUMBER.source})|(${WORD.source})|(\\S)`, 'gu');

/** Words that say nothing about which tool is meant. */
const STOP_WORDS = new Set(
  `a an the this that these those some any and or of for to in on at by with from as is are am was be been it its i me my
  mine we us our you your what which who whom whose how why when where much many please can could would will shall should
  do does did done have has let want need tell give get say ask hello hi hey thanks thank just then also now here there
  one two three both all each use using call tool tools not no if so`.split(/\s+/),
);

/** Longest first. What follows an ending is cut so that `adds`, `adding` and `addition` meet. */
const SUFFIXES = [
  ...['ications', 'ication', 'itions', 'ition', 'ations', 'ation', 'ings', 'ions', 'ing', 'ion', 'ies', 'ied'],
  ...['ed', 'es', 's'],
];
const MIN_STEM_LENGTH = 3;

/** Reads a text into tokens; white space is dropped. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(LEXER)) {
    const place = { start: match.index, end: match.index + match[0].length };
    const quoted = match[1] ?? match[2] ?? match[3] ?? match[4];
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted, ...place });
    else if (match[6] !== undefined) pushNumber(tokens, { text: match[6], ...place }, text);
    else if (match[8] !== undefined) tokens.push({ kind: 'sign', text: match[8], ...place });
    else tokens.push({ kind: 'word', text: match[0], ...place });
  }
  return tokens.map((token, index) => (isOperator(tokens, index) ? { ...token, kind: 'operator' } : token));
}

/** A word without its ending, in lower case. */
export function stem(word: string): string {
  const lower = word.toLowerCase();
  const suffix = SUFFIXES.find((ending) => lower.endsWith(ending) && lower.length - ending.length >= MIN_STEM_LENGTH);
  const root = suffix ? lower.slice(0, -suffix.length) : lower;
  // `divide` and `dividing`, `multiply` and `multiplies`, `plan` and `planning`.
  const cut = root.length > MIN_STEM_LENGTH ? root.replace(/[eiy]$/, '') : root;
  return cut.length > MIN_STEM_LENGTH ? cut.replace(/([^aeiou])\1$/, '$1') : cut;
}

/** The stems of the words in a name such as `list_notes`, `listNotes` or `list-notes`, without stop words. */
export function stemsOf(name: string): string[] {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1 && !/^\d+$/.test(word) && !STOP_WORDS.has(word.toLowerCase()))
    .map(stem);
}

/** A name in the form in which spellings meet: `noteId`, `note_id` and `note-id`. */
export function compact(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** Adds a number, together with the sign in front of it if that is no operator: `-3`, `add 5 -3`, `a=-3`. */
function pushNumber(tokens: Token[], number: { text: string; start: number; end: number }, text: string): void {
  // JSON has no infinity, so no tool could be given it.
  if (!Number.isFinite(Number(number.text))) {
    tokens.push({ kind: 'word', ...number });
    return;
  }
  const [sign, before] = [tokens.at(-1), tokens.at(-2)];
  const isSigned = sign?.kind === 'sign' && /^[-+−]$/.test(sign.text) && sign.end === number.start;
  const endsOperand = before?.kind === 'number' || (before?.kind === 'sign' && before.text === ')');
  const standsApart = sign !== undefined && /\s/.test(text[sign.start - 1] ?? '');
  if (!isSigned || (endsOperand && !standsApart)) {
    tokens.push({ kind: 'number', value: Number(number.text), ...number });
    return;
  }
  tokens.pop();
  const signed = (sign.text === '+' ? '' : '-') + number.text;
  tokens.push({ kind: 'number', text: signed, value: Number(signed), start: sign.start, end: number.end });
}

function isOperator(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  return (
    token?.kind === 'sign' &&
    !/[\p{L}\p{N},;:.?!=()[\]{}"'`]/u.test(token.text) &&
    isOperand(tokens[index - 1], ')') &&
    isOperand(tokens[index + 1], '(')
  );
}

/** A number, a letter as in `a + b`, or a bracket around them. */
function isOperand(token: Token | undefined, bracket: string): boolean {
  if (token?.kind === 'sign') return token.text === bracket;
  return token?.kind === 'number' || (token?.kind === 'word' && /^\p{L}$/u.test(token.text));
}
