// Puts the parts of a running agent together: configuration → servers → model → graph → sessions. Commands call this and
// render what comes out.

import { createConnectedServers } from './agent/local-servers.ts';
import { createModelSlot } from './agent/model-slot.ts';
import { createSessionFactory } from './agent/session-factory.ts';
import type { ApprovalSettings, Approver } from './approval.ts';
import type { LoginPrompt } from './auth/login-prompt.ts';
import { createTokenSource } from './auth/token-source.ts';
import { createMemoryTokenStore, createTokenStore } from './auth/token-store.ts';
import type { AgentConfig, McpServerConfig } from './config.ts';
import { createGraph } from './graph.ts';
import { connect, type McpConnection } from './mcp/connection.ts';
import type { Elicitor } from './mcp/elicitation.ts';
import { recordConnection, replayConnection } from './mcp/recorded-connection.ts';
import type { Servers } from './mcp/servers.ts';
import { createScrub } from './models/scrub.ts';
import type { Session } from './session.ts';
import { createMemoryThreadStore } from './threads/memory-thread-store.ts';
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
  /** A turn with a model whose price is unknown fails before it begins: its cost could not be held to this. */
  readonly maxUsd?: number;
  readonly timeoutMs?: number;
}

/** Directories of recordings; without them, everything is live and leaves no trace. */
export interface CassetteOptions {
  /** Where to write what model and servers answer. */
  readonly record?: string;
  /** Where to take the answers of servers from that have been recorded; the model says so by itself (`replay:DIR`). */
  readonly replay?: string;
}

export interface AgentOptions {
  /** What `--model` says; default: what the environment says. */
  readonly model?: string | undefined;
  readonly cassette?: CassetteOptions | undefined;
  readonly person?: Person;
}

/**
 * Starts an agent: the model is checked before any server hears of us, then all servers are connected in parallel.
 *
 * @throws {AgentError} from configuration, models, authorization or connections
 */
export async function startAgent(config: AgentConfig, { model, cassette = {} }: AgentOptions = {}): Promise<Agent> {
  const slot = await createModelSlot(config.environment, model, cassette.record);
  const servers = await createConnectedServers(await connectAll(config, cassette));
  const threads = createMemoryThreadStore();
  const { startSession } = createSessionFactory({ config, servers, threads, slot });
  return {
    servers,
    threads,
    model: () => slot.current(),
    notices: slot.takeNotices(),
    setModel: (specification) => slot.swap(specification),
    startSession,
    drawGraph: async () => (await createGraph().getGraphAsync()).drawMermaid(),
    close: async () => {
      await servers.close();
      await threads.close();
    },
  };
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
  { credential, environment, tokenDirectory }: AgentConfig,
  { record, replay }: CassetteOptions,
): Promise<McpConnection> {
  const scrub = createScrub(environment);
  const recorded = replay === undefined ? undefined : replayConnection(server.name, replay, scrub);
  if (recorded) return recorded;
  const store = tokenDirectory === undefined ? createMemoryTokenStore() : createTokenStore(tokenDirectory);
  const connection = await connect(server, createTokenSource({ serverUrl: server.url, credential, store }));
  return record === undefined ? connection : recordConnection(connection, record, scrub);
}
