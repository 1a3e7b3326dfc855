// One turn: feeds the graph, turns what it streams into events, asks the person where the graph was interrupted for that,
// and mends the thread when the turn broke.

import { AIMessage, type BaseMessage, HumanMessage, RemoveMessage, ToolMessage } from '@langchain/core/messages';
import { Command } from '@langchain/langgraph';
import { requestIn } from '../approval/interrupt.ts';
import type { ApprovalAnswer } from '../approval.ts';
import { type ToolCallArtifact, toolCallsOf } from '../graph/messages.ts';
import type { TurnContext } from '../graph/turn-context.ts';
import { type AgentGraph, type GraphNews, NODES } from '../graph.ts';
import type { SessionOptions, TurnSetup } from '../session.ts';
import type { TurnEvent } from '../turn-events.ts';
import { reasoningOf } from './reasoning.ts';
import { repairThread, type Thread } from './repair.ts';
import { diagnose, TurnOutcome } from './turn-outcome.ts';
import { addUsage } from './usage.ts';

export interface TurnOptions extends SessionOptions {
  readonly thread: Thread;
  readonly request: string;
  readonly signal: AbortSignal;
  readonly takeTurn: () => Promise<() => Promise<void>>;
  readonly emit: (event: TurnEvent) => void;
}

/** The graph counts model calls itself; the library's own limit on steps must not come first. */
const MAX_STEPS = 10_000;

type GraphInput = Parameters<AgentGraph['stream']>[0];

interface Interrupt {
  readonly id?: string;
  readonly value?: unknown;
}

/** Runs the turn to its end; never rejects. */
export async function runTurn(options: TurnOptions): Promise<void> {
  const { graph, thread, request, signal: caller, timeoutMs, store, listen } = options;
  const outcome = new TurnOutcome();
  const emit = (event: TurnEvent) => {
    outcome.note(event);
    options.emit(event);
  };
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  // One of its own for each turn: the graph leaves a listener on it, and the caller's may live for many turns.
  const signal = AbortSignal.any(timeout ? [caller, timeout] : [caller]);
  const state: StreamState = {
    outcome,
    partialText: '',
    costUsdOf: () => undefined,
    findTool: () => undefined,
    takeNotices: () => [],
  };
  let release: (() => Promise<void>) | undefined;
  const stopListening = listen?.(emit);
  try {
    release = await options.takeTurn();
    signal.throwIfAborted();
    const setup = await options.prepareTurn(signal);
    state.takeNotices = setup.takeNotices;
    tellNotices();
    state.costUsdOf = setup.context.costUsdOf;
    // A process that was killed may have left calls open.
    await repairThread(graph, thread, 'No result: the agent was stopped.');
    await store?.recordTurn(thread.configurable.thread_id, { request, model: setup.modelLabel });
    await stream({ messages: [new HumanMessage(request)] }, setup);
    if (outcome.limit === undefined && setup.finishAnswer) outcome.answer = finishAnswer(setup.finishAnswer);
    tellNotices();
    await letGo();
    finish();
  } catch (error) {
    const breakage = diagnose(error, { caller, timeout, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    // Without the thread in our hands it is somebody else's to mend.
    if (release) await mend(breakage.note);
    if (outcome.answer === '') outcome.answer = state.partialText;
    tellNotices();
    await letGo();
    finish(breakage);
  } finally {
    stopListening?.();
  }

  async function stream(first: { messages: BaseMessage[] }, prepared: TurnSetup): Promise<void> {
    const asked = new Set<string>();
    let setup = prepared;
    let pending = await read(first, setup, asked);
    while (pending.length > 0) {
      const resume: Record<string, ApprovalAnswer> = {};
      // One question at a time.
      for (const one of pending) resume[one.id ?? ''] = await askPerson(one, setup, asked);
      // A tool that has changed is another one, now that a person has accepted it.
      if (pending.some(({ value }) => requestIn(value).change)) setup = await options.prepareTurn(signal);
      pending = await read(new Command({ resume }), setup, asked);
    }
  }

  /** Runs the graph until it is done or nothing but questions to the person is left; gives these. */
  async function read(input: GraphInput, setup: TurnSetup, asked: Set<string>): Promise<Interrupt[]> {
    state.findTool = setup.context.findTool;
    const context: TurnContext = {
      ...setup.context,
      // What a person has said about a call counts for that call, whatever they have said about others meanwhile. Once: a
      // later call may have the same id.
      decide: (tool, id) => (asked.delete(id) ? { kind: 'ask' } : setup.context.decide(tool, id)),
    };
    const interrupts: Interrupt[] = [];
    const chunks = await graph.stream(input, {
      ...thread,
      // The graph hands it to its nodes as it is.
      context: context as unknown as Record<string, unknown>,
      streamMode: ['messages', 'updates', 'custom'],
      signal,
      recursionLimit: MAX_STEPS,
    });
    for await (const [mode, chunk] of chunks) {
      tellNotices();
      if (mode === 'messages') readPiece(chunk, state, emit);
      else if (mode === 'custom') readNews(chunk, state, emit);
      else {
        // An update of a node, or the interrupts of the step.
        const { __interrupt__: waiting = [], ...updates } = chunk as Update & { __interrupt__?: Interrupt[] };
        interrupts.push(...waiting);
        for (const message of messagesOf(updates)) readMessage(message, state, emit);
      }
    }
    return interrupts;
  }

  async function askPerson({ value }: Interrupt, setup: TurnSetup, asked: Set<string>): Promise<ApprovalAnswer> {
    const request = requestIn(value);
    const tool = setup.context.findTool(request.name);
    // The answer about a sibling may have settled this one too.
    const settled = tool && setup.context.decide(tool, request.id);
    if (settled && settled.kind !== 'ask') return { kind: 'deny', reason: 'Settled by the rules.' };
    asked.add(request.id);
    if (!setup.approve) return { kind: 'deny', reason: 'There is nobody to ask.' };
    emit({ type: 'approval-request', request });
    let answer: ApprovalAnswer;
    try {
      answer = await setup.approve(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      answer = {
        kind: 'deny',
        reason: `There was no answer (${error instanceof Error ? error.message : String(error)}).`,
      };
    }
    signal.throwIfAborted();
    await setup.remember(request, answer);
    return answer;
  }

  async function mend(note: string): Promise<void> {
    try {
      await repairThread(graph, thread, note, state.partialText);
    } catch (error) {
      // The turn has an end that says more; the next one mends the thread before it begins.
      emit({ type: 'notice', text: `The conversation could not be saved: ${String(error)}` });
    }
  }

  /** Before the end is told: whoever hears of it may begin the next turn at once. */
  async function letGo(): Promise<void> {
    try {
      await release?.();
    } catch (error) {
      emit({ type: 'notice', text: `The conversation could not be given free: ${String(error)}` });
    }
    release = undefined;
  }

  function finishAnswer(form: (answer: string) => string): string {
    const { answer } = outcome;
    // What does not fit is no answer.
    outcome.answer = '';
    return form(answer);
  }

  function tellNotices(): void {
    for (const text of state.takeNotices()) emit({ type: 'notice', text });
  }

  function finish(breakage?: Parameters<TurnOutcome['end']>[0]): void {
    const { error, end } = outcome.end(breakage);
    if (error) options.emit(error);
    options.emit(end);
  }
}

interface StreamState {
  readonly outcome: TurnOutcome;
  /** What the model is saying, as long as its message is not whole. */
  partialText: string;
  costUsdOf: TurnContext['costUsdOf'];
  findTool: TurnContext['findTool'];
  takeNotices: TurnSetup['takeNotices'];
}

/** The update of any node: `{ [node]: { messages } }`. */
type Update = Record<string, { messages?: BaseMessage[] | BaseMessage } | undefined>;

function readPiece(
  [message, metadata]: [BaseMessage, Record<string, unknown>],
  state: StreamState,
  emit: (event: TurnEvent) => void,
): void {
  if (metadata['langgraph_node'] !== NODES.model || !AIMessage.isInstance(message)) return;
  const reasoning = reasoningOf(message);
  if (reasoning !== '') emit({ type: 'reasoning-delta', text: reasoning });
  if (message.text === '') return;
  state.partialText += message.text;
  emit({ type: 'text-delta', text: message.text });
}

function readNews(news: GraphNews | TurnEvent, state: StreamState, emit: (event: TurnEvent) => void): void {
  if (news.type === 'limit') state.outcome.limit = news.message;
  else if (news.type === 'spent') count(news.message, state);
  else emit(news);
}

function count(message: AIMessage, { outcome, costUsdOf }: StreamState): void {
  outcome.usage = addUsage(outcome.usage, message.usage_metadata, costUsdOf(message));
  outcome.modelCalls += 1;
}

function readMessage(message: BaseMessage, state: StreamState, emit: (event: TurnEvent) => void): void {
  if (ToolMessage.isInstance(message)) {
    // Every ToolMessage of this graph carries the artifact that its node made.
    const artifact = message.artifact as ToolCallArtifact;
    emit({
      type: 'tool-result',
      id: message.tool_call_id,
      name: message.name ?? '',
      server: artifact.server,
      text: message.text,
      error: artifact.error,
      durationMs: artifact.durationMs,
    });
    return;
  }
  if (!AIMessage.isInstance(message)) return;
  const { outcome } = state;
  state.partialText = '';
  count(message, state);
  const calls = toolCallsOf(message);
  // Words before a call are kept as a partial answer, should there be no other.
  outcome.answer = calls.length === 0 || message.text !== '' ? message.text : outcome.answer;
  for (const { id = '', name, args } of calls)
    emit({ type: 'tool-call', id, name, server: state.findTool(name)?.server ?? '', args });
}

/** What is new in an update: where it replaces the conversation by a shorter one, that is the model's message at its end. */
function messagesOf(update: Update): BaseMessage[] {
  return Object.values(update).flatMap((part) => {
    const messages = [part?.messages ?? []].flat();
    return messages[0] && RemoveMessage.isInstance(messages[0]) ? messages.slice(-1) : messages;
  });
}
