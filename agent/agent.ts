// Puts the parts of a running agent together: configuration → connections → tools → model → graph → session. Commands
// call this and render what comes out.

import { MemorySaver } from '@langchain/langgraph';
import type { ApprovalSettings, Approver } from './approval.ts';
import type { LoginPrompt } from './auth/login-prompt.ts';
import { openTokenStore } from './auth/open-token-store.ts';
import { createTokenSource } from './auth/token-source.ts';
import type { AgentConfig, McpServerConfig } from './config.ts';
import { createGraph } from './graph.ts';
import { connect, type McpConnection } from './mcp/connection.ts';
import type { Elicitor } from './mcp/elicitation.ts';
import { recordConnection, replayConnection } from './mcp/recorded-connection.ts';
import type { Servers } from './mcp/servers.ts';
import { type LoadedTool, loadTools } from './mcp/tools.ts';
import { recordModel } from './models/cassette.ts';
import { createModel, describeModelError, selectModel } from './models/registry.ts';
import { createScrub } from './models/scrub.ts';
import { createSession, type Session } from './session.ts';
import type { ThreadStore } from './threads/thread-store.ts';

/** A running agent: the servers, the model and the store of conversations; sessions are started on it. */
export interface Agent {
  readonly servers: Servers;
  readonly threads: ThreadStore;
  /** The model that answers now. */
  model(): { readonly label: string; readonly maxInputTokens: number | undefined };
  /** What a person should know before the first turn. */
  readonly notices: readonly string[];
  /**
   * Swaps the model for all turns that start from now on, in conversations that are going on too.
   *
   * @returns its label
   * @throws {AgentError} what `selectModel` and `createModel` throw; the model stays as it was
   */
  setModel(specification: string): Promise<string>;
  startSession(options?: SessionStart): Session;
  /** The graph as Mermaid. */
  drawGraph(): Promise<string>;
  close(): Promise<void>;
}

/** Who is asked; each part may be missing, and then nobody is. */
export interface Person {
  readonly login?: LoginPrompt;
  readonly elicit?: Elicitor;
}

export interface SessionStart {
  /** The conversation to go on with; default a new one. */
  readonly threadId?: string;
  /** Keeps the conversation in memory only. Default false. */
  readonly isEphemeral?: boolean;
  /** Default: mode `ask` where there is an `approve`, else `read-only`. */
  readonly approval?: ApprovalSettings;
  readonly approve?: Approver;
  readonly limits?: TurnLimits;
  /** JSON Schema that the answer has to fit; `turn-end.answer` is then JSON. */
  readonly answerSchema?: Readonly<Record<string, unknown>>;
}

/** What one turn may use up; what is left out has no limit, but for `maxTurns`. */
export interface TurnLimits {
  /** Model calls. Default 12. */
  readonly maxTurns?: number;
  readonly maxToolCalls?: number;
  /** Input and output together. */
  readonly maxTokens?: number;
  readonly maxUsd?: number;
  readonly timeoutMs?: number;
}

export interface StartedAgent {
  readonly session: Session;
  readonly modelLabel: string;
  /** What a person should know before the first turn. */
  readonly notices: readonly string[];
  readonly connections: readonly McpConnection[];
  readonly tools: readonly LoadedTool[];
  close(): Promise<void>;
}

/** Directories of recordings; without them, everything is live and leaves no trace. */
export interface CassetteOptions {
  /** Where to write what model and servers answer. */
  readonly record?: string;
  /** Where to take the answers of servers from that have been recorded; the model says so by itself (`replay:DIR`). */
  readonly replay?: string;
}

/**
 * Starts an agent: the model is checked before any server hears of us, then all servers are connected in parallel.
 *
 * @param model what `--model` says; default: what the environment says
 * @throws {AgentError} from configuration, models, authorization or connections
 */
export async function startAgent(
  config: AgentConfig,
  model?: string,
  cassette: CassetteOptions = {},
): Promise<StartedAgent> {
  const selection = selectModel(config.environment, model);
  const notices: string[] = [];
  const {
    model: chatModel,
    label,
    notice,
    costUsdOf,
  } = await createModel(selection, config.environment, { onNotice: (text) => notices.push(text) });
  const connections = await connectAll(config, cassette);
  const close = async () => {
    await Promise.all(connections.map((connection) => connection.close()));
  };
  try {
    const tools = await loadTools(connections);
    const serverOf = (name: string) => tools.find((tool) => tool.name === name)?.server ?? '';
    const graph = createGraph({
      model:
        cassette.record === undefined
          ? chatModel
          : recordModel(chatModel, label, cassette.record, createScrub(config.environment)),
      tools: tools.map(({ tool }) => tool),
      serverOf,
      maxTurns: config.maxTurns,
      describeModelError: (error) => describeModelError(error, selection),
      checkpointer: new MemorySaver(),
    });
    const session = createSession({
      graph,
      serverOf,
      costUsdOf,
      takeNotices: () => notices.splice(0),
    });
    return { session, modelLabel: label, notices: notice ? [notice] : [], connections, tools, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** All or none: a connection that came up is closed again when another one does not. */
async function connectAll(config: AgentConfig, cassette: CassetteOptions): Promise<McpConnection[]> {
  const attempts = await Promise.allSettled(config.servers.map((server) => connectOne(server, config, cassette)));
  const connected = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
  const failed = attempts.find((attempt) => attempt.status === 'rejected');
  if (!failed) return connected;
  await Promise.all(connected.map((connection) => connection.close()));
  throw failed.reason;
}

async function connectOne(
  server: McpServerConfig,
  config: AgentConfig,
  { record, replay }: CassetteOptions,
): Promise<McpConnection> {
  const scrub = createScrub(config.environment);
  const recorded = replay === undefined ? undefined : replayConnection(server.name, replay, scrub);
  if (recorded) return recorded;
  const { credential, login } = config;
  const tokens = createTokenSource({
    serverUrl: server.url,
    serverName: server.name,
    credential,
    login,
    store: openTokenStore(config),
  });
  const connection = await connect(server, { tokens });
  return record === undefined ? connection : recordConnection(connection, record, scrub);
}
