// The caller's notes: create, search, read, update, list. A note of somebody else is as absent as one that never was.

import * as z from 'zod';
import { NOTE_LIMITS } from '../notebook/limits.ts';
import type { Note } from '../notebook/note.ts';
import { accepted, noteDraft, noteId, noteOutput, noteSummary, summaryLine, toSummary } from './note-schemas.ts';
import { defineTool, type RegisterTool } from './tool.ts';

const READS = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

const limit = z
  .number()
  .int()
  .min(1)
  .max(NOTE_LIMITS.maxPageSize)
  .default(NOTE_LIMITS.defaultPageSize)
  .describe('How many notes at most');

const fullText = (note: Note) => `${summaryLine(note)}\n\n${note.body}`;

export const createNote: RegisterTool = defineTool({
  name: 'create_note',
  title: 'Create a note',
  description: 'Writes a new note into your notebook.',
  scopes: ['write:notes'],
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  inputSchema: noteDraft,
  outputSchema: noteOutput,
  run: (draft, { notes }) => accepted(notes.create(draft)),
  text: (note) => `Created ${summaryLine(note)}`,
});

export const searchNotes: RegisterTool = defineTool({
  name: 'search_notes',
  title: 'Search notes',
  description:
    'Finds your notes that contain all the given words, those with the words in the title first, then the newest. A word also finds longer ones; of a long word the first eight letters count.',
  scopes: ['read:notes'],
  annotations: READS,
  inputSchema: z.object({
    query: z.string().max(NOTE_LIMITS.maxQueryLength).describe('Words to look for, in titles and texts'),
    limit,
  }),
  outputSchema: z.object({
    notes: z.array(noteSummary.extend({ snippet: z.string().describe('Where the text has one of the words') })),
  }),
  run: ({ query, limit: size }, { notes }) => ({
    notes: notes.search(query, size).map((note) => ({ ...toSummary(note), snippet: note.snippet })),
  }),
  text: ({ notes }) =>
    notes.length === 0
      ? 'No note has all these words.'
      : notes.map((note) => `${summaryLine(note)}\n  ${note.snippet.replaceAll('\n', ' ')}`).join('\n'),
});

export const readNote: RegisterTool = defineTool({
  name: 'read_note',
  title: 'Read a note',
  description: 'Returns one of your notes with its text and its version.',
  scopes: ['read:notes'],
  annotations: READS,
  inputSchema: z.object({ id: noteId }),
  outputSchema: noteOutput,
  run: ({ id }, { notes }) => accepted(notes.read(id)),
  text: fullText,
});

export const updateNote: RegisterTool = defineTool({
  name: 'update_note',
  title: 'Update a note',
  description: 'Replaces title, text or both of a note, if it is still at the version that you read.',
  scopes: ['write:notes'],
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  inputSchema: z.object({
    id: noteId,
    version: z.number().int().min(1).describe('The version that the change was made from, as read_note returned it'),
    title: noteDraft.shape.title.optional(),
    body: z.string().max(NOTE_LIMITS.maxBodyLength).optional().describe('The whole new text'),
  }),
  outputSchema: noteOutput,
  run: ({ id, version, title, body }, { notes }) =>
    accepted(
      notes.update(id, version, {
        ...(title === undefined ? {} : { title }),
        ...(body === undefined ? {} : { body }),
      }),
    ),
  text: (note) => `Updated ${summaryLine(note)}`,
});

export const listNotes: RegisterTool = defineTool({
  name: 'list_notes',
  title: 'List notes',
  description: 'Lists your notes, newest first, page by page.',
  scopes: ['read:notes'],
  annotations: READS,
  inputSchema: z.object({
    cursor: z.string().optional().describe('nextCursor of the page before; without it the first page'),
    limit,
  }),
  outputSchema: z.object({
    notes: z.array(noteSummary),
    total: z.number().int().describe('How many notes there are on all pages'),
    nextCursor: z.string().optional().describe('Where the next page begins; absent on the last one'),
  }),
  run: ({ cursor, limit: size }, { notes }) => {
    const page = accepted(notes.list({ cursor, limit: size }));
    return { notes: page.notes.map(toSummary), total: notes.count(), nextCursor: page.nextCursor };
  },
  text: ({ notes, total, nextCursor }) =>
    [
      `${notes.length} of ${total} ${total === 1 ? 'note' : 'notes'}`,
      ...notes.map(summaryLine),
      ...(nextCursor === undefined ? [] : [`next page: cursor ${nextCursor}`]),
    ].join('\n'),
});
