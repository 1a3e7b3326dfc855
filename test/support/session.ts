// A session of the agent's own graph over a model and tools that a test supplies, without servers.

import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import type { AIMessage } from '@langchain/core/messages';
import type { StructuredToolInterface } from '@langchain/core/tools';
import { MemorySaver } from '@langchain/langgraph';
import { createBinder } from '../../agent/agent/turn-factory.ts';
import type { Verdict } from '../../agent/approval/policy.ts';
import type { ApprovalAnswer, ApprovalRequest, Approver } from '../../agent/approval.ts';
import { AgentError } from '../../agent/errors.ts';
import { type CompactionOptions, compactIfNeeded, compactNow } from '../../agent/graph/compaction.ts';
import type { Limits } from '../../agent/graph/turn-context.ts';
import { type AgentGraph, createGraph } from '../../agent/graph.ts';
import type { LoadedTool } from '../../agent/mcp/tools.ts';
import { createSession, type Session, type SessionOptions } from '../../agent/session.ts';

export interface TestSessionOptions extends Partial<Omit<SessionOptions, 'prepareTurn' | 'compact'>> {
  readonly model: BaseChatModel;
  readonly tools: readonly StructuredToolInterface[];
  readonly limits?: Partial<Limits>;
  readonly describeModelError?: (error: unknown) => AgentError;
  readonly costUsdOf?: (message: AIMessage) => number | undefined;
  readonly takeNotices?: () => readonly string[];
  /** Default: every tool may run. */
  readonly decide?: (tool: LoadedTool) => Verdict;
  readonly approve?: Approver;
  readonly remember?: (request: ApprovalRequest, answer: ApprovalAnswer) => Promise<void>;
  readonly faultOf?: (answer: string) => string | undefined;
  readonly finishAnswer?: (answer: string) => string;
  readonly compaction?: CompactionOptions;
}

export function createTestGraph(): AgentGraph {
  return createGraph({ checkpointer: new MemorySaver() });
}

/** Tools of a server called `local`, as loading them would give them. */
export function loadedTools(tools: readonly StructuredToolInterface[]): LoadedTool[] {
  return tools.map((tool) => ({
    name: tool.name,
    server: 'local',
    description: tool.description,
    scopes: [],
    annotations: {},
    fingerprint: tool.name,
    change: undefined,
    tool,
  }));
}

/** What stays the same from session to session is passed in by a test that makes many. */
export function createTestSession(
  options: TestSessionOptions,
  {
    bind = createBinder(),
    tools = loadedTools(options.tools),
    loadTools = () => tools,
  }: {
    bind?: ReturnType<typeof createBinder>;
    tools?: readonly LoadedTool[];
    loadTools?: () => readonly LoadedTool[];
  } = {},
): Session {
  const { graph = createTestGraph(), compaction = { model: undefined, limitTokens: undefined, overheadTokens: 0 } } =
    options;
  return createSession({
    ...options,
    graph,
    compact: (messages, signal) => compactNow(messages, compaction, signal),
    prepareTurn: async () => ({
      context: {
        ...bind(options.model, loadTools()),
        systemPrompt: 'You are an assistant.',
        describeModelError:
          options.describeModelError ?? ((error) => new AgentError('model_failed', String(error), { cause: error })),
        costUsdOf: options.costUsdOf ?? (() => undefined),
        limits: { maxTurns: 12, maxToolCalls: undefined, maxTokens: undefined, maxUsd: undefined, ...options.limits },
        decide: options.decide ?? (() => ({ kind: 'allow' })),
        describeRequest: ({ name, server, description, annotations, change }, { id, args }) => ({
          id,
          args,
          name,
          server,
          description,
          annotations,
          isTrusted: false,
          scopes: { needed: [], held: undefined },
          change,
        }),
        faultOf: options.faultOf ?? (() => undefined),
        compact: (messages, signal) => compactIfNeeded(messages, compaction, signal),
      },
      modelLabel: 'test',
      approve: options.approve,
      remember: options.remember ?? (async () => undefined),
      finishAnswer: options.finishAnswer,
      takeNotices: options.takeNotices ?? (() => []),
    }),
  });
}
