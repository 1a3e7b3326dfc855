// Conversations that are kept: list, show, export and delete them.

import { visibleLine, visibleText } from '../chat/visible-text.ts';
import { AgentError } from '../errors.ts';
import { plural } from '../plural.ts';
import { toMarkdown, toOpenAiMessages } from '../threads/export.ts';
import { openSqliteThreadStore } from '../threads/sqlite-thread-store.ts';
import type { ThreadStore, ThreadSummary } from '../threads/thread-store.ts';

export type ThreadsAction =
  | { readonly kind: 'list'; readonly limit: number; readonly isJson: boolean }
  | { readonly kind: 'show'; readonly id: string; readonly isJson: boolean }
  | { readonly kind: 'export'; readonly id: string; readonly format: 'markdown' | 'openai' }
  | { readonly kind: 'delete'; readonly id: string; readonly isJson: boolean };

export interface ThreadsOptions {
  readonly action: ThreadsAction;
  /** `undefined` when the configuration says that none are kept. */
  readonly file: string | undefined;
  readonly stdout: (text: string) => Promise<void>;
}

/**
 * Runs the action and returns the exit code.
 *
 * @throws {AgentError} `usage` when there is no such conversation, or none are kept
 */
export async function threads({ action, file, stdout }: ThreadsOptions): Promise<number> {
  if (file === undefined) throw new AgentError('usage', 'THREAD_STORE=none: no conversations are kept.');
  const store = await openSqliteThreadStore(file);
  try {
    await stdout(await run(action, store));
    return 0;
  } finally {
    await store.close();
  }
}

async function run(action: ThreadsAction, store: ThreadStore): Promise<string> {
  switch (action.kind) {
    case 'list': {
      const found = await store.list(action.limit);
      if (action.isJson) return json(found.map(toJson));
      return found.length === 0 ? 'No conversations yet.\n' : `${found.map(describe).join('\n')}\n`;
    }
    case 'show': {
      const thread = await findThread(store, action.id);
      const messages = await store.messages(thread.id);
      return action.isJson
        ? json({ ...toJson(thread), messages: toOpenAiMessages(messages) })
        : visibleText(toMarkdown(thread, messages));
    }
    case 'export': {
      const thread = await findThread(store, action.id);
      const messages = await store.messages(thread.id);
      return action.format === 'openai' ? json(toOpenAiMessages(messages)) : toMarkdown(thread, messages);
    }
    case 'delete': {
      const thread = await findThread(store, action.id);
      // Not under somebody's hands.
      const release = await store.takeTurn(thread.id);
      try {
        await store.delete(thread.id);
      } finally {
        await release();
      }
      return action.isJson ? json({ deleted: thread.id }) : `Deleted ${describe(thread)}\n`;
    }
  }
}

async function findThread(store: ThreadStore, id: string): Promise<ThreadSummary> {
  const found = await store.find(id);
  if (found) return found;
  throw new AgentError(
    'usage',
    `No conversation, or more than one, has an id that begins with ${JSON.stringify(id.slice(0, 80))}. List them: npm run -s agent -- threads list`,
  );
}

function describe({ id, title, model, updatedAtMs, turns }: ThreadSummary): string {
  const time = new Date(updatedAtMs).toISOString().slice(0, 16).replace('T', ' ');
  return `${id.slice(0, 8)}  ${time}  ${plural(turns, 'turn')}  ${visibleLine(model)}  ${visibleLine(title)}`;
}

function toJson({ id, title, model, createdAtMs, updatedAtMs, turns }: ThreadSummary): object {
  return {
    id,
    title,
    model,
    created_at: new Date(createdAtMs).toISOString(),
    updated_at: new Date(updatedAtMs).toISOString(),
    turns,
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
