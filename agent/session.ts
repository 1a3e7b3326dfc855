// One conversation: a request goes in, a closed union of events comes out. Chat, `ask` and the task runner only render
// these events; none of them knows the graph.

import { randomUUID } from 'node:crypto';
import type { ApprovalAnswer, ApprovalRequest, ApprovalSettings, Approver } from './approval.ts';
import { AgentError } from './errors.ts';
import type { TurnContext } from './graph/turn-context.ts';
import { type AgentGraph, NODES, removeAll } from './graph.ts';
import { createEventQueue } from './session/event-queue.ts';
import { repairThread } from './session/repair.ts';
import { runTurn } from './session/turn.ts';
import type { ThreadStore } from './threads/thread-store.ts';
import type { TurnEvent } from './turn-events.ts';

export interface Session {
  readonly threadId: string;
  /**
   * Runs one turn. Aborting `signal` ends it with status `interrupted`, cancels tool calls in flight at their servers
   * and leaves the conversation in a state that the next turn can go on from. Never throws: failures are events. Leaving
   * the loop early cancels the turn as well.
   */
  run(request: string, signal: AbortSignal): AsyncIterable<TurnEvent>;
  /**
   * Sums up the older part of the conversation now.
   *
   * @returns what was done, for a person; `undefined` when there is nothing to sum up
   * @throws {AgentError} `usage` while a turn runs
   */
  compact(signal: AbortSignal): Promise<string | undefined>;
  /** The approval settings, and what a person has allowed by answering. */
  approval(): { readonly settings: ApprovalSettings; readonly remembered: readonly string[] };
  /** For all turns from now on. */
  setApproval(settings: ApprovalSettings): void;
}

/** What one turn runs with; made anew for each. */
export interface TurnSetup {
  readonly context: TurnContext;
  /** `provider:model`. */
  readonly modelLabel: string;
  /** Asks the person; `undefined` when there is nobody. */
  readonly approve: Approver | undefined;
  /** Keeps what the person said beyond this call. */
  readonly remember: (request: ApprovalRequest, answer: ApprovalAnswer) => Promise<void>;
  /** Brings the answer into its form. @throws {AgentError} when it cannot; the turn then fails */
  readonly finishAnswer: ((answer: string) => string) | undefined;
  /** What a person should know and that came up since this was last called. */
  readonly takeNotices: () => readonly string[];
}

export interface SessionOptions {
  /** A graph with a checkpointer; it keeps the conversation. */
  readonly graph: AgentGraph;
  /** The conversation to go on with; default a new one. */
  readonly threadId?: string;
  /** @throws {AgentError} when no turn can be run; the turn then fails with it */
  readonly prepareTurn: (signal: AbortSignal) => Promise<TurnSetup>;
  /** Sums up a conversation whatever its length; `undefined` when there is nothing to sum up. */
  readonly compact?: TurnContext['compact'];
  /** Keeps others off the thread while a turn runs, and its title. Default: nobody else knows the thread. */
  readonly store?: Pick<ThreadStore, 'takeTurn' | 'recordTurn'>;
  /** Hears what happens at the servers while a turn runs; returns the function that ends that. */
  readonly listen?: (emit: (event: TurnEvent) => void) => () => void;
  /** Whole turn, in milliseconds; default no limit. */
  readonly timeoutMs?: number | undefined;
  readonly approval?: Pick<Session, 'approval' | 'setApproval'>;
}

/** Starts or takes up a conversation. One turn at a time. */
export function createSession(options: SessionOptions): Session {
  const { graph, threadId = randomUUID(), store, compact, approval = NO_APPROVAL } = options;
  const thread = { configurable: { thread_id: threadId } };

  /** In the store, so that another process sees it too. */
  const takeTurn = store ? () => store.takeTurn(threadId) : createGuard();

  async function* run(request: string, caller: AbortSignal): AsyncGenerator<TurnEvent> {
    const queue = createEventQueue<TurnEvent>();
    const leave = new AbortController();
    const signal = AbortSignal.any([caller, leave.signal]);
    const ended = runTurn({ ...options, thread, takeTurn, request, signal, emit: queue.push }).finally(queue.end);
    try {
      yield* queue;
    } finally {
      leave.abort();
      await ended;
    }
  }

  return {
    threadId,
    run,
    ...approval,
    compact: async (signal) => {
      const release = await takeTurn();
      try {
        await repairThread(graph, thread, 'There is no result.');
        const { values } = await graph.getState(thread);
        const shorter = await compact?.(values.messages ?? [], signal);
        if (!shorter) return undefined;
        await graph.updateState(thread, { messages: [removeAll(), ...shorter.messages] }, NODES.stop);
        return shorter.notice;
      } finally {
        await release();
      }
    },
  };
}

function createGuard(): () => Promise<() => Promise<void>> {
  let isTaken = false;
  return async () => {
    if (isTaken) throw new AgentError('usage', 'A turn is running in this conversation already. Wait for its end.');
    isTaken = true;
    return async () => {
      isTaken = false;
    };
  };
}

const NO_APPROVAL: Pick<Session, 'approval' | 'setApproval'> = {
  approval: () => ({ settings: { mode: 'all', allow: [], deny: [] }, remembered: [] }),
  setApproval: () => undefined,
};
