// Puts the parts of a running agent together: configuration → connections → tools → model → graph → session. Commands
// call this and render what comes out.

import { MemorySaver } from '@langchain/langgraph';
import { createTokenSource } from './auth/token-source.ts';
import type { AgentConfig } from './config.ts';
import { createGraph } from './graph.ts';
import { connect, type McpConnection } from './mcp/connection.ts';
import { type LoadedTool, loadTools } from './mcp/tools.ts';
import { createModel, describeModelError, selectModel } from './models/registry.ts';
import { createSession, type Session } from './session.ts';

export interface Agent {
  readonly session: Session;
  readonly modelLabel: string;
  /** What a person should know before the first turn. */
  readonly notices: readonly string[];
  readonly connections: readonly McpConnection[];
  readonly tools: readonly LoadedTool[];
  close(): Promise<void>;
}

/**
 * Starts an agent: the model is checked before any server hears of us, then all servers are connected in parallel.
 *
 * @param model what `--model` says; default: what the environment says
 * @throws {AgentError} from configuration, models, authorization or connections
 */
export async function startAgent(config: AgentConfig, model?: string): Promise<Agent> {
  const selection = selectModel(config.environment, model);
  const { model: chatModel, label, notice } = await createModel(selection, config.environment);
  const connections = await connectAll(config);
  const close = async () => {
    await Promise.all(connections.map((connection) => connection.close()));
  };
  try {
    const tools = await loadTools(connections);
    const serverOf = (name: string) => tools.find((tool) => tool.name === name)?.server ?? '';
    const graph = createGraph({
      model: chatModel,
      tools: tools.map(({ tool }) => tool),
      serverOf,
      maxTurns: config.maxTurns,
      describeModelError: (error) => describeModelError(error, selection),
      checkpointer: new MemorySaver(),
    });
    const session = createSession({
      graph,
      serverOf,
    });
    return { session, modelLabel: label, notices: notice ? [notice] : [], connections, tools, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** All or none: a connection that came up is closed again when another one does not. */
async function connectAll({ servers, credential }: AgentConfig): Promise<McpConnection[]> {
  const attempts = await Promise.allSettled(
    servers.map((server) => connect(server, createTokenSource({ serverUrl: server.url, credential }))),
  );
  const connected = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
  const failed = attempts.find((attempt) => attempt.status === 'rejected');
  if (!failed) return connected;
  await Promise.all(connected.map((connection) => connection.close()));
  throw failed.reason;
}
