// A model provider on loopback: real HTTP, one vendor's wire format, and a script that says what to answer. Whatever the
// vendor would refuse is refused, and remembered for the test to look at.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Environment } from '../../agent/models/provider.ts';
import type { ReceivedRequest, Refusal, Reply, WireFormat } from './wire-format.ts';

/** What happens instead of an answer. */
export type Fault =
  | { readonly fault: 'rate-limit'; readonly retryAfterSeconds: number }
  | { readonly fault: 'server-error' }
  /** The connection breaks in the middle of an event, after the answer has begun. */
  | { readonly fault: 'broken-stream'; readonly reply: Reply }
  /** The answer ends before its end, and the connection as if nothing were wrong. */
  | { readonly fault: 'cut-short'; readonly reply: Reply }
  /** The request is taken and never answered. */
  | { readonly fault: 'hang' }
  /** The answer begins and never goes on. */
  | { readonly fault: 'stall'; readonly reply: Reply };

export type Step = Reply | Fault;

export interface ProviderDouble {
  readonly origin: string;
  readonly environment: Environment;
  readonly requests: readonly ReceivedRequest[];
  readonly refusals: readonly Refusal[];
  /** Steps that nobody has asked for yet. */
  readonly remaining: () => number;
  /** Resolves when a step that never ends has been reached. */
  readonly waiting: Promise<void>;
  /** Resolves when the client has given up on a step that never ends. */
  readonly abandoned: Promise<void>;
  close(): Promise<void>;
}

/** Starts a double that takes the steps one request at a time; a refused request uses up none. */
export async function startDouble(format: WireFormat, steps: readonly Step[]): Promise<ProviderDouble> {
  const requests: ReceivedRequest[] = [];
  const refusals: Refusal[] = [];
  const waiting = Promise.withResolvers<void>();
  const abandoned = Promise.withResolvers<void>();
  let taken = 0;

  const answer = async (message: IncomingMessage, response: ServerResponse) => {
    const request = await receive(message);
    requests.push(request);
    const refusal = format.check(request) ?? (taken < steps.length ? undefined : OUT_OF_STEPS);
    if (refusal) {
      refusals.push(refusal);
      // Whoever waits for a later step would wait for ever.
      waiting.resolve();
      abandoned.resolve();
      return sendJson(response, refusal.status, format.error(refusal.status, refusal.message));
    }
    const step = steps[taken] ?? {};
    taken += 1;
    if (!('fault' in step)) return sendPieces(response, format, format.stream(step, taken)).end();
    switch (step.fault) {
      case 'rate-limit':
        return refuseForNow(response, format, step.retryAfterSeconds);
      case 'server-error':
        return sendJson(response, 500, format.error(500, 'The server had an error.'));
      case 'broken-stream':
        return breakOff(response, format, format.stream(step.reply, taken));
      case 'cut-short':
        return sendPieces(response, format, format.stream(step.reply, taken).slice(0, 4)).end();
      case 'stall':
        sendPieces(response, format, format.stream(step.reply, taken).slice(0, 3));
        break;
      case 'hang':
        break;
    }
    response.once('close', abandoned.resolve);
    waiting.resolve();
  };

  const server = createServer((message, response) => {
    answer(message, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // The address of a listening TCP server is never a string.
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    environment: format.environment(origin),
    requests,
    refusals,
    remaining: () => steps.length - taken,
    waiting: waiting.promise,
    abandoned: abandoned.promise,
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

type Pieces = ReturnType<WireFormat['stream']>;

const OUT_OF_STEPS: Refusal = { status: 400, message: 'The script of this double has no further step.' };

async function receive(message: IncomingMessage): Promise<ReceivedRequest> {
  let text = '';
  for await (const chunk of message) text += chunk;
  return {
    method: message.method ?? '',
    path: message.url ?? '',
    headers: message.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function sendPieces(response: ServerResponse, format: WireFormat, pieces: Pieces): ServerResponse {
  response.writeHead(200, { 'content-type': format.contentType });
  for (const piece of pieces) response.write(piece);
  return response;
}

function refuseForNow(response: ServerResponse, format: WireFormat, seconds: number): void {
  const { headers, body } = format.retryLater?.(seconds) ?? {
    headers: { 'retry-after': String(seconds) },
    body: format.error(429, 'Rate limit reached.'),
  };
  sendJson(response, 429, body, headers);
}

/** Sends most of an answer, cuts the next event in two, and then the connection once the client can have read it. */
function breakOff(response: ServerResponse, format: WireFormat, pieces: Pieces): void {
  const next = pieces[3] ?? '';
  sendPieces(response, format, pieces.slice(0, 3)).write(next.slice(0, next.length / 2), () => {
    setImmediate(() => response.destroy());
  });
}
