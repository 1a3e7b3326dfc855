// One agent for all tasks that need the same one: started when the first of them runs, closed at the end.

import type { Agent } from '../../agent.ts';
import type { AgentNeeds } from '../task.ts';

/**
 * Starts an agent with a model, servers and a login of its own.
 *
 * @throws {AgentError} when it cannot
 */
export type StartAgentFor = (needs: AgentNeeds) => Promise<Agent>;

export interface AgentPool {
  /** The agent for these needs. One that failed to start is tried again by whoever asks next. */
  get(needs: AgentNeeds): Promise<Agent>;
  close(): Promise<void>;
}

/** Creates a pool without any agent in it yet. */
export function createAgentPool(startAgentFor: StartAgentFor): AgentPool {
  const agents = new Map<string, Promise<Agent>>();
  return {
    get: ({ model, servers, actingAs }) => {
      const key = JSON.stringify([model, servers && [...servers].sort(), actingAs]);
      const known = agents.get(key);
      if (known) return known;
      const starting = startAgentFor({ model, servers, actingAs });
      agents.set(key, starting);
      starting.catch(() => agents.delete(key));
      return starting;
    },
    close: async () => {
      const started = await Promise.allSettled(agents.values());
      agents.clear();
      const closed = await Promise.allSettled(
        started.flatMap((agent) => (agent.status === 'fulfilled' ? [agent.value.close()] : [])),
      );
      const failed = closed.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}
