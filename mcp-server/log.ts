// The server's one log sink: a JSON object per line on stderr, so that stdout stays free and any collector can read it.
// Everything in the server logs through the `Log` it is given; nothing else writes to the console.

import type { Writable } from 'node:stream';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Values of a log entry. Secrets are redacted by key and by shape before anything is written. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Sees every entry, whatever the level; used to count. */
export type LogObserver = (event: string, fields: LogFields) => void;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log with `fields` in every entry. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  /** Least severe level that is written; default `info`. */
  readonly level?: LogLevel;
  /** Where lines go; default `process.stderr`. */
  readonly sink?: Pick<Writable, 'write'>;
  /** Clock; default the system's. */
  readonly now?: () => Date;
  readonly observer?: LogObserver | undefined;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const LIMITS = {
  /** Longest text that is written. */
  maxStringLength: 500,
  /** Longest text that is looked at, so that what a caller sends costs the same whatever its length. */
  maxScannedLength: 2_000,
  /** Members of an object or a list that are written. */
  maxMembers: 50,
  maxDepth: 4,
} as const;
const REDACTED = '[redacted]';

/** Field names whose value is never written, whatever it is. */
const SECRET_KEY =
  /^(authorization|cookie|set-cookie|code|code_verifier|password|secret|state|token|assertion|.*_token|.*_secret|.*_verifier|.*Token|.*Secret|.*Verifier)$/;
/**
 * A JWS, a JWE or a piece of one, or a credential scheme with its value, wherever it stands in a text. What begins like a
 * token is consumed as far as it goes, so that no character is looked at twice.
 */
const SECRET_TEXT = /\beyJ[\w-]*(?:\.[\w-]*){0,4}|\b(?:Bearer|Basic|DPoP)\s+[\w.~+/=-]{8,}/gi;
/** A URL up to its end; user, password, query and fragment may hold what nobody else should read. */
const URL_TEXT = /\bhttps?:\/\/[^\s"'<>\\]+/gi;
/** What a token may consist of. */
const TOKEN_CHARACTER = /[\w.~+/=-]/;
/**
 * Characters that JSON leaves as they are and that a terminal or a viewer takes for commands: C1 controls, line
 * separators, and the marks that turn the direction of text.
 */
const COMMAND_CHARACTERS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Builds the log. One entry is `{ time, level, event, ...fields }` with an RFC 3339 time.
 *
 * Long strings are cut at 500 characters, control characters are escaped, errors become `{ name, message }`, URLs lose
 * user, password, query and fragment.
 */
export function createLog(options: LogOptions = {}): Log {
  const sink = options.sink ?? process.stderr;
  const now = options.now ?? (() => new Date());
  const threshold = LEVELS.indexOf(options.level ?? 'info');
  const build = (common: LogFields): Log => {
    const write =
      (level: LogLevel) =>
      (event: string, own: LogFields = {}) => {
        const fields = { ...common, ...own };
        options.observer?.(event, fields);
        if (LEVELS.indexOf(level) < threshold) return;
        const entry = { time: now().toISOString(), level, event, ...(redact(fields) as object) };
        sink.write(`${JSON.stringify(entry).replace(COMMAND_CHARACTERS, escapeCharacter)}\n`);
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      with: (fields) => build({ ...common, ...fields }),
    };
  };
  return build({});
}

/** Returns a copy of `value` in which every secret is replaced; the input stays as it was. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (value instanceof Error) return { name: value.name, message: redactText(String(value.message)) };
  if (typeof value === 'function') return '[function]';
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? String(value) : value;
  if (depth > LIMITS.maxDepth) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, LIMITS.maxMembers).map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, LIMITS.maxMembers)
      .map(([key, item]) => [shorten(key), SECRET_KEY.test(key) ? REDACTED : redact(item, depth + 1)]),
  );
}

function redactText(text: string): string {
  const scanned =
    text.length <= LIMITS.maxScannedLength ? text : withoutTornWord(text.slice(0, LIMITS.maxScannedLength));
  return shorten(scanned.replace(URL_TEXT, plainUrl).replace(SECRET_TEXT, REDACTED), text.length > scanned.length);
}

/** A cut may leave so little of a secret that it is not recognised; so the word that was cut goes. */
function withoutTornWord(text: string): string {
  let end = text.length;
  while (end > 0 && TOKEN_CHARACTER.test(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

function plainUrl(url: string): string {
  const [address = ''] = url.split(/[?#]/, 1);
  const [, scheme = '', authority = '', path = ''] = /^(https?:\/\/)([^/]*)(.*)$/i.exec(address) ?? [];
  return `${scheme}${authority.slice(authority.lastIndexOf('@') + 1)}${path}`;
}

function shorten(text: string, isCut = false): string {
  const short = text.slice(0, LIMITS.maxStringLength);
  return isCut || short.length < text.length ? `${short}…` : text;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
