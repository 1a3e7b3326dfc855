// Fetch as a connection uses it: sees streams end that may carry the answer to a call, and does not read more than a server
// may reasonably send in one message.

import { AgentError } from '../errors.ts';
import { type CallWatch, currentCall } from './call-watch.ts';

type TransportFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** A message larger than this is no tool result; the SDK would hold all of it in memory several times. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** All that comes in the course of one call: pages of a list, rounds of questions, news of how far it is. */
const MAX_CALL_BYTES = 4 * MAX_MESSAGE_BYTES;

/** As lines of an event stream may end. */
const BLANK_LINES = ['\n\n', '\r\r', '\r\n\r\n'];

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
    if (isStream) return withBody(response, watchBody(body, call, maxMessageBytes, true));
    // The stream was to be taken up again, and is not: the SDK tries once more or gives up without a word.
    if (init?.method === 'GET') call?.streamEnded();
    // Whatever its length is said to be: what was compressed may become a thousand times as much.
    return body === null ? response : withBody(response, watchBody(body, call, maxMessageBytes));
  };
}

function watchBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  call: CallWatch | undefined,
  maxMessageBytes: number,
  isStream = false,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let messageBytes = 0;
  /** The last bytes, since a blank line may come in two pieces. */
  let tail = '';
  return new ReadableStream({
    pull: async (controller) => {
      try {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          if (isStream) call?.streamEnded();
          return;
        }
        // A blank line ends an event, whichever way its lines end; what follows belongs to the next one.
        const piece = tail + Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
        const end = isStream ? Math.max(...BLANK_LINES.map((blank) => piece.lastIndexOf(blank))) : -1;
        messageBytes = end < 0 ? messageBytes + value.byteLength : piece.length - end;
        tail = piece.slice(-3);
        const isTooMuch = (call?.received(value.byteLength) ?? 0) > MAX_CALL_BYTES;
        if (messageBytes > maxMessageBytes || isTooMuch) {
          const error = new AgentError(
            'protocol_error',
            isTooMuch
              ? `The server sent more than ${MAX_CALL_BYTES} bytes in answer to one request.`
              : `The server sent a message of more than ${maxMessageBytes} bytes.`,
          );
          await reader.cancel(error);
          throw error;
        }
        controller.enqueue(value);
      } catch (error) {
        controller.error(error);
        // The SDK takes a stream that fails for one that broke, and says nothing.
        if (error instanceof AgentError) call?.fail(error);
        else if (isStream) call?.streamEnded();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function withBody({ status, statusText, headers }: Response, body: ReadableStream<Uint8Array<ArrayBuffer>>): Response {
  return new Response(body, { status, statusText, headers });
}
