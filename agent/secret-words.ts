// By what a value of a configuration is known to be a secret: by the name it stands under. Apart from mcp-file.ts, which does
// not show such values, since those who look for them in what servers say need the same rule.

const SECRET_PARTS = new Set(
  'authorization bearer key apikey token pat secret cookie password passwd pwd passphrase credential credentials'.split(
    ' ',
  ),
);
/** What the last part says when the value is no secret but where one is, or what it is like. */
const PLACE_PARTS = new Set('file path dir url uri endpoint name type host sock socket'.split(' '));
/** Keys that open nothing, and what a key is called. */
const OPEN_KEYS = /(?:^|-)(?:(?:public|partition|sort|primary|foreign)-key(?:-|$)|key-id$)/;
/** A name and what it is given, as `--api-key=…`, `API_KEY=…`, `Authorization: …`. */
const NAMED = /^ {0,4}([\w.-]{1,128})(?:=|: {0,4})(.+)$/s;
/** The password of a URL, as it is written. */
const URL_PASSWORD = /:\/\/[^/?#@:\s]{0,256}:([^/?#@\s]+)@/;
const QUERY = /[?&]([^=&#\s]{1,128})=([^&#\s]+)/g;
/** It may be shown: it names where the secret is. */
const VARIABLE = /^(?:\w+ +)?\$\{\w+\}$/;
const HIDDEN = '…';

/** Whether what stands under this name is a secret: of a variable, a header, a flag or a parameter. */
export function isSecretName(name: string): boolean {
  const words = name
    .slice(0, 200)
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter(Boolean);
  const last = words.at(-1) ?? '';
  if (PLACE_PARTS.has(last) || OPEN_KEYS.test(words.join('-'))) return false;
  // As in `--auth user:password`; `AUTH_AUDIENCE` and its like are settings.
  return last === 'auth' || words.some((word) => SECRET_PARTS.has(word));
}

/** The values among these words of a command line that are secrets by their names. */
export function secretsAmong(words: readonly string[]): string[] {
  return words.flatMap((word, index) => secretsIn(word, words[index - 1]));
}

/** The words with `…` in place of such values, but for those that name a variable only. */
export function withoutSecrets(words: readonly string[]): string[] {
  return words.map((word, index) =>
    secretsIn(word, words[index - 1])
      .filter((secret) => !VARIABLE.test(secret))
      .reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), word),
  );
}

function secretsIn(word: string, before = ''): string[] {
  if (/^--?[\w-]{1,128}$/.test(before) && isSecretName(before) && !word.startsWith('-')) return [word];
  const password = URL_PASSWORD.exec(word)?.[1];
  const parameters = [...word.matchAll(QUERY)].flatMap(([, name = '', value = '']) =>
    isSecretName(name) ? [value] : [],
  );
  return [
    ...(password === undefined ? [] : [password]),
    ...parameters,
    ...word.split(';').flatMap((part) => given(part)),
  ];
}

/** A flag may be given a header, or another variable. */
function given(text: string, depth = 0): string[] {
  const [, name = '', value] = NAMED.exec(text) ?? [];
  if (value === undefined) return [];
  if (isSecretName(name)) return [value];
  return depth === 0 ? given(value, 1) : [];
}
