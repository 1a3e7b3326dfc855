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
const MAX_STRING_LENGTH = 500;
const REDACTED = '[redacted]';

/** Field names whose value is never written, whatever it is. */
const SECRET_KEY =
  /^(authorization|cookie|set-cookie|code|code_verifier|password|secret|state|token|assertion|.*_token|.*_secret|.*_verifier|.*Token|.*Secret|.*Verifier)$/;
/** A JWS, an unsecured JWT, or a credential scheme with its value, wherever it stands in a text. */
const SECRET_TEXT = /\beyJ[\w-]+\.[\w-]*\.[\w-]*|\b(?:Bearer|Basic|DPoP)\s+[\w.~+/=-]{8,}/gi;

/**
 * Builds the log. One entry is `{ time, level, event, ...fields }` with an RFC 3339 time.
 *
 * Long strings are cut at 500 characters, control characters are escaped by JSON, errors become `{ name, message }`.
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
        sink.write(`${JSON.stringify(entry)}\n`);
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
  if (typeof value === 'string') return shorten(value.replace(SECRET_TEXT, REDACTED));
  if (value instanceof Error) return { name: value.name, message: redact(value.message) };
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? String(value) : value;
  if (depth > 4) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, SECRET_KEY.test(key) ? REDACTED : redact(item, depth + 1)]),
  );
}

function shorten(text: string): string {
  return text.length <= MAX_STRING_LENGTH ? text : `${text.slice(0, MAX_STRING_LENGTH)}…`;
}
