// What may become a note: text, within limits.

import { NOTE_LIMITS } from './limits.ts';
import { accept, type NoteDraft, type NoteOutcome, refuse } from './note.ts';

/** Control characters that no text needs; a line feed, a carriage return and a tab are text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const BODY_CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const TITLE_CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** All of them as they will be kept, or what is wrong with the first that is not right. */
export function checkDrafts(drafts: readonly NoteDraft[]): NoteOutcome<readonly NoteDraft[]> {
  if (drafts.length > NOTE_LIMITS.maxNotesPerImport)
    return refuse('too_long', `One import takes ${NOTE_LIMITS.maxNotesPerImport} notes, not ${drafts.length}.`);
  const kept: NoteDraft[] = [];
  for (const [index, draft] of drafts.entries()) {
    const checked = checkDraft(draft);
    if (!checked.ok) return { ...checked, message: `Note ${index + 1} of ${drafts.length}: ${checked.message}` };
    kept.push(checked.value);
  }
  return accept(kept);
}

/** Each title with its text once. */
export function distinctDrafts(drafts: readonly NoteDraft[]): readonly NoteDraft[] {
  // A title has no line break, so the first one ends it.
  return [...new Map(drafts.map((draft) => [`${draft.title}\n${draft.body}`, draft])).values()];
}

/** The draft as it will be kept, or what is wrong with it. */
export function checkDraft(draft: NoteDraft): NoteOutcome<NoteDraft> {
  const title = draft.title.trim();
  const { body } = draft;
  if (title === '') return refuse('invalid_text', 'The title is empty.');
  if (title.length > NOTE_LIMITS.maxTitleLength)
    return refuse('too_long', `The title has ${title.length} characters; ${NOTE_LIMITS.maxTitleLength} are allowed.`);
  if (body.length > NOTE_LIMITS.maxBodyLength)
    return refuse('too_long', `The text has ${body.length} characters; ${NOTE_LIMITS.maxBodyLength} are allowed.`);
  if (TITLE_CONTROL.test(title) || !title.isWellFormed())
    return refuse('invalid_text', 'The title must be one line without control characters.');
  if (BODY_CONTROL.test(body) || !body.isWellFormed())
    return refuse('invalid_text', 'The text must not contain control characters other than line breaks and tabs.');
  return accept({ title, body });
}
