// The one error class of this half, and what each code means to whoever started the process.

/** Why the server could not start or go on. */
export type ServerErrorCode = 'invalid_configuration' | 'port_taken' | 'unreadable_data';

/** Exit code of the process per error code; the table that `npm run server` and `npm start` promise. */
export const EXIT_CODES: Readonly<Record<ServerErrorCode, number>> = {
  invalid_configuration: 2,
  port_taken: 2,
  unreadable_data: 1,
};

/** A failure that a person can do something about: `message` says what happened, what was expected and what to do. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What SQLite says of a file that is not, or not any more, a database. https://www.sqlite.org/rescode.html */
const DAMAGE_CODES = [1, 11, 26];

/**
 * What to do about a database that cannot be opened: `remedy`, which may cost what is in it, only when it is damaged. A
 * disk that is full or another process that holds the file is no reason to give anything up.
 */
export function databaseRemedy(error: unknown, remedy: string): string {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  return code === undefined || DAMAGE_CODES.includes(code)
    ? remedy
    : 'leave the file as it is; see that there is room on the disk, that this user may write there, and that no other program holds the file, then start again';
}
