// A domain with state: the notes of each owner. Knows neither MCP nor OAuth; an owner is an opaque string, and whoever
// holds `notebook.of(owner)` sees the notes of that owner and of nobody else.

import { createHash, randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { checkDraft, checkDrafts, distinctDrafts } from './drafts.ts';
import { NOTE_LIMITS } from './limits.ts';
import {
  accept,
  type FoundNote,
  type Note,
  type NoteDraft,
  type NoteOutcome,
  type NotePage,
  quote,
  refuse,
} from './note.ts';
import { queryWords, searchQuery } from './search-index.ts';
import { snippetOf } from './snippet.ts';
import { openNoteStore } from './store.ts';

export interface ImportResult {
  readonly imported: number;
  /** Notes that were there already, with the same title and text. */
  readonly skipped: number;
  readonly total: number;
  /** Stopped before the end; what was imported so far stays. */
  readonly stopped: boolean;
}

/** What happened to notes; one event per operation, however many notes it touched. */
export interface NoteChange {
  readonly kind: 'created' | 'updated' | 'deleted';
  readonly owner: string;
  readonly ids: readonly string[];
}

/** The notes of one owner. */
export interface OwnNotes {
  create(draft: NoteDraft): NoteOutcome<Note>;
  /** A note of somebody else is `not_found`, like one that never was. */
  read(id: string): NoteOutcome<Note>;
  /** Changes what `change` names; `changed` when the note is no longer at `version`. */
  update(id: string, version: number, change: Partial<NoteDraft>): NoteOutcome<Note>;
  /** Resolves to the note as it last was. */
  delete(id: string): NoteOutcome<Note>;
  /** Notes with all words in their title first, then the newest. Any text is a query; one without a word finds nothing. */
  search(query: string, limit?: number): readonly FoundNote[];
  list(options?: { readonly cursor?: string | undefined; readonly limit?: number | undefined }): NoteOutcome<NotePage>;
  count(): number;
  /** Notes whose title contains `text` or whose id begins with it; newest first, at most 100. */
  suggest(text: string): readonly Pick<Note, 'id' | 'title'>[];
  /**
   * Writes many notes. Refuses all when one is invalid or there is no room for them; then writes chunk by chunk, each as
   * a whole, and stops between two when `signal` is aborted. What is written stays, and notes that are there already
   * are skipped, so that the same import can be repeated to its end.
   */
  import(
    drafts: readonly NoteDraft[],
    options?: {
      readonly signal?: AbortSignal | undefined;
      /** Called after each chunk with the number of notes dealt with. */
      readonly onProgress?: ((done: number) => void | Promise<void>) | undefined;
    },
  ): Promise<NoteOutcome<ImportResult>>;
}

export interface Notebook {
  of(owner: string): OwnNotes;
  /** Calls `listener` after each change in this process; returns the function that ends it. */
  onChange(listener: (change: NoteChange) => void): () => void;
  close(): void;
}

export interface NotebookOptions {
  /** The SQLite file; created when it is not there. */
  readonly file: string;
  /** Clock in milliseconds; default the system's. */
  readonly now?: () => number;
  /** Makes ids: unguessable, and safe in a URI as they are; default random UUIDs. */
  readonly newId?: () => string;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Opens the notebook.
 *
 * @throws {ServerError} `unreadable_data`
 */
export function openNotebook({ file, now = Date.now, newId = randomUUID }: NotebookOptions): Notebook {
  const store = openNoteStore(file);
  const listeners = new Set<(change: NoteChange) => void>();

  const of = (ownerName: string): OwnNotes => {
    const owner = ownerWord(ownerName);
    const announce = (kind: NoteChange['kind'], ids: readonly string[]) => {
      if (ids.length > 0) for (const listener of listeners) listener({ kind, owner: ownerName, ids });
    };
    const find = (id: string): NoteOutcome<Note> => {
      const row = store.find.get(owner, id);
      return row ? accept(toNote(row)) : refuse('not_found', `There is no note with the id ${quote(id)}.`);
    };
    const count = () => Number(store.count.get(owner)?.['notes']);
    const room = (wanted: number): NoteOutcome<undefined> => {
      const left = NOTE_LIMITS.maxNotesPerOwner - count();
      return wanted <= left
        ? accept(undefined)
        : refuse(
            'full',
            `The notebook has room for ${left} more of ${NOTE_LIMITS.maxNotesPerOwner} notes, not for ${wanted}.`,
          );
    };
    const insert = ({ title, body }: NoteDraft): string => {
      const id = newId();
      store.insert({ id, owner, title, body, nowMs: now() });
      return id;
    };

    return {
      create: (draft) => {
        const checked = checkDraft(draft);
        if (!checked.ok) return checked;
        const created = store.transaction(() => {
          const free = room(1);
          return free.ok ? find(insert(checked.value)) : free;
        });
        if (created.ok) announce('created', [created.value.id]);
        return created;
      },

      read: find,

      update: (id, version, change) => {
        const updated = store.transaction((): NoteOutcome<Note> => {
          const current = find(id);
          if (!current.ok) return current;
          const checked = checkDraft({
            title: change.title ?? current.value.title,
            body: change.body ?? current.value.body,
          });
          if (!checked.ok) return checked;
          const { title, body } = checked.value;
          return store.update({ id, owner, title, body, version, nowMs: now() })
            ? find(id)
            : refuse(
                'changed',
                `The note is at version ${current.value.version}, not ${version}: it has changed since. Read it again, then update that version.`,
              );
        });
        if (updated.ok) announce('updated', [id]);
        return updated;
      },

      delete: (id) => {
        const deleted = store.transaction(() => {
          const current = find(id);
          if (current.ok) store.delete(owner, id);
          return current;
        });
        if (deleted.ok) announce('deleted', [id]);
        return deleted;
      },

      search: (query, limit = NOTE_LIMITS.defaultPageSize) => {
        const size = pageSize(limit);
        const found = new Map<string, FoundNote>();
        const words = queryWords(query);
        for (const columns of [['title'], ['title', 'body']]) {
          const match = searchQuery(owner, columns, query);
          if (match === undefined || found.size >= size) break;
          for (const row of store.search.all(match, owner, size)) {
            const note = toNote(row);
            if (found.size < size && !found.has(note.id))
              found.set(note.id, { ...note, snippet: snippetOf(note.body, words) });
          }
        }
        return [...found.values()];
      },

      list: ({ cursor, limit = NOTE_LIMITS.defaultPageSize } = {}) => {
        const size = pageSize(limit);
        const after = cursor === undefined ? undefined : parseCursor(cursor);
        if (cursor !== undefined && !after)
          return refuse('invalid_cursor', `${quote(cursor)} is no cursor of a list of notes.`);
        // One more than asked for: whether there is a next page.
        const rows = after
          ? store.nextPage.all(owner, after.createdAtMs, after.id, size + 1)
          : store.firstPage.all(owner, size + 1);
        const last = rows.length > size ? rows[size - 1] : undefined;
        return accept({ notes: rows.slice(0, size).map(toNote), nextCursor: last && cursorAfter(last) });
      },

      count,

      suggest: (text) =>
        store.suggest
          .all(owner, text.slice(0, NOTE_LIMITS.maxTitleLength), NOTE_LIMITS.maxSuggestions)
          .map((row) => ({ id: String(row['id']), title: String(row['title']) })),

      import: async (drafts, { signal, onProgress } = {}) => {
        const checked = checkDrafts(drafts);
        if (!checked.ok) return checked;
        const total = checked.value.length;
        const isNew = ({ title, body }: NoteDraft) => !store.has(owner, title, body);
        const distinct = distinctDrafts(checked.value);
        const free = room(distinct.filter(isNew).length);
        if (!free.ok) return free;

        const ids: string[] = [];
        let done = 0;
        while (done < distinct.length && !signal?.aborted) {
          const chunk = nextChunk(distinct, done);
          const written = store.transaction((): NoteOutcome<string[]> => {
            const fresh = chunk.filter(isNew);
            // Another import may have taken the room since the first look.
            const stillFree = room(fresh.length);
            return stillFree.ok ? accept(fresh.map(insert)) : stillFree;
          });
          if (!written.ok) {
            announce('created', ids);
            return written;
          }
          ids.push(...written.value);
          done += chunk.length;
          await onProgress?.(done + total - distinct.length);
          // Lets other requests through, and the abort.
          await setImmediate();
        }
        announce('created', ids);
        const stopped = done < distinct.length;
        const skipped = done - ids.length + (stopped ? 0 : total - distinct.length);
        return accept({ imported: ids.length, skipped, total, stopped });
      },
    };
  };

  return {
    of,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => store.close(),
  };
}

/** Some of the drafts from `start` on: as many as are written at once without keeping others waiting. */
function nextChunk(drafts: readonly NoteDraft[], start: number): readonly NoteDraft[] {
  let characters = 0;
  let end = start;
  while (end < drafts.length && end - start < NOTE_LIMITS.importChunkSize) {
    characters += drafts[end]?.body.length ?? 0;
    if (end > start && characters > NOTE_LIMITS.importChunkCharacters) break;
    end += 1;
  }
  return drafts.slice(start, end);
}

/** The owner as one word of fixed form: fit for the index, and no name that a copied file would give away. */
function ownerWord(owner: string): string {
  return createHash('sha256').update(owner).digest('hex');
}

function pageSize(limit: number): number {
  return Math.min(Math.max(1, Math.trunc(limit)), NOTE_LIMITS.maxPageSize);
}

/** The sort key of the last note of a page; it still works when that note is gone. */
function cursorAfter(row: Row): string {
  return Buffer.from(JSON.stringify([row['created_at'], row['id']])).toString('base64url');
}

function parseCursor(cursor: string): { readonly createdAtMs: number; readonly id: string } | undefined {
  try {
    const [createdAtMs, id]: unknown[] = [...JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))];
    return Number.isSafeInteger(createdAtMs) && typeof createdAtMs === 'number' && typeof id === 'string'
      ? { createdAtMs, id }
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function toNote(row: Row): Note {
  return {
    id: String(row['id']),
    title: String(row['title']),
    body: String(row['body']),
    version: Number(row['version']),
    createdAt: new Date(Number(row['created_at'])).toISOString(),
    updatedAt: new Date(Number(row['updated_at'])).toISOString(),
  };
}
