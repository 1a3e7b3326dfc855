// A notebook for tests, and what they say about its outcomes.

import assert from 'node:assert/strict';
import type { Note, NoteOutcome, NoteRefusal } from './note.ts';
import { openNotebook } from './notebook.ts';
import { IN_MEMORY } from './store.ts';

/** A notebook whose clock advances by a second with each look and whose ids count. */
export function createTestNotebook() {
  let nowMs = Date.parse('2026-11-23T10:00:00Z');
  let made = 0;
  return openNotebook({
    file: IN_MEMORY,
    now: () => {
      nowMs += 1_000;
      return nowMs;
    },
    newId: () => {
      made += 1;
      return `note-${made}`;
    },
  });
}

export function value<T>(outcome: NoteOutcome<T>): T {
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message);
  return outcome.value;
}

export function assertRefused(outcome: NoteOutcome<unknown>, reason: NoteRefusal, message: RegExp): void {
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, reason);
  assert.match(outcome.message, message);
}

export const titles = (notes: readonly Pick<Note, 'title'>[]) => notes.map(({ title }) => title);
