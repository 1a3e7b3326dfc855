// An MCP server that does what a test says, down to the bytes: forgets sessions, breaks off in the middle of an answer,
// comes back on the same port, lies about its tools. Speaks as much of the protocol as that takes. Imports neither half.

import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';

export type Era = 'legacy' | 'modern';

export interface ScriptedCall {
  readonly id: number;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, unknown>>;
  /** Answers with a JSON body. */
  answer(result: Record<string, unknown>): void;
  /** Answers with headers and bytes. */
  answerWith(headers: Readonly<Record<string, string>>, body: Uint8Array | string): void;
  /** Answers with a status and a text. */
  refuse(status: number, text?: string): void;
  /** Begins an event stream; the head goes out at once. */
  stream(): void;
  /** Sends a message on the stream, with an id if the stream is to be resumable. */
  send(message: Record<string, unknown>, eventId?: string): void;
  /** Sends the answer on the stream and ends it. */
  finish(result: Record<string, unknown>): void;
  /** Ends the stream without an answer. */
  end(): void;
  /** Cuts the connection. */
  cut(): void;
  /** Resolves when the client has gone. */
  readonly gone: Promise<unknown>;
}

export interface Refusal {
  readonly status: 401 | 403;
  /** `WWW-Authenticate`. */
  readonly challenge: string;
}

export interface ScriptedServer {
  readonly url: string;
  /** JSON-RPC methods and HTTP verbs as they came in, but for `notifications/…`; sessions that are not known are left out. */
  readonly seen: string[];
  /** Names of events: `notifications/…`, `tools/call`, `GET` with the last event id, `DELETE`; and `response`, with what the client answered. */
  readonly events: EventEmitter;
  readonly sessions: Set<string>;
  tools: Record<string, unknown>[];
  /** What answers `tools/list`, `"result":…` or `"error":…` as JSON text, where it cannot be made of values; default `tools`. */
  listText: string | undefined;
  /** Looks at the token of every request, and says how it is refused; default: everybody is welcome. */
  guard: (token: string | undefined, method: string) => Refusal | undefined;
  /** Protected-resource metadata, at its well-known address; default none. */
  resourceMetadata: Record<string, unknown> | undefined;
  /** How far ahead its clock is, by the `Date` of its metadata. */
  clockSkewMs: number;
  onCall: (call: ScriptedCall) => void;
  /** Sends a message on the streams that clients opened with GET. */
  announce(message: Record<string, unknown>): void;
  cutOwnStreams(): void;
  /** Cuts all connections and stops listening; a later `start` comes back on the same port, without the sessions. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export const ECHO_TOOL = { name: 'echo', description: 'Says it again.', inputSchema: { type: 'object' } };

export interface ScriptedOptions {
  readonly era?: Era;
  readonly capabilities?: Record<string, unknown>;
  /** Whether clients may open a stream of their own. Default: for `legacy`. */
  readonly hasOwnStream?: boolean;
  /** What a session that is not known is answered with. Default 404. */
  readonly unknownSession?: { readonly status: number; readonly text: string };
}

export async function startScriptedServer(options: ScriptedOptions = {}): Promise<ScriptedServer> {
  const { era = 'legacy', capabilities = { tools: { listChanged: true } } } = options;
  const { hasOwnStream = era === 'legacy', unknownSession = { status: 404, text: 'Session not found' } } = options;
  const seen: string[] = [];
  const events = new EventEmitter();
  const sessions = new Set<string>();
  const ownStreams = new Set<ServerResponse>();
  let port = 0;
  let http: Server | undefined;

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/.well-known/oauth-protected-resource/mcp' && server.resourceMetadata) {
      const date = new Date(Date.now() + server.clockSkewMs).toUTCString();
      response.writeHead(200, { 'content-type': 'application/json', date });
      response.end(JSON.stringify(server.resourceMetadata));
      return;
    }
    const body = Buffer.concat(await request.toArray()).toString();
    const message = body === '' ? {} : JSON.parse(body);
    const token = request.headers.authorization?.replace('Bearer ', '');
    const refusal = server.guard(token, message.method ?? request.method);
    if (refusal) {
      response.writeHead(refusal.status, { 'www-authenticate': refusal.challenge }).end();
      return;
    }
    const session = request.headers['mcp-session-id'];
    if (era === 'legacy' && session !== undefined && !sessions.has(String(session))) {
      response.writeHead(unknownSession.status, { 'content-type': 'text/plain' }).end(unknownSession.text);
      return;
    }
    if (request.method !== 'POST') {
      seen.push(request.method ?? '');
      if (request.method === 'DELETE') {
        sessions.delete(String(session));
        response.writeHead(200).end();
      } else if (hasOwnStream) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
        ownStreams.add(response);
        response.on('close', () => ownStreams.delete(response));
      } else response.writeHead(405).end();
      events.emit(request.method ?? '', request.headers['last-event-id']);
      return;
    }
    if (message.method === undefined) {
      events.emit('response', message);
      response.writeHead(202).end();
      return;
    }
    if (message.id === undefined) {
      events.emit(message.method, message.params);
      response.writeHead(202).end();
      return;
    }
    seen.push(message.method);
    const result = (value: Record<string, unknown>) => ({
      jsonrpc: '2.0',
      id: message.id,
      result: era === 'modern' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...value } : value,
    });
    const json = (value: Record<string, unknown>, headers: Record<string, string> = {}) =>
      response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(result(value)));
    switch (message.method) {
      case 'initialize': {
        if (era === 'modern') break;
        const id = crypto.randomUUID();
        sessions.add(id);
        json(
          { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'scripted', version: '0' } },
          { 'mcp-session-id': id },
        );
        return;
      }
      case 'server/discover':
        if (era === 'legacy') break;
        json({ supportedVersions: ['2026-07-28'], capabilities });
        return;
      case 'tools/list':
        if (server.listText === undefined) json({ tools: server.tools });
        else
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(`{"jsonrpc":"2.0","id":${message.id},${server.listText}}`);
        return;
      case 'ping':
        json({});
        return;
      case 'tools/call': {
        const write = (part: unknown, eventId?: string) =>
          response.write(`${eventId === undefined ? '' : `id: ${eventId}\n`}data: ${JSON.stringify(part)}\n\n`);
        const call: ScriptedCall = {
          id: message.id,
          name: message.params.name,
          args: message.params.arguments ?? {},
          meta: message.params._meta ?? {},
          params: message.params,
          answer: json,
          answerWith: (headers, part) => void response.writeHead(200, headers).end(part),
          refuse: (status, text = '') => void response.writeHead(status, { 'content-type': 'text/plain' }).end(text),
          stream: () => {
            response.writeHead(200, { 'content-type': 'text/event-stream' });
            response.flushHeaders();
          },
          send: (part, eventId) => void write({ jsonrpc: '2.0', ...part }, eventId),
          finish: (value) => {
            write(result(value));
            response.end();
          },
          end: () => void response.end(),
          // After what was sent has left.
          cut: () =>
            void (response.headersSent ? response.write(':\n\n', () => response.destroy()) : response.destroy()),
          gone: once(response, 'close'),
        };
        events.emit('tools/call', call);
        server.onCall(call);
        return;
      }
    }
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'Method not found' } }));
  };

  const server: ScriptedServer = {
    get url() {
      return `http://127.0.0.1:${port}/mcp`;
    },
    seen,
    events,
    sessions,
    tools: [ECHO_TOOL],
    listText: undefined,
    guard: () => undefined,
    resourceMetadata: undefined,
    clockSkewMs: 0,
    onCall: (call) => call.answer({ content: [{ type: 'text', text: String(call.args['text'] ?? '') }] }),
    announce: (message) => {
      for (const stream of ownStreams) stream.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
    },
    cutOwnStreams: () => {
      for (const stream of ownStreams) stream.destroy();
    },
    stop: async () => {
      const stopping = http;
      http = undefined;
      sessions.clear();
      if (!stopping) return;
      stopping.closeAllConnections();
      await once(stopping.close(), 'close');
      // Clients in this process are to learn of it before the next request, as they do when a person is in between.
      for (let turn = 0; turn < 5; turn += 1) await setImmediate();
    },
    start: async () => {
      http = createServer((request, response) => void handle(request, response));
      await once(http.listen(port, '127.0.0.1'), 'listening');
      port = (http.address() as AddressInfo).port;
    },
  };
  await server.start();
  return server;
}

/** The text of a tool's result. */
export function textOf(result: { readonly content: readonly unknown[] }): string {
  return result.content
    .map((block) => (typeof block === 'object' && block !== null && 'text' in block ? String(block.text) : ''))
    .join('\n');
}
