// By what a value on a command line is known to be a secret: by the name it stands under. Apart from mcp-file.ts, which does not
// show such values, since those who look for them in what servers say need the same rule.

/** The beginning of a word such as `--api-key=`, `API_KEY=` or `Authorization: `, and what follows it. */
const NAMED =
  /^((?:[\w-]{0,64}(?:authorization|key|token|secret|cookie|passw(?:or)?d|credential)[\w-]{0,64}|-{0,4}auth)(?:=|: {0,4}))(.+)$/is;
/** A flag whose value is the next word. */
const FLAG = /^--?(?:[\w-]{0,64}(?:key|token|secret|passw(?:or)?d|credential)[\w-]{0,64}|auth)$/i;
/** What such a flag says when its value is no secret but where one is. */
const PLACE = /(?:file|path|dir|url|name|id)[=:]? *$/i;
const HIDDEN = '…';

interface Part {
  /** Shown as it is. */
  readonly shown: string;
  readonly secret: string | undefined;
}

/** The values among these words that are secrets by their names. */
export function secretsAmong(words: readonly string[]): string[] {
  return partsOf(words).flatMap(({ secret }) => secret ?? []);
}

/** The words with `…` in place of such values, but for those that name a variable only. */
export function withoutSecrets(words: readonly string[]): string[] {
  return partsOf(words).map(({ shown, secret }) =>
    secret === undefined || /^(?:\w+ +)?\$\{\w+\}$/.test(secret) ? `${shown}${secret ?? ''}` : `${shown}${HIDDEN}`,
  );
}

function partsOf(words: readonly string[]): Part[] {
  return words.map((word, index) => {
    const [, name = '', value] = NAMED.exec(word) ?? [];
    if (value !== undefined && !PLACE.test(name)) return { shown: name, secret: value };
    const flag = words[index - 1] ?? '';
    const isValue = FLAG.test(flag) && !PLACE.test(flag) && !word.startsWith('-');
    return isValue ? { shown: '', secret: word } : { shown: word, secret: undefined };
  });
}
