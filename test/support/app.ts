// The MCP server as request → response, with tokens that name subject and scopes: `alice.read~notes` is alice's and holds
// `read:notes`. Notes are kept in memory, and every log entry is there to be read.

import { EventEmitter, once } from 'node:events';
import * as z from 'zod';
import { createApp } from '../../mcp-server/app.ts';
import type { Principal, Verdict } from '../../mcp-server/auth/principal.ts';
import type { Scope } from '../../mcp-server/auth/scopes.ts';
import { type Environment, parseConfig } from '../../mcp-server/config.ts';
import { createLog } from '../../mcp-server/log.ts';
import { openNotebook } from '../../mcp-server/notebook/notebook.ts';
import { IN_MEMORY } from '../../mcp-server/notebook/store.ts';
import { defineTool, type ToolContext } from '../../mcp-server/tools/tool.ts';

/** Holds every scope there is. */
export const ALICE = 'alice.read~add.read~notes.write~notes.delete~notes';
export const BOB = 'bob.read~add.read~notes.write~notes.delete~notes';

export interface SendOptions {
  readonly token?: string;
  /** `modern` is 2026-07-28; `legacy` a call of an earlier revision without a session. Default `modern`. */
  readonly era?: 'modern' | 'legacy';
  readonly capabilities?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Adds tools beside those of the server. */
export type AddTools = (
  add: (tool: {
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly run: (context: ToolContext) => Record<string, unknown>;
  }) => void,
) => void;

/** @param judge what becomes of a token; default: it is good, and says whose it is and what it holds */
export function createTestApp(
  environment: Environment = {},
  judge: (token: string) => Promise<Verdict> = verify,
  addTools: AddTools = () => undefined,
) {
  let logText = '';
  const logged = new EventEmitter();
  const sink = {
    write: (line: string) => {
      logText += line;
      return logged.emit(JSON.parse(line).event);
    },
  };
  const notebook = openNotebook({ file: IN_MEMORY });
  const log = createLog({ level: 'debug', sink });
  const app = createApp({
    config: parseConfig({ RATE_LIMIT_PER_MINUTE: '100000', ...environment }),
    verify: judge,
    log,
    notebook,
    extras: (server, { requestState }) =>
      addTools(({ name, scopes, run }) =>
        defineTool({
          name,
          title: name,
          description: name,
          scopes,
          annotations: {},
          inputSchema: z.object({}),
          outputSchema: z.looseObject({}),
          run: (_input, context) => run(context),
          text: () => '',
        })(server, { log, notebook, requestState }),
      ),
  });
  const send = async (method: string, params: Record<string, unknown> = {}, options: SendOptions = {}) =>
    app.fetch(buildRequest(method, params, options));
  /** The answer itself, after whatever came before it on the stream. */
  const ask = async (method: string, params?: Record<string, unknown>, options?: SendOptions) =>
    (await messagesOf(await send(method, params, options))).at(-1) ?? {};
  return {
    app,
    notebook,
    send,
    ask,
    /** The result of `tools/call`. */
    call: async (name: string, args: Record<string, unknown>, options?: SendOptions) =>
      (await ask('tools/call', { name, arguments: args }, options)).result,
    /** Resolves at the next log entry of that event. */
    nextLogged: (event: string): Promise<unknown> => once(logged, event),
    log: () =>
      logText
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    logText: () => logText,
  };
}

export function buildRequest(method: string, params: Record<string, unknown>, options: SendOptions = {}): Request {
  const { token = ALICE, era = 'modern', capabilities = {}, headers = {}, signal } = options;
  const { _meta, ...rest } = params;
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  const name = params['name'] ?? params['uri'];
  const modern = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  };
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method,
    params: { ...rest, _meta: { ...(era === 'modern' ? meta : {}), ...(_meta as object | undefined) } },
  };
  return new Request('http://localhost:8000/mcp', {
    method: 'POST',
    headers: {
      host: 'localhost:8000',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(era === 'modern' ? modern : {}),
      ...headers,
    },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

/** Every message of an answer, be it JSON or a stream that ends. */
export async function messagesOf(response: Response) {
  const messages = [];
  for await (const message of readMessages(response)) messages.push(message);
  return messages;
}

/** The messages of an answer as they come, each the JSON that it is; leaving the loop cancels the stream. */
export async function* readMessages(response: Response) {
  if (!/^text\/event-stream/.test(response.headers.get('content-type') ?? '')) {
    const text = await response.text();
    if (text !== '') yield JSON.parse(text);
    return;
  }
  let buffered = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = `${buffered}${chunk}`.split('\n\n');
    buffered = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.+)$/m.exec(event)?.[1];
      if (data) yield JSON.parse(data);
    }
  }
}

/** Takes every token for good. */
export async function verify(token: string): Promise<Verdict> {
  const [subject = '', ...scopes] = token.replaceAll('~', ':').split('.');
  const principal = {
    issuer: 'https://issuer.example',
    subject,
    clientId: `${subject}-client`,
    scopes,
    expiresAt: 4e9,
  };
  // Only a check makes principals; a test of what comes after it has to pretend.
  return { ok: true, principal: { ...principal, tokenId: undefined } as unknown as Principal };
}
