// A conversation with a scripted model and tools that a test supplies, on the agent's own graph.

import assert from 'node:assert/strict';
import { AIMessage, type BaseMessage } from '@langchain/core/messages';
import { fakeModel } from '@langchain/core/testing';
import { DynamicStructuredTool } from '@langchain/core/tools';
import type { TurnEnd, TurnEvent } from '../../agent/turn-events.ts';
import { createTestSession, type TestSessionOptions } from './session.ts';

export type ScriptedCall = { name: string; args: Record<string, unknown> };
export type ScriptedTool = (args: { n: number }, signal: AbortSignal | undefined) => Promise<string>;

/** The model's answer, with the tokens that it reports. */
export const answer = (text: string, tokens = { input_tokens: 3, output_tokens: 2 }) =>
  Object.assign(new AIMessage(text), {
    usage_metadata: { ...tokens, total_tokens: tokens.input_tokens + tokens.output_tokens },
  });

/** The model's wish to call tools. */
export const calling = (...calls: ScriptedCall[]) =>
  new AIMessage({
    content: '',
    tool_calls: calls.map((call) => ({ ...call, id: crypto.randomUUID(), type: 'tool_call' as const })),
  });

export interface Script extends Partial<Omit<TestSessionOptions, 'tools' | 'model'>> {
  readonly turns: readonly (BaseMessage | Error)[];
  readonly tools?: Readonly<Record<string, ScriptedTool>>;
}

export function converse({ turns, tools = {}, ...options }: Script) {
  const model = fakeModel();
  for (const turn of turns) model.respond(turn);
  const session = createTestSession({ model, tools: toolsOf(tools), ...options });
  const run = async (request: string, signal = new AbortController().signal) => {
    const events: TurnEvent[] = [];
    for await (const event of session.run(request, signal)) events.push(event);
    return events;
  };
  return { model, run, session };
}

export function toolsOf(tools: Readonly<Record<string, ScriptedTool>>): DynamicStructuredTool[] {
  return Object.entries(tools).map(
    ([name, run]) =>
      new DynamicStructuredTool({
        name,
        description: name,
        schema: { type: 'object' as const, properties: { n: { type: 'number' as const } }, required: ['n'] },
        // The schema above is what the tool is called with.
        func: async (args, _manager, config) => run(args as { n: number }, config?.signal),
      }),
  );
}

export const ofType = <T extends TurnEvent['type']>(events: readonly TurnEvent[], type: T) =>
  events.filter((event): event is Extract<TurnEvent, { type: T }> => event.type === type);

/** The last event, which is the only one of its kind. */
export function endOf(events: readonly TurnEvent[]): TurnEnd {
  const last = events.at(-1);
  assert.equal(ofType(events, 'turn-end').length, 1);
  assert.ok(last?.type === 'turn-end');
  return last;
}

/** Providers refuse a conversation in which a tool call has no answer, or two. */
export function assertEveryCallIsAnswered(messages: readonly BaseMessage[]): void {
  const called = messages.flatMap((message) => (message as AIMessage).tool_calls ?? []).map(({ id }) => id);
  const answered = messages.flatMap((message) => ('tool_call_id' in message ? [message.tool_call_id] : []));
  assert.deepEqual(called.toSorted(), answered.toSorted());
}
