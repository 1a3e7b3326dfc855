// The registry: every tool of this server, in the order in which clients see them. A new tool is one more line here.

import { arithmeticTools } from './arithmetic.ts';
import { createNote, listNotes, readNote, searchNotes, updateNote } from './notes.ts';
import { deleteNote } from './notes-delete.ts';
import { importNotes } from './notes-import.ts';
import type { RegisterTool } from './tool.ts';

export const tools: readonly RegisterTool[] = [
  ...arithmeticTools,
  createNote,
  searchNotes,
  readNote,
  updateNote,
  deleteNote,
  listNotes,
  importNotes,
];
