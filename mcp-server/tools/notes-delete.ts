// Deleting a note cannot be undone, so a person is asked first.

import * as z from 'zod';
import { accepted, noteId, summaryLine } from './note-schemas.ts';
import { defineTool, type RegisterTool } from './tool.ts';

export const deleteNote: RegisterTool = defineTool({
  name: 'delete_note',
  title: 'Delete a note',
  description: 'Deletes one of your notes for good. A person is asked first.',
  scopes: ['delete:notes'],
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  inputSchema: z.object({ id: noteId }),
  outputSchema: z.object({ id: z.string(), title: z.string(), version: z.number().int() }),
  confirm: ({ id }, { notes }) => `Delete the note ${summaryLine(accepted(notes.read(id)))}? It cannot be undone.`,
  run: ({ id }, { notes }) => {
    const { title, version } = accepted(notes.delete(id));
    return { id, title, version };
  },
  text: (note) => `Deleted ${summaryLine(note)}`,
});
