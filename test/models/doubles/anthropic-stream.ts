// The events of one streamed answer of Anthropic's /v1/messages: a block after the other, arguments in fragments.

import { event, halvesOf, type Reply, SIGNATURE, USAGE, wordsOf } from '../wire-format.ts';

type Typed = Record<string, unknown> & { readonly type: string };

export function streamMessage(model: string, { reasoning, text, calls }: Reply, turn: number): string[] {
  const blocks: Typed[][] = [
    ...(reasoning === undefined ? [] : [thinkingBlock(reasoning)]),
    ...(text === undefined ? [] : [textBlock(text)]),
    ...(calls ?? []).map(({ name, args }, index) => callBlock(name, args, `toolu_${turn}_${index}`)),
  ];
  const usage = { input_tokens: USAGE.input, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const events: Typed[] = [
    {
      type: 'message_start',
      message: {
        id: `msg_${turn}`,
        type: 'message',
        role: 'assistant',
        model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { ...usage, output_tokens: 0 },
      },
    },
    { type: 'ping' },
    ...blocks.flatMap((block, index) => block.map((one) => ({ ...one, index }))),
    {
      type: 'message_delta',
      delta: { stop_reason: calls ? 'tool_use' : 'end_turn', stop_sequence: null },
      usage: { output_tokens: USAGE.output },
    },
    { type: 'message_stop' },
  ];
  return events.map((data) => event(data, data.type));
}

function textBlock(text: string): Typed[] {
  return [
    { type: 'content_block_start', content_block: { type: 'text', text: '' } },
    ...wordsOf(text).map((word) => ({ type: 'content_block_delta', delta: { type: 'text_delta', text: word } })),
    { type: 'content_block_stop' },
  ];
}

function thinkingBlock(reasoning: string): Typed[] {
  const delta = (part: Typed) => ({ type: 'content_block_delta', delta: part });
  return [
    { type: 'content_block_start', content_block: { type: 'thinking', thinking: '', signature: '' } },
    ...wordsOf(reasoning).map((thinking) => delta({ type: 'thinking_delta', thinking })),
    delta({ type: 'signature_delta', signature: SIGNATURE }),
    { type: 'content_block_stop' },
  ];
}

function callBlock(name: string, args: unknown, id: string): Typed[] {
  return [
    { type: 'content_block_start', content_block: { type: 'tool_use', id, name, input: {} } },
    // The first fragment is empty, as the vendor sends it.
    ...['', ...halvesOf(args)].map((partial_json) => ({
      type: 'content_block_delta',
      delta: { type: 'input_json_delta', partial_json },
    })),
    { type: 'content_block_stop' },
  ];
}
