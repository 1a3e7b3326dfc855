// A streamed answer of the chat-completions family: deltas, calls in fragments, usage where the vendor puts it.

import { event, halvesOf, type Reply, USAGE, wordsOf } from '../wire-format.ts';

const USAGE_FIELDS = {
  prompt_tokens: USAGE.input,
  completion_tokens: USAGE.output,
  total_tokens: USAGE.input + USAGE.output,
};

export interface ChatStreamDialect {
  readonly model: string;
  /** Where usage is: after the last choice, with the last choice, or in a field of Groq's. */
  readonly usage: 'trailing' | 'last' | 'x_groq';
  /** Ids of calls, where they have a form of their own. */
  readonly callId?: (turn: number, index: number) => string;
  /** The delta of a thought; left out where the vendor shows none. */
  readonly thought?: (words: string) => object;
  /** Calls come whole in one delta. */
  readonly wholeCalls?: boolean;
  /** What is sent before the first delta. */
  readonly preamble?: readonly string[];
}

/** The events of one answer. */
export function streamChat(dialect: ChatStreamDialect, { reasoning, text, calls }: Reply, turn: number): string[] {
  const { model, usage, thought, preamble = [] } = dialect;
  const chunk = (choices: readonly unknown[], more: object = {}) =>
    event({ id: `chatcmpl-${turn}`, object: 'chat.completion.chunk', created: 1, model, choices, ...more });
  const delta = (part: object, finish_reason: string | null = null, more: object = {}) =>
    chunk([{ index: 0, delta: part, finish_reason }], more);
  const last =
    usage === 'last'
      ? { usage: USAGE_FIELDS }
      : usage === 'x_groq'
        ? { x_groq: { id: `req_${turn}`, usage: USAGE_FIELDS } }
        : {};
  return [
    ...preamble,
    delta({ role: 'assistant', content: calls ? null : '' }),
    ...(thought ? wordsOf(reasoning ?? '').map((word) => delta(thought(word))) : []),
    ...wordsOf(text ?? '').map((word) => delta({ content: word })),
    ...callDeltas(dialect, calls ?? [], turn).map((tool_calls) => delta({ tool_calls })),
    delta({}, calls ? 'tool_calls' : 'stop', last),
    ...(usage === 'trailing' ? [chunk([], { usage: USAGE_FIELDS })] : []),
    event('[DONE]'),
  ];
}

function callDeltas(dialect: ChatStreamDialect, calls: NonNullable<Reply['calls']>, turn: number): object[][] {
  const { callId = (at: number, index: number) => `call_${at}_${index}`, wholeCalls = false } = dialect;
  const head = (index: number, name: string, args: string) => ({
    index,
    id: callId(turn, index),
    type: 'function',
    function: { name, arguments: args },
  });
  if (wholeCalls)
    return calls.length === 0 ? [] : [calls.map(({ name, args }, index) => head(index, name, JSON.stringify(args)))];
  return calls.flatMap(({ name, args }, index) => {
    const [first, second] = halvesOf(args);
    return [
      [head(index, name, '')],
      [{ index, function: { arguments: first } }],
      [{ index, function: { arguments: second } }],
    ];
  });
}
