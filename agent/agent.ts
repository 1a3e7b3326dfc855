// Puts the parts of a running agent together: configuration → servers → model → graph → sessions. Commands call this and
// render what comes out.

import { createModelSlot } from './agent/model-slot.ts';
import { createSessionFactory, createTurnFactory } from './agent/session-factory.ts';
import type { ApprovalSettings, Approver } from './approval.ts';
import type { LoginPrompt } from './auth/login-prompt.ts';
import type { AgentConfig } from './config.ts';
import { AgentError } from './errors.ts';
import { type AgentGraph, createGraph } from './graph.ts';
import type { Elicitor } from './mcp/elicitation.ts';
import { createServers, type Servers, type StartedServers } from './mcp/servers.ts';
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
   * @param command how a person has said so, for advice in the same words; default `--model`
   * @returns its label
   * @throws {AgentError} what `selectModel` and `createModel` throw; the model stays as it was
   */
  setModel(specification: string, command?: string): Promise<string>;
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
 * Starts an agent: the model is checked before any server hears of us, then all servers are connected in parallel. Servers
 * that are not connected are named in `notices`.
 *
 * @throws {AgentError} from configuration and models; when no server at all is connected, what the first one failed with
 */
export async function startAgent(config: AgentConfig, options: AgentOptions = {}): Promise<Agent> {
  const { slot, servers, notices } = await startParts(config, options);
  try {
    const threads = await openThreads(config.threadFile);
    const { startSession } = createSessionFactory({ config, servers, threads, slot });
    return {
      servers,
      threads,
      model: () => slot.current(),
      notices,
      setModel: (text, source = '--model') => slot.swap({ text, source }),
      startSession,
      drawGraph: async () => (await createGraph().getGraphAsync()).drawMermaid(),
      close: async () => {
        await servers.close();
        await threads.close();
      },
    };
  } catch (error) {
    await servers.close();
    throw error;
  }
}

/**
 * The graph for a LangGraph server: that one keeps the conversations, and its pages ask the person.
 *
 * @throws {AgentError} what `startAgent` throws
 */
export async function createDeployedGraph(config: AgentConfig): Promise<AgentGraph> {
  const { slot, servers } = await startParts(config, {});
  // The graph is interrupted for a question; whoever runs it asks.
  const approve = async () => {
    throw new AgentError('internal', 'A deployed graph has no person of its own to ask.');
  };
  const { prepareTurn } = createTurnFactory({ config, servers, slot })({ approve });
  return createGraph({ turnOf: async () => (await prepareTurn()).context });
}

async function startParts(config: AgentConfig, { model, cassette = {}, person = {} }: AgentOptions) {
  const slot = await createModelSlot(config.environment, model, cassette.record);
  const servers = await createServers({
    config,
    elicit: person.elicit,
    prompt: person.login,
    cassette: { ...cassette, scrub: createScrub(config.environment) },
  });
  try {
    // A person can sign in, or start the server, in the middle of the conversation.
    const canGoOn = person.login !== undefined;
    return { slot, servers, notices: [...slot.takeNotices(), ...missingServers(servers, canGoOn)] };
  } catch (error) {
    await servers.close();
    throw error;
  }
}

/**
 * What to say about servers that are not connected.
 *
 * @param canGoOn whether there is somebody who can do something about it
 * @throws {AgentError} when none is, though there are some, and nobody can
 */
function missingServers(servers: StartedServers, canGoOn: boolean): string[] {
  const statuses = servers.statuses();
  const missing = statuses.filter(({ state }) => state !== 'connected' && state !== 'disabled');
  const failure = missing.map(({ name }) => servers.failureOf(name)).find((one) => one !== undefined);
  if (failure && !canGoOn && !statuses.some(({ state }) => state === 'connected')) throw failure;
  return missing.map(({ name, state, detail }) => `${name} is not connected (${state}): ${detail}`);
}

async function openThreads(file: string | undefined): Promise<ThreadStore> {
  if (file === undefined) return createMemoryThreadStore();
  const { openSqliteThreadStore } = await import('./threads/sqlite-thread-store.ts');
  return await openSqliteThreadStore(file);
}
