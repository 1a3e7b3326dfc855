// The requests of earlier chats: one JSON string a line, only ever appended to, so that two chats can share the file.
// Readable by its owner alone, since people paste what they should not.

import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

const MAX_ENTRIES = 1000;
// A pasted file is no request that anybody types again, and would fill the screen at the up arrow.
const MAX_ENTRY_CHARACTERS = 10_000;

export interface History {
  /** Requests of earlier chats, oldest first. */
  readonly entries: readonly string[];
  /** Remembers a request, unless it is as long as a file. Done when it returns, so that leaving at once loses nothing. */
  add(request: string): void;
}

/**
 * Opens the history at `file`; a file that is not there yet is an empty history.
 *
 * @param file `undefined` keeps no history
 * @param reportProblem told once, in words, if the file cannot be read or written; the chat works without it
 */
export function openHistory(file: string | undefined, reportProblem: (message: string) => void): History {
  if (file === undefined) return { entries: [], add: () => undefined };
  let usable = true;
  const attempt = <T>(action: () => T, fallback: T): T => {
    if (!usable) return fallback;
    try {
      return action();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (error.code === 'ENOENT') return fallback;
      usable = false;
      reportProblem(`history is not kept: ${error.message}`);
      return fallback;
    }
  };
  const entries = attempt(() => parseHistory(readFileSync(file, 'utf8')), []);
  let last = entries.at(-1);
  return {
    entries,
    add(request) {
      if (request === last || request.length > MAX_ENTRY_CHARACTERS) return;
      last = request;
      attempt(() => {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        appendFileSync(file, `${JSON.stringify(request)}\n`, { mode: 0o600 });
      }, undefined);
    },
  };
}

/** The last entries of a history file; lines that are no JSON string, e.g. half-written ones, are skipped. */
export function parseHistory(content: string): string[] {
  return content.split('\n').flatMap(parseEntry).slice(-MAX_ENTRIES);
}

function parseEntry(line: string): string[] {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'string' && entry.length <= MAX_ENTRY_CHARACTERS ? [entry] : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
