// What notes look like to a client: the parts that the tools of the notebook have in common.

import * as z from 'zod';
import { NOTE_LIMITS } from '../notebook/limits.ts';
import type { Note, NoteOutcome } from '../notebook/note.ts';
import { ToolError } from './tool-error.ts';

export const noteId = z.string().max(100).describe('The id of the note');

export const noteDraft = z.object({
  title: z.string().min(1).max(NOTE_LIMITS.maxTitleLength).describe('One line'),
  body: z.string().max(NOTE_LIMITS.maxBodyLength).default('').describe('The text'),
});

/** A note in a list: everything but its text. */
export const noteSummary = z.object({
  id: z.string(),
  title: z.string(),
  version: z.number().int().describe('Grows with each change'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export const noteOutput = noteSummary.extend({ body: z.string() });

/** Without the text, and without anything that the schema does not name. */
export function toSummary({ id, title, version, createdAt, updatedAt }: Note): z.output<typeof noteSummary> {
  return { id, title, version, createdAt, updatedAt };
}

export function summaryLine({ id, title, version }: { id: string; title: string; version: number }): string {
  return `${title} (id ${id}, version ${version})`;
}

/** The value, or the notebook's refusal as the tool's error. */
export function accepted<T>(outcome: NoteOutcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new ToolError(outcome.message);
}
