// The events of one streamed answer of OpenAI's /v1/responses, in their order and with their sequence numbers.

import { event, halvesOf, type Reply, USAGE, wordsOf } from '../wire-format.ts';

export function streamResponse(model: string, { reasoning, text, calls }: Reply, turn: number): string[] {
  const makers = [
    ...(reasoning === undefined ? [] : [(at: number) => reasoningEvents(reasoning, turn, at)]),
    ...(text === undefined ? [] : [(at: number) => messageEvents(text, turn, at)]),
    ...(calls ?? []).map(
      ({ name, args }) =>
        (at: number) =>
          callEvents(name, args, turn, at),
    ),
  ];
  const outputs = makers.map((make, index) => make(index));
  const response = (status: string, output: readonly object[], usage: object | null) => ({
    id: `resp_${turn}`,
    object: 'response',
    created_at: 1,
    status,
    model,
    output,
    usage,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    tools: [],
  });
  const usage = {
    input_tokens: USAGE.input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: USAGE.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: USAGE.input + USAGE.output,
  };
  const items = outputs.map(({ item }) => item);
  return [
    { type: 'response.created', response: response('in_progress', [], null) },
    { type: 'response.in_progress', response: response('in_progress', [], null) },
    ...outputs.flatMap(({ events }) => events),
    { type: 'response.completed', response: response('completed', items, usage) },
  ].map((data, sequence_number) => event({ ...data, sequence_number }, data.type));
}

type Typed = Record<string, unknown> & { readonly type: string };

/** One item of the output, and the events that build it up. */
interface OutputEvents {
  readonly item: object;
  readonly events: readonly Typed[];
}

function reasoningEvents(reasoning: string, turn: number, output_index: number): OutputEvents {
  const at = { item_id: `rs_${turn}`, output_index, summary_index: 0 };
  const part = (text: string) => ({ type: 'summary_text', text });
  const item = { id: at.item_id, type: 'reasoning', summary: [part(reasoning)] };
  return {
    item,
    events: [
      { type: 'response.output_item.added', output_index, item: { ...item, summary: [] } },
      { type: 'response.reasoning_summary_part.added', ...at, part: part('') },
      ...wordsOf(reasoning).map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...at, delta })),
      { type: 'response.reasoning_summary_text.done', ...at, text: reasoning },
      { type: 'response.reasoning_summary_part.done', ...at, part: part(reasoning) },
      { type: 'response.output_item.done', output_index, item },
    ],
  };
}

function messageEvents(text: string, turn: number, output_index: number): OutputEvents {
  const at = { item_id: `msg_${turn}`, output_index, content_index: 0 };
  const part = (said: string) => ({ type: 'output_text', text: said, annotations: [], logprobs: [] });
  const item = { id: at.item_id, type: 'message', status: 'completed', role: 'assistant', content: [part(text)] };
  return {
    item,
    events: [
      { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', content: [] } },
      { type: 'response.content_part.added', ...at, part: part('') },
      ...wordsOf(text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
      { type: 'response.output_text.done', ...at, text, logprobs: [] },
      { type: 'response.content_part.done', ...at, part: part(text) },
      { type: 'response.output_item.done', output_index, item },
    ],
  };
}

function callEvents(name: string, args: unknown, turn: number, output_index: number): OutputEvents {
  const id = `fc_${turn}_${output_index}`;
  const item = {
    id,
    type: 'function_call',
    status: 'completed',
    name,
    call_id: `call_${turn}_${output_index}`,
    arguments: JSON.stringify(args),
  };
  return {
    item,
    events: [
      { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', arguments: '' } },
      ...halvesOf(args).map((delta) => ({
        type: 'response.function_call_arguments.delta',
        item_id: id,
        output_index,
        delta,
      })),
      {
        type: 'response.function_call_arguments.done',
        item_id: id,
        output_index,
        name,
        arguments: JSON.stringify(args),
      },
      { type: 'response.output_item.done', output_index, item },
    ],
  };
}
