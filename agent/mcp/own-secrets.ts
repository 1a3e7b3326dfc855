// The agent's own credentials, to find them in the arguments of a tool call: a model that was talked into it by a server
// must not hand them out. Keeps no more than it needs to recognise them.

type Variables = Readonly<Record<string, string | undefined>>;

export interface OwnSecrets {
  /** Remembers a token that was used. */
  note(secret: string): void;
  /** Whether the value contains one of them, in plain or in a usual encoding. */
  isIn(value: unknown): boolean;
}

const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)/i;
/** A shorter value is no secret, and would be found everywhere. */
const MIN_LENGTH = 12;
/** Tokens are replaced every few minutes; the last ones are enough. */
const MAX_TOKENS = 32;

/** @param variables whose names say that they hold a secret are taken from these */
export function createOwnSecrets(variables: Variables): OwnSecrets {
  const fixed = Object.entries(variables)
    .flatMap(([name, value]) => (SECRET_NAME.test(name) && value !== undefined ? [value] : []))
    .filter(isLongEnough)
    .flatMap(spellings);
  const tokens = new Map<string, readonly string[]>();
  return {
    note: (secret) => {
      if (!isLongEnough(secret) || tokens.has(secret)) return;
      tokens.set(secret, spellings(secret));
      const [oldest] = tokens.keys();
      if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest);
    },
    isIn: (value) => {
      const text = textOf(value);
      return (
        fixed.some((spelling) => text.includes(spelling)) ||
        [...tokens.values()].some((known) => known.some((spelling) => text.includes(spelling)))
      );
    },
  };
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
