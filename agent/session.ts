// One conversation: a request goes in, a closed union of events comes out. Chat, `ask` and the task runner only render
// these events; none of them knows the graph.

import { randomUUID } from 'node:crypto';
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage, type UsageMetadata } from '@langchain/core/messages';
import { AgentError } from './errors.ts';
import { type AgentGraph, createFailedToolMessage, NODES, type ToolCallArtifact, toolCallsOf } from './graph.ts';
import type { TurnEvent, TurnStatus, Usage } from './turn-events.ts';

export interface Session {
  readonly threadId: string;
  /**
   * Runs one turn. Aborting `signal` ends it with status `interrupted`, cancels tool calls in flight at their servers
   * and leaves the conversation in a state that the next turn can go on from. Never throws: failures are events.
   */
  run(request: string, signal: AbortSignal): AsyncIterable<TurnEvent>;
}

export interface SessionOptions {
  /** A graph with a checkpointer; it keeps the conversation. */
  readonly graph: AgentGraph;
  /** The conversation to go on with; default a new one. */
  readonly threadId?: string;
  /** The server that a tool comes from, for display. */
  readonly serverOf: (toolName: string) => string;
  /** What a message of the model cost, in US dollars; default: unknown. */
  readonly costUsdOf?: (message: AIMessage) => number | undefined;
  /** Takes the notices that came up since it was last called; default: there are none. */
  readonly takeNotices?: () => readonly string[];
}

const MAX_STEPS = 10_000;

/** Starts or takes up a conversation. One turn at a time. */
export function createSession(options: SessionOptions): Session {
  const { graph, threadId = randomUUID(), serverOf, costUsdOf = () => undefined, takeNotices = () => [] } = options;
  const thread = { configurable: { thread_id: threadId } };

  async function* run(request: string, caller: AbortSignal): AsyncGenerator<TurnEvent> {
    // One of its own for each turn: the graph leaves a listener on it, and the caller's may live for many turns.
    const signal = AbortSignal.any([caller]);
    const startedAtMs = performance.now();
    let answer = '';
    let usage: Usage | undefined;
    let modelCalls = 0;
    let toolCalls = 0;
    const missingScopes = new Set<string>();
    const notices = () => takeNotices().map((text): TurnEvent => ({ type: 'notice', text }));
    const end = (status: TurnStatus, error?: AgentError): TurnEvent => ({
      type: 'turn-end',
      status,
      answer,
      error: error && { code: error.code, message: error.message },
      usage,
      modelCalls,
      toolCalls,
      denials: [],
      missingScopes: [...missingScopes],
      durationMs: Math.round(performance.now() - startedAtMs),
    });
    try {
      const stream = await graph.stream(
        { messages: [new HumanMessage(request)] },
        // The graph counts model calls itself; the library's own limit on steps must not come first.
        { ...thread, streamMode: ['messages', 'updates'], signal, recursionLimit: MAX_STEPS },
      );
      for await (const [mode, chunk] of stream) {
        yield* notices();
        if (mode === 'messages') {
          const [message, metadata] = chunk;
          if (metadata['langgraph_node'] === NODES.model && message.text !== '')
            yield { type: 'text-delta', text: message.text };
          continue;
        }
        for (const message of messagesOf(chunk)) {
          if (AIMessage.isInstance(message)) {
            usage = addUsage(usage, message.usage_metadata, costUsdOf(message));
            modelCalls += 1;
            toolCalls += toolCallsOf(message).length;
            if (toolCallsOf(message).length === 0) answer = message.text;
          }
          for (const event of eventsOf(message, serverOf)) {
            if (event.type === 'tool-result')
              for (const scope of event.error?.missingScopes ?? []) missingScopes.add(scope);
            yield event;
          }
        }
      }
      yield end('ok');
    } catch (error) {
      const { status, failure, note } = diagnose(error, signal);
      await answerOpenCalls(graph, thread, note);
      yield* notices();
      yield { type: 'error', code: failure.code, message: failure.message };
      yield end(status, failure);
    }
  }

  return { threadId, run };
}

/** What broke the turn, and what the model should read in place of results that never came. */
function diagnose(error: unknown, signal: AbortSignal): { status: TurnStatus; failure: AgentError; note: string } {
  if (signal.aborted)
    return {
      status: 'interrupted',
      failure: new AgentError('interrupted', 'The turn was cancelled.', { cause: error }),
      note: 'Cancelled by the user before there was a result.',
    };
  const ours = findAgentError(error);
  if (ours?.code === 'limit')
    return { status: 'limit', failure: ours, note: 'Not called: the turn reached its limit.' };
  return {
    status: 'failed',
    failure:
      ours ?? new AgentError('internal', `This is a fault of the agent itself: ${String(error)}`, { cause: error }),
    note: 'No result: the turn failed.',
  };
}

/** Our own error; when several calls failed at once, LangGraph throws all of their errors in one. */
function findAgentError(error: unknown): AgentError | undefined {
  if (error instanceof AgentError) return error;
  const parts: unknown[] = error instanceof AggregateError ? error.errors : [];
  return parts.find((part) => part instanceof AgentError);
}

/** Answers the calls that a broken turn left open: providers refuse a thread in which a call has no answer. */
async function answerOpenCalls(graph: AgentGraph, thread: { configurable: { thread_id: string } }, note: string) {
  const { values } = await graph.getState(thread);
  const messages: BaseMessage[] = values.messages ?? [];
  const answered = new Set(
    messages.filter((message) => ToolMessage.isInstance(message)).map(({ tool_call_id }) => tool_call_id),
  );
  const open = messages.flatMap(toolCallsOf).filter(({ id }) => !answered.has(id ?? ''));
  if (open.length === 0) return;
  await graph.updateState(thread, { messages: open.map((call) => createFailedToolMessage(call, note)) }, NODES.tool);
}

function eventsOf(message: BaseMessage, serverOf: (toolName: string) => string): TurnEvent[] {
  if (ToolMessage.isInstance(message)) {
    // Every ToolMessage of this graph carries the artifact that its tool node made.
    const artifact = message.artifact as ToolCallArtifact;
    return [
      {
        type: 'tool-result',
        id: message.tool_call_id,
        name: message.name ?? '',
        server: artifact.server,
        text: message.text,
        error: artifact.error,
        durationMs: artifact.durationMs,
      },
    ];
  }
  return toolCallsOf(message).map((call) => ({
    type: 'tool-call',
    id: call.id ?? '',
    name: call.name,
    server: serverOf(call.name),
    args: call.args,
  }));
}

/** The messages in an update of any node: `{ [node]: { messages } }`. */
function messagesOf(update: Record<string, { messages?: BaseMessage[] | BaseMessage } | undefined>): BaseMessage[] {
  return Object.values(update).flatMap((part) => part?.messages ?? []);
}

function addUsage(
  sum: Usage | undefined,
  reported: UsageMetadata | undefined,
  costUsd: number | undefined,
): Usage | undefined {
  if (!reported) return sum && { inputTokens: sum.inputTokens, outputTokens: sum.outputTokens };
  const tokens = {
    inputTokens: (sum?.inputTokens ?? 0) + reported.input_tokens,
    outputTokens: (sum?.outputTokens ?? 0) + reported.output_tokens,
  };
  // One unknown part makes the sum unknown.
  const known = costUsd !== undefined && (sum === undefined || sum.costUsd !== undefined);
  return known ? { ...tokens, costUsd: (sum?.costUsd ?? 0) + costUsd } : tokens;
}
