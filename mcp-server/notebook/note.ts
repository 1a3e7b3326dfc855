// What a note is, and how an operation on notes ends: with a value, or with a reason that the caller can read.

export interface NoteDraft {
  /** One line; surrounding white space is dropped. */
  readonly title: string;
  readonly body: string;
}

export interface Note extends NoteDraft {
  readonly id: string;
  /** Grows by one with each change; an update names the version it was made from. */
  readonly version: number;
  /** RFC 3339. */
  readonly createdAt: string;
  /** RFC 3339. */
  readonly updatedAt: string;
}

/** A note that a search found, with the first place in its text where one of the words stands. */
export interface FoundNote extends Note {
  readonly snippet: string;
}

export interface NotePage {
  /** Newest first. */
  readonly notes: readonly Note[];
  /** Where the next page begins; `undefined` on the last one. */
  readonly nextCursor: string | undefined;
}

/** Why the notebook does not do what it was asked. */
export type NoteRefusal = 'not_found' | 'changed' | 'invalid_text' | 'too_long' | 'full' | 'invalid_cursor';

export type NoteOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: NoteRefusal; readonly message: string };

export function accept<T>(value: T): NoteOutcome<T> {
  return { ok: true, value };
}

export function refuse(reason: NoteRefusal, message: string): NoteOutcome<never> {
  return { ok: false, reason, message };
}

/** A value from outside in a message: quoted and cut short. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
