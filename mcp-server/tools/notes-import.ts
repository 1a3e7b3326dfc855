// Many notes in one call, with progress, and an end before the end: a cancelled import keeps what it wrote, since other
// calls go on in between and a rollback would take theirs along. It can be repeated: notes that are there are skipped.

import * as z from 'zod';
import { NOTE_LIMITS } from '../notebook/limits.ts';
import { accepted, noteDraft } from './note-schemas.ts';
import { defineTool, type RegisterTool } from './tool.ts';

export const importNotes: RegisterTool = defineTool({
  name: 'import_notes',
  title: 'Import notes',
  description:
    'Writes many notes at once. None is written if one is invalid. Notes that are there already, with the same title and text, are skipped. An import that was cancelled keeps what it wrote and can be repeated.',
  scopes: ['write:notes'],
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  inputSchema: z.object({ notes: z.array(noteDraft).min(1).max(NOTE_LIMITS.maxNotesPerImport) }),
  outputSchema: z.object({
    imported: z.number().int(),
    skipped: z.number().int().describe('There already'),
    total: z.number().int(),
    stopped: z.boolean().describe('Cancelled before the end'),
  }),
  run: async ({ notes: drafts }, { notes, signal, progress, log }) => {
    const result = accepted(
      await notes.import(drafts, {
        signal,
        onProgress: (done) => progress(done, drafts.length, `${done} of ${counted(drafts.length)}`),
      }),
    );
    // A client that cancelled gets no answer any more; the log has it.
    if (result.stopped) log.info('import-stopped', { imported: result.imported, total: result.total });
    return result;
  },
  text: ({ imported, skipped, total, stopped }) =>
    `Imported ${imported} of ${counted(total)}${skipped > 0 ? `, ${skipped} ${skipped === 1 ? 'was' : 'were'} there already` : ''}${stopped ? '; cancelled before the end' : ''}.`,
});

function counted(notes: number): string {
  return notes === 1 ? '1 note' : `${notes} notes`;
}
