// The agent's own credentials, to find them where they do not belong: in the arguments of a tool call, since a model that was
// talked into it by a server must not hand them out, and in what servers answer. Keeps no more than it needs to recognise
// them.

type Variables = Readonly<Record<string, string | undefined>>;

export interface OwnSecrets {
  /** Remembers a token that was used. */
  note(secret: string): void;
  /** Whether the value contains one of them, in plain or in a usual encoding. */
  isIn(value: unknown): boolean;
  /** The text without them. */
  redact(text: string): string;
}

const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)/i;
/** What such a variable holds is where the secret is. */
const PLACE_NAME = /_(?:FILE|PATH|DIR)$/i;
const REMOVED = '[credential removed]';
/** A shorter value is no secret, and would be found everywhere. */
const MIN_LENGTH = 12;
/** With less of it nobody can do anything. */
const CUT_LENGTH = 20;
/** Tokens are replaced every few minutes; the last ones are enough. */
const MAX_TOKENS = 64;

/**
 * @param variables whose names say that they hold a secret are taken from these
 * @param configured what else the configuration holds, see `configuredSecrets`
 */
export function createOwnSecrets(variables: Variables, configured: readonly string[] = []): OwnSecrets {
  const inVariables = Object.entries(variables).flatMap(([name, value]) =>
    SECRET_NAME.test(name) && !PLACE_NAME.test(name) && value !== undefined ? [value] : [],
  );
  const fixed = [...new Set([...inVariables, ...configured])].filter(isLongEnough).flatMap(spellings);
  const tokens = new Map<string, readonly string[]>();
  const known = () => [...fixed, ...[...tokens.values()].flat()];
  return {
    note: (secret) => {
      if (!isLongEnough(secret) || tokens.has(secret)) return;
      tokens.set(secret, spellings(secret));
      const [oldest] = tokens.keys();
      if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest);
    },
    isIn: (value) => {
      const text = textOf(value);
      return known().some((spelling) => text.includes(spelling));
    },
    redact: (text) => (text.length < MIN_LENGTH ? text : known().reduce(without, text)),
  };
}

/**
 * The text without the secret, and without what is left of it where the text was cut: at an end or a quote. One pass with a
 * short needle, since issuer and server may have chosen secret and text to keep a search busy.
 */
function without(text: string, spelling: string): string {
  const head = spelling.slice(0, CUT_LENGTH);
  if (!text.includes(head)) return text;
  const kept: string[] = [];
  let from = 0;
  for (let at = text.indexOf(head); at >= 0; ) {
    let end = at + head.length;
    while (end - at < spelling.length && text[end] === spelling[end - at]) end += 1;
    // Tokens of others may begin alike, and then go on otherwise.
    const isCut = !/^[\w.~+/%-]/.test(text.slice(end, end + 1));
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
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inBase64 = [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const sure = text.slice(shift === 0 ? 0 : 4, -4);
    return [sure, sure.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...inBase64].filter(isLongEnough);
}
