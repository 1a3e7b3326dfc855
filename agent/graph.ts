// Model + tools → ReAct graph: the model decides, every tool call runs as a task of its own, the results go back to the
// model. Hand-written, since the prebuilt agents drop calls or make tool errors fatal. Built once; what a turn runs with
// comes with the turn.

import { type AIMessage, type BaseMessage, RemoveMessage, SystemMessage } from '@langchain/core/messages';
import type { ToolCall } from '@langchain/core/messages/tool';
import {
  type BaseCheckpointSaver,
  END,
  type LangGraphRunnableConfig,
  MessagesDeltaValue,
  REMOVE_ALL_MESSAGES,
  Send,
  START,
  StateGraph,
  StateSchema,
} from '@langchain/langgraph';
import { AgentError } from './errors.ts';
import { callTool } from './graph/call-tool.ts';
import { findExceeded } from './graph/limits.ts';
import {
  createFailedToolMessage,
  createOwnMessage,
  giveDistinctIds,
  isFromPerson,
  startOfTurn,
  toolCallsOf,
  withAnsweredCalls,
} from './graph/messages.ts';
import type { TurnContext } from './graph/turn-context.ts';

export interface GraphOptions {
  /** What the turn runs with; default what the caller passes as `context`. */
  readonly turnOf?: (config: LangGraphRunnableConfig) => TurnContext | Promise<TurnContext>;
  readonly checkpointer?: BaseCheckpointSaver;
}

/** Node names, as they appear in streams and in a drawn graph. */
export const NODES = { model: 'model', tool: 'tool', mend: 'mend', stop: 'stop' } as const;

/** What the graph tells the session besides its messages. */
export type GraphNews =
  | { readonly type: 'limit'; readonly message: string }
  /** A call of the model whose message is no part of the conversation. */
  | { readonly type: 'spent'; readonly message: AIMessage };

/** Only the messages of a step are kept, not all of them again and again. */
const State = new StateSchema({ messages: MessagesDeltaValue });

/** Builds the graph. */
export function createGraph({ turnOf = contextOf, checkpointer }: GraphOptions = {}) {
  const callModel = async ({ messages }: typeof State.State, config: LangGraphRunnableConfig) => {
    const turn = await turnOf(config);
    const shorter = await turn.compact(messages, config.signal);
    if (shorter) config.writer?.({ type: 'notice', text: shorter.notice });
    if (shorter?.summary) config.writer?.({ type: 'spent', message: shorter.summary } satisfies GraphNews);
    const spoken = withAnsweredCalls(shorter?.messages ?? messages);
    try {
      const answer = await turn.model.invoke([new SystemMessage(turn.systemPrompt), ...spoken], config);
      giveDistinctIds(answer);
      return { messages: [...(shorter ? [removeAll(), ...shorter.messages] : []), answer] };
    } catch (error) {
      throw config.signal?.aborted ? error : turn.describeModelError(error);
    }
  };

  const afterModel = async ({ messages }: typeof State.State, config: LangGraphRunnableConfig) => {
    const turn = await turnOf(config);
    const calls = toolCallsOf(messages.at(-1));
    if (calls.length > 0)
      return findExceeded(messages, turn.limits, turn.costUsdOf) === undefined
        ? calls.map((call) => new Send(NODES.tool, { call }))
        : NODES.stop;
    const isMended = messages.slice(startOfTurn(messages) + 1).some((message) => isOwnWords(message));
    return !isMended && turn.faultOf(messages.at(-1)?.text ?? '') !== undefined ? NODES.mend : END;
  };

  const stop = async ({ messages }: typeof State.State, config: LangGraphRunnableConfig) => {
    const turn = await turnOf(config);
    const message = findExceeded(messages, turn.limits, turn.costUsdOf) ?? '';
    config.writer?.({ type: 'limit', message } satisfies GraphNews);
    const note = 'Not called: the turn reached its limit.';
    const answer = (call: ToolCall) =>
      createFailedToolMessage(call, note, {
        server: turn.findTool(call.name)?.server ?? '',
        durationMs: 0,
        structuredContent: undefined,
        error: { code: 'limit', message: note, missingScopes: [] },
      });
    return { messages: toolCallsOf(messages.at(-1)).map(answer) };
  };

  const mend = async ({ messages }: typeof State.State, config: LangGraphRunnableConfig) => {
    const turn = await turnOf(config);
    const fault = turn.faultOf(messages.at(-1)?.text ?? '') ?? '';
    return { messages: [createOwnMessage(`That was not the answer that is needed. ${fault} Answer again.`)] };
  };

  return new StateGraph(State)
    .addNode(NODES.model, callModel)
    .addNode(NODES.tool, async ({ call }: { call: ToolCall }, config: LangGraphRunnableConfig) =>
      callTool(call, await turnOf(config), config),
    )
    .addNode(NODES.mend, mend)
    .addNode(NODES.stop, stop)
    .addEdge(START, NODES.model)
    .addConditionalEdges(NODES.model, afterModel, [NODES.tool, NODES.mend, NODES.stop, END])
    .addEdge(NODES.tool, NODES.model)
    .addEdge(NODES.mend, NODES.model)
    .addEdge(NODES.stop, END)
    .compile(checkpointer ? { checkpointer } : {});
}

export type AgentGraph = ReturnType<typeof createGraph>;

/** Makes an update replace what is there. */
export function removeAll(): RemoveMessage {
  return new RemoveMessage({ id: REMOVE_ALL_MESSAGES });
}

function isOwnWords(message: BaseMessage): boolean {
  return message.getType() === 'human' && !isFromPerson(message);
}

function contextOf({ context }: LangGraphRunnableConfig): TurnContext {
  if (!context) throw new AgentError('internal', 'The graph was started without the context of a turn.');
  // The session is the only caller, and passes nothing else.
  return context as unknown as TurnContext;
}
