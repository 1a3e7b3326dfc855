// Leaves a conversation that a broken turn or a killed process left in the middle in a state that any model can go on from:
// results that were there are kept, calls without one are answered, and what the model had said so far is not lost.

import { AIMessage } from '@langchain/core/messages';
import { createFailedToolMessage, openCallsOf } from '../graph/messages.ts';
import { type AgentGraph, NODES } from '../graph.ts';

export interface Thread {
  readonly configurable: { readonly thread_id: string };
}

/**
 * Repairs the thread; does nothing if it is whole.
 *
 * @param note what the model should read in place of results that never came
 * @param partialText what the model said last, and was not kept
 */
export async function repairThread(graph: AgentGraph, thread: Thread, note: string, partialText = ''): Promise<void> {
  const { next, values } = await graph.getState(thread);
  if (next.length === 0 && partialText === '' && openCallsOf(values.messages ?? []).length === 0) return;
  // Takes in the results of siblings that had come to their end when the turn broke.
  if (next.length > 0) await graph.updateState(thread, { messages: [] }, NODES.stop);
  const taken = next.length > 0 ? (await graph.getState(thread)).values : values;
  const additions = [
    ...openCallsOf(taken.messages ?? []).map((call) => createFailedToolMessage(call, note)),
    ...(partialText === '' ? [] : [new AIMessage(partialText)]),
  ];
  if (additions.length > 0) await graph.updateState(thread, { messages: additions }, NODES.stop);
}
