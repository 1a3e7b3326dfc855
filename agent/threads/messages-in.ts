// The messages of a thread, out of what a graph keeps of it. Whatever reads conversations goes through here, so that only
// one file knows how checkpoints hold them.

import type { BaseMessage } from '@langchain/core/messages';
import {
  type BaseCheckpointSaver,
  END,
  MessagesDeltaValue,
  START,
  StateGraph,
  StateSchema,
} from '@langchain/langgraph';

const State = new StateSchema({ messages: MessagesDeltaValue });

/** Empty when the saver has no such thread. */
export async function messagesIn(saver: BaseCheckpointSaver, threadId: string): Promise<readonly BaseMessage[]> {
  // The library puts messages together from their deltas only for a graph; this one has the agent's state and no work.
  const reader = new StateGraph(State)
    .addNode('none', () => ({}))
    .addEdge(START, 'none')
    .addEdge('none', END)
    .compile({ checkpointer: saver });
  const { values } = await reader.getState({ configurable: { thread_id: threadId } });
  return values.messages ?? [];
}
