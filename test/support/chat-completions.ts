// A server that speaks the streaming chat-completions protocol and says what a test tells it to. Imports neither half.

import { serve } from './ports.ts';

type Delta = Record<string, unknown>;

export interface ChatCompletions {
  readonly baseUrl: string;
  /** Bodies of the requests so far. */
  readonly requests: readonly Record<string, unknown>[];
  close(): Promise<void>;
}

/**
 * `reply` gets the request's number, from 0, and gives the deltas to stream; `hang` leaves the request open. `onSent` is
 * called when an answer has gone out to its end.
 */
export async function createChatCompletions(
  reply: (index: number) => readonly Delta[] | 'hang',
  onSent: () => void = () => undefined,
): Promise<ChatCompletions> {
  const requests: Record<string, unknown>[] = [];
  const server = await serve(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push(JSON.parse(body));
    const deltas = reply(requests.length - 1);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (deltas === 'hang') return void response.write(': waiting\n\n');
    // Messages with one id are one message to LangGraph.
    const id = `chatcmpl-${crypto.randomUUID()}`;
    const send = (choice: Delta) =>
      response.write(
        `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 0, model: 'double', choices: [choice] })}\n\n`,
      );
    send({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null });
    for (const delta of deltas) send({ index: 0, delta, finish_reason: null });
    send({ index: 0, delta: {}, finish_reason: deltas.some((delta) => 'tool_calls' in delta) ? 'tool_calls' : 'stop' });
    response.end('data: [DONE]\n\n', onSent);
  });
  return { baseUrl: `${server.origin}/v1`, requests, close: server.close };
}

/** The deltas of one tool call. */
export function toolCallDeltas(name: string, args: unknown): Delta[] {
  return [
    {
      tool_calls: [
        {
          index: 0,
          id: `call_${crypto.randomUUID()}`,
          type: 'function',
          function: { name, arguments: JSON.stringify(args) },
        },
      ],
    },
  ];
}
