// Conversations that nobody keeps: for sessions that leave no trace, and for tests.

import type { BaseMessage } from '@langchain/core/messages';
import { MemorySaver } from '@langchain/langgraph';
import { AgentError } from '../errors.ts';
import { messagesIn } from './messages-in.ts';
import type { ThreadStore, ThreadSummary } from './thread-store.ts';
import { titleOf } from './title.ts';

/** @param now milliseconds since the epoch; default the clock */
export function createMemoryThreadStore(now: () => number = Date.now): ThreadStore {
  const saver = new MemorySaver();
  const threads = new Map<string, ThreadSummary>();
  const taken = new Set<string>();
  return {
    saver,
    list: async (limit = Number.POSITIVE_INFINITY) =>
      [...threads.values()].toSorted((a, b) => b.updatedAtMs - a.updatedAtMs).slice(0, limit),
    find: async (id) => {
      const found = [...threads.values()].filter((thread) => id !== '' && thread.id.startsWith(id));
      return threads.get(id) ?? (found.length === 1 ? found[0] : undefined);
    },
    messages: async (id): Promise<readonly BaseMessage[]> => messagesIn(saver, id),
    recordTurn: async (id, { request, model }) => {
      const before = threads.get(id);
      const updatedAtMs = now();
      threads.set(id, {
        id,
        title: before?.title ?? titleOf(request),
        model,
        createdAtMs: before?.createdAtMs ?? updatedAtMs,
        updatedAtMs,
        turns: (before?.turns ?? 0) + 1,
      });
    },
    takeTurn: async (id) => {
      if (taken.has(id)) throw createTakenError();
      taken.add(id);
      return async () => void taken.delete(id);
    },
    delete: async (id) => {
      threads.delete(id);
      await saver.deleteThread(id);
    },
    close: async () => undefined,
  };
}

/** What somebody gets who comes second. */
export function createTakenError(): AgentError {
  return new AgentError(
    'usage',
    'A turn is running in this conversation already, here or in another terminal. Wait for its end, or start a new one.',
  );
}
