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
