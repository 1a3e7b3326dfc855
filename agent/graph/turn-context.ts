// What one turn runs with. The graph is built once and keeps none of it: models are swapped, servers change their tools, and
// two conversations on one graph have limits and approvals of their own.

import type { BaseLanguageModelInput } from '@langchain/core/language_models/base';
import type { AIMessage, AIMessageChunk, BaseMessage } from '@langchain/core/messages';
import type { Runnable } from '@langchain/core/runnables';
import type { ToolNode } from '@langchain/langgraph/prebuilt';
import type { Verdict } from '../approval/policy.ts';
import type { ApprovalRequest } from '../approval.ts';
import type { AgentError } from '../errors.ts';
import type { LoadedTool } from '../mcp/tools.ts';
import type { Compacted } from './compaction.ts';

/** What one turn may use up; `undefined` is no limit. */
export interface Limits {
  readonly maxTurns: number;
  readonly maxToolCalls: number | undefined;
  /** Input and output of all model calls together. */
  readonly maxTokens: number | undefined;
  readonly maxUsd: number | undefined;
}

export interface TurnContext {
  /** The model, bound to the tools. */
  readonly model: Runnable<BaseLanguageModelInput, AIMessageChunk>;
  readonly toolNode: ToolNode;
  readonly findTool: (name: string) => LoadedTool | undefined;
  readonly systemPrompt: string;
  /** Turns what the model's provider threw into an error that says what to do. */
  readonly describeModelError: (error: unknown) => AgentError;
  /** What a message of the model cost, in US dollars; `undefined` where that is unknown. */
  readonly costUsdOf: (message: AIMessage) => number | undefined;
  readonly limits: Limits;
  /** Whether the call may run, may not, or a person has to say. */
  readonly decide: (tool: LoadedTool, callId: string) => Verdict;
  readonly describeRequest: (tool: LoadedTool, call: { id: string; args: Record<string, unknown> }) => ApprovalRequest;
  /** What is wrong with an answer, for the model to mend; `undefined` when it is as it should be. */
  readonly faultOf: (answer: string) => string | undefined;
  /** The same conversation, shorter, when it has become too long for the model; `undefined` when it has not. */
  readonly compact: (
    messages: readonly BaseMessage[],
    signal: AbortSignal | undefined,
  ) => Promise<Compacted | undefined>;
}
