// The caller's notes as resources: `note:///{id}`. Listed per owner and page by page, read with `read:notes`, ids
// completed while somebody types, changes announced to the streams of their owner only.

import {
  type ListResourcesResult,
  type McpServer,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { missingScopes, requireScopes, SCOPES_META_KEY } from '../auth/scopes.ts';
import { callerOf } from '../caller.ts';
import type { ChangeFeed } from '../change-feed.ts';
import { type Decorator, invalidCursor, PAGE_SIZE } from '../lists.ts';
import type { Note } from '../notebook/note.ts';
import type { Notebook, OwnNotes } from '../notebook/notebook.ts';

export const NOTE_TEMPLATE = 'note:///{id}';
const NOTE_MEDIA_TYPE = 'text/markdown';

export function noteUri(id: string): string {
  return NOTE_TEMPLATE.replace('{id}', id);
}

/** A note as a document with its title on top. */
export function noteDocument({ id, title, body }: Note): { uri: string; mimeType: string; text: string } {
  return { uri: noteUri(id), mimeType: NOTE_MEDIA_TYPE, text: `# ${title}\n\n${body}` };
}

/** @param ownNotes of the one whose request or session `server` serves; the SDK asks for completions without saying whose */
export function registerNoteResources(server: McpServer, notebook: Notebook, ownNotes: OwnNotes): void {
  server.registerResource(
    'note',
    new ResourceTemplate(NOTE_TEMPLATE, {
      // `listNotes` does it: a callback here would have to return all notes at once.
      list: undefined,
      complete: { id: (value) => ownNotes.suggest(value).map(({ id }) => id) },
    }),
    {
      title: 'Note',
      description: 'One of your notes, as Markdown. Ids are completed from ids and titles.',
      mimeType: NOTE_MEDIA_TYPE,
      scopeChallenge: requireScopes('read:notes'),
      _meta: { [SCOPES_META_KEY]: ['read:notes'] },
    },
    (uri, { id }, context) => {
      const note = notebook.of(callerOf(context.http?.authInfo).owner).read(String(id));
      // A note of somebody else answers like one that never was.
      if (!note.ok) throw new ResourceNotFoundError(uri.href);
      return { contents: [noteDocument(note.value)] };
    },
  );
}

/** Adds the caller's notes to `resources/list`, behind what else there is; none without `read:notes`. */
export function listNotes(notebook: Notebook, pageSize = PAGE_SIZE): Decorator {
  return (inner) => async (request, context) => {
    const cursor = request.params?.['cursor'];
    // The SDK's own handler of `resources/list`, hence its result.
    const others = cursor === undefined ? ((await inner(request, context)) as ListResourcesResult).resources : [];
    const { scopes, owner } = callerOf(context.http?.authInfo);
    if (missingScopes(scopes, ['read:notes']).length > 0) return { resources: others };
    const listed = notebook
      .of(owner)
      .list({ cursor: typeof cursor === 'string' ? cursor : undefined, limit: pageSize });
    if (!listed.ok) throw invalidCursor();
    const { notes, nextCursor } = listed.value;
    return { resources: [...others, ...notes.map(toResource)], ...(nextCursor === undefined ? {} : { nextCursor }) };
  };
}

/** Tells the feed of each change of the notebook, for its owner's streams alone. */
export function announceNotes(notebook: Notebook, changes: ChangeFeed): void {
  notebook.onChange(({ kind, owner, ids }) => {
    if (kind !== 'created')
      for (const id of ids) changes.publish({ kind: 'resource_updated', uri: noteUri(id) }, owner);
    if (kind !== 'updated') changes.publish({ kind: 'resources_list_changed' }, owner);
  });
}

function toResource(note: Note) {
  return {
    uri: noteUri(note.id),
    name: note.id,
    title: note.title,
    mimeType: NOTE_MEDIA_TYPE,
    annotations: { lastModified: note.updatedAt },
  };
}
