// The one contract for where conversations are kept. SQLite by default; another database implements the same.

import type { BaseMessage } from '@langchain/core/messages';
import type { BaseCheckpointSaver } from '@langchain/langgraph';

export interface ThreadSummary {
  readonly id: string;
  /** The first request, cut short, unless somebody gave it another. */
  readonly title: string;
  /** The model that answered last, `provider:model`. */
  readonly model: string;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly turns: number;
}

export interface ThreadStore {
  /** What the graph keeps its checkpoints in. */
  readonly saver: BaseCheckpointSaver;
  /** Newest first. */
  list(limit?: number): Promise<readonly ThreadSummary[]>;
  /** The thread whose id is or begins with `id`; `undefined` if there is none, or several begin so. */
  find(id: string): Promise<ThreadSummary | undefined>;
  messages(id: string): Promise<readonly BaseMessage[]>;
  /** Remembers that a turn ran; the first one makes the thread. */
  recordTurn(id: string, turn: { readonly request: string; readonly model: string }): Promise<void>;
  /**
   * Takes the thread for one turn: until the returned function is called, nobody else runs one on it, in whatever process.
   *
   * @throws {AgentError} `usage` when somebody does
   */
  takeTurn(id: string): Promise<() => Promise<void>>;
  delete(id: string): Promise<void>;
  close(): Promise<void>;
}
