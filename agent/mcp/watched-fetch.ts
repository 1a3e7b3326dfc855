// Fetch as a connection uses it: sees streams end that may carry the answer to a call, and does not read more than a server
// may reasonably send in one message.

import { AgentError } from '../errors.ts';
import { type CallWatch, currentCall } from './call-watch.ts';

type TransportFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** A message larger than this is no tool result; the SDK would hold all of it in memory several times. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Tells the call, in whose course a request is made, what becomes of its streams. */
export function createWatchedFetch(fetch: TransportFetch, maxMessageBytes = MAX_MESSAGE_BYTES): TransportFetch {
  return async (url, init) => {
    const call = currentCall.getStore();
    call?.streamExpected();
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (error) {
      call?.streamEnded();
      throw error;
    }
    const { body, headers } = response;
    const isStream = response.ok && body !== null && /^text\/event-stream\b/i.test(headers.get('content-type') ?? '');
    if (isStream) return withBody(response, watchBody(body, call, maxMessageBytes));
    // The stream was to be taken up again, and is not: the SDK tries once more or gives up without a word.
    if (init?.method === 'GET') call?.streamEnded();
    const length = Number(headers.get('content-length') ?? Number.NaN);
    if (body === null || length <= maxMessageBytes) return response;
    return withBody(response, watchBody(body, undefined, maxMessageBytes));
  };
}

function watchBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  call: CallWatch | undefined,
  maxMessageBytes: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let messageBytes = 0;
  return new ReadableStream({
    pull: async (controller) => {
      try {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          call?.streamEnded();
          return;
        }
        // A blank line ends an event; what follows belongs to the next one.
        const end = Buffer.from(value.buffer, value.byteOffset, value.byteLength).lastIndexOf('\n\n');
        messageBytes = end < 0 ? messageBytes + value.byteLength : value.byteLength - end;
        if (messageBytes > maxMessageBytes) {
          const error = new AgentError(
            'protocol_error',
            `The server sent a message of more than ${maxMessageBytes} bytes.`,
          );
          await reader.cancel(error);
          throw error;
        }
        controller.enqueue(value);
      } catch (error) {
        controller.error(error);
        // The SDK takes a stream that fails for one that broke, and says nothing.
        if (error instanceof AgentError) call?.fail(error);
        else call?.streamEnded();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function withBody({ status, statusText, headers }: Response, body: ReadableStream<Uint8Array<ArrayBuffer>>): Response {
  return new Response(body, { status, statusText, headers });
}
