// The agent's own credentials, to find them where they do not belong: in the arguments of a tool call, since a model that was
// talked into it by a server must not hand them out, and in what servers answer. Keeps no more than it needs to recognise
// them.

type Variables = Readonly<Record<string, string | undefined>>;

export interface OwnSecrets {
  /**
   * Remembers a secret that was used.
   *
   * @param isPassing whether it is used once, as a code is: what lasts is not forgotten over it. Default false
   */
  note(secret: string, isPassing?: boolean): void;
  /** Whether the value contains one of them, in plain or in a usual encoding. */
  isIn(value: unknown): boolean;
  /** The text without them. */
  redact(text: string): string;
}

/** Wider than the rule of secret-words.ts: of what this machine has set, a setting too many may rather be missing in answers. */
const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)/i;
/** What such a variable holds is where the secret is. */
const PLACE_NAME = /_(?:FILE|PATH|DIR)$/i;
const REMOVED = '[credential removed]';
/** A shorter value is no secret, and would be found everywhere. */
const MIN_LENGTH = 12;
/** With less of it nobody can do anything. */
const CUT_LENGTH = 20;
/** Tokens are replaced every few minutes; the last ones are enough. */
const MAX_NOTED = { lasting: 64, passing: 32 } as const;

interface Spelling {
  readonly text: string;
  /** What a text has to contain for a closer look. */
  readonly head: string;
  /** Whether a part of it counts: tokens are cut in messages; what a configuration holds may begin as other things do. */
  readonly isToken: boolean;
}

/**
 * @param variables whose names say that they hold a secret are taken from these
 * @param configured what else the configuration holds, see `configuredSecrets`
 */
export function createOwnSecrets(variables: Variables, configured: readonly string[] = []): OwnSecrets {
  const inVariables = Object.entries(variables).flatMap(([name, value]) =>
    SECRET_NAME.test(name) && !PLACE_NAME.test(name) && value !== undefined ? [value] : [],
  );
  const fixed = [...new Set([...inVariables, ...configured])]
    .filter(isLongEnough)
    .flatMap((secret) => spellings(secret, false));
  const noted = { lasting: new Map<string, readonly Spelling[]>(), passing: new Map<string, readonly Spelling[]>() };
  /** Made again after a new secret only: every text of every answer is held against it. */
  let known: { readonly all: readonly Spelling[]; readonly heads: RegExp } | undefined;
  const knownNow = () => {
    if (known) return known;
    const all = [...fixed, ...[...noted.lasting.values(), ...noted.passing.values()].flat()];
    const heads = [...new Set(all.map(({ head }) => head.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')))];
    known = { all, heads: heads.length === 0 ? /(?!)/ : new RegExp(heads.join('|')) };
    return known;
  };
  return {
    note: (secret, isPassing = false) => {
      if (!isLongEnough(secret)) return;
      const kept = noted[isPassing ? 'passing' : 'lasting'];
      const before = kept.get(secret);
      // What is used again stays young.
      if (before) kept.delete(secret);
      else known = undefined;
      kept.set(secret, before ?? spellings(secret, true));
      const [oldest] = kept.keys();
      if (kept.size > MAX_NOTED[isPassing ? 'passing' : 'lasting'] && oldest !== undefined) kept.delete(oldest);
    },
    isIn: (value) => {
      const text = textOf(value);
      return knownNow().all.some((spelling) => text.includes(spelling.text));
    },
    redact: (text) => {
      if (text.length < MIN_LENGTH) return text;
      const { all, heads } = knownNow();
      return heads.test(text) ? all.reduce(without, text) : text;
    },
  };
}

/**
 * The text without the secret, and without what is left of a token where the text was cut: at an end, a quote or dots. One
 * pass with a short needle, since issuer and server may have chosen secret and text to keep a search busy.
 */
function without(text: string, { text: spelling, head, isToken }: Spelling): string {
  if (!text.includes(head)) return text;
  const kept: string[] = [];
  let from = 0;
  for (let at = text.indexOf(head); at >= 0; ) {
    let end = at + head.length;
    while (end - at < spelling.length && text[end] === spelling[end - at]) end += 1;
    // Tokens of others may begin alike, and then go on otherwise.
    const isCut = isToken && /^(?:$|\.{2}|[^\w.~+/%-])/.test(text.slice(end, end + 2));
    if (end - at === spelling.length || isCut) {
      kept.push(text.slice(from, at), REMOVED);
      from = end;
    }
    at = text.indexOf(head, end);
  }
  return `${kept.join('')}${text.slice(from)}`;
}

function isLongEnough(secret: string): boolean {
  return secret.length >= MIN_LENGTH;
}

/** Keys count too; without what JSON puts before quotes and controls. */
function textOf(value: unknown): string {
  return (JSON.stringify(value) ?? '').replaceAll('\\"', '"').replaceAll('\\\\', '\\');
}

/** In the middle of a longer text, base64 shows a secret in three ways; its first and last characters belong to neighbours. */
function spellings(secret: string, isToken: boolean): Spelling[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const sure = text.slice(shift === 0 ? 0 : 4, -4);
    return [sure, sure.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const texts = [secret, encodeURIComponent(secret), bytes.toString('hex'), ...inBase64];
  return [...new Set(texts)].filter(isLongEnough).map((text) => ({ text, head: headOf(text), isToken }));
}

/** The header of a JWT says how it is signed, and nothing secret: many begin with it. */
function headOf(text: string): string {
  const header = /^eyJ[\w-]{0,4000}\./.exec(text)?.[0].length ?? 0;
  return text.slice(0, header + CUT_LENGTH);
}
