// The graph as a deployment unit: `langgraph.json` names this file, and a LangGraph server loads it. It has no checkpointer of
// its own, since the server brings one.

import { createDeployedGraph } from './agent.ts';
import { loadEnvironment } from './config.ts';
import { configure } from './configure.ts';

let started: ReturnType<typeof createDeployedGraph> | undefined;

/** One graph, and one connection to each server, for all runs of the process. */
export function graph(): ReturnType<typeof createDeployedGraph> {
  started ??= createDeployedGraph(configure(loadEnvironment()));
  return started;
}
