// One McpServer with everything this server offers. Called anew for each request or session, so nothing that a caller
// does outlives its request or session.

import { McpServer, type McpServerFactory, type RequestStateCodec } from '@modelcontextprotocol/server';
import { missingScopes } from './auth/scopes.ts';
import { callerOf } from './caller.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { ToolVisibility } from './config.ts';
import { type Decorator, decorateHandlers, listTools } from './lists.ts';
import type { Log } from './log.ts';
import type { Notebook } from './notebook/notebook.ts';
import { registerNotePrompts, SUMMARIZE_NOTES } from './prompts/notes.ts';
import { createRequestState } from './request-state.ts';
import { announceNotes, listNotes, NOTE_TEMPLATE, registerNoteResources } from './resources/notes.ts';
import { tools } from './tools/index.ts';
import type { RegisterTool } from './tools/tool.ts';
import { createTurns, type TakeTurn } from './turns.ts';

export const SERVER_INFO = { name: 'authorized-mcp-server', title: 'Authorized MCP server', version: '0.1.0' };

/** Adds to one server instance what is not part of the product, such as the fixtures of the conformance suite. */
export type RegisterExtras = (
  server: McpServer,
  parts: { changes: ChangeFeed; requestState: RequestStateCodec },
) => void;

export interface ServerFactoryOptions {
  readonly log: Log;
  readonly changes: ChangeFeed;
  readonly notebook: Notebook;
  /** What `tools/list` shows; default `all`. */
  readonly toolVisibility?: ToolVisibility;
  /** Default: all tools of this server. */
  readonly tools?: readonly RegisterTool[];
  readonly extras?: RegisterExtras | undefined;
}

/** How long a client may keep a list that is the same for everybody, in milliseconds. */
const LIST_TTL_MS = 60_000;
const EVERYBODYS = { ttlMs: LIST_TTL_MS, cacheScope: 'public' } as const;
/** What depends on the token must not be shown to another one, nor outlive a step-up. MCP 2026-07-28, caching */
const CALLERS = { ttlMs: 0, cacheScope: 'private' } as const;

/** Builds the factory that serves both generations of the protocol. */
export function createServerFactory(options: ServerFactoryOptions): McpServerFactory {
  const { log, changes, notebook, toolVisibility = 'all', extras } = options;
  const requestState = createRequestState();
  const services = { log, notebook, requestState };
  const cacheHints = {
    'tools/list': toolVisibility === 'all' ? EVERYBODYS : CALLERS,
    'prompts/list': EVERYBODYS,
    'resources/templates/list': EVERYBODYS,
    'resources/list': CALLERS,
    'resources/read': CALLERS,
    'server/discover': CALLERS,
  };
  const inTurn = takeTurns(createTurns());
  const decorators = {
    'tools/call': inTurn(),
    'tools/list': inTurn(listTools(toolVisibility)),
    'prompts/get': inTurn(),
    'prompts/list': inTurn(),
    'resources/list': inTurn(listNotes(notebook)),
    'resources/read': inTurn(),
    'resources/templates/list': inTurn(),
    'completion/complete': inTurn(completeForReaders),
  };
  announceNotes(notebook, changes);

  return ({ era, authInfo }) => {
    const caller = callerOf(authInfo);
    const server = new McpServer(SERVER_INFO, { cacheHints, requestState: { verify: requestState.verify } });
    // Who may not read notes does not hear of their changes. A session may step up later, so it is told that it could.
    const hears = era === 'legacy' || missingScopes(caller.scopes, ['read:notes']).length === 0;
    server.server.registerCapabilities({
      tools: { listChanged: false },
      prompts: { listChanged: false },
      resources: { subscribe: hears, listChanged: hears },
    });
    decorateHandlers(server, decorators);
    for (const register of options.tools ?? tools) register(server, services);
    registerNoteResources(server, notebook, notebook.of(caller.owner));
    registerNotePrompts(server, notebook, notebook.of(caller.owner));
    extras?.(server, { changes, requestState });
    return server;
  };
}

/** Whatever has work to do waits for its turn, and is not begun when the client has called it off meanwhile. */
function takeTurns(take: TakeTurn): (decorate?: Decorator) => Decorator {
  return (decorate = (inner) => inner) =>
    (inner) => {
      const handle = decorate(inner);
      return async (request, context) => {
        await take(callerOf(context.http?.authInfo).owner);
        context.mcpReq.signal.throwIfAborted();
        return handle(request, context);
      };
    };
}

/** Ids and titles of notes are completed for callers who may read them; for others there is nothing to complete. */
const completeForReaders: Decorator = (inner) => (request, context) => {
  const ref: unknown = request.params?.['ref'];
  const isAboutNotes =
    typeof ref === 'object' &&
    ref !== null &&
    (('uri' in ref && ref.uri === NOTE_TEMPLATE) || ('name' in ref && ref.name === SUMMARIZE_NOTES));
  const mayRead = missingScopes(callerOf(context.http?.authInfo).scopes, ['read:notes']).length === 0;
  return isAboutNotes && !mayRead ? { completion: { values: [] } } : inner(request, context);
};
