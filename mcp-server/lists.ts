// What lists show: `tools/list` in pages and, where the operator wants it, only what the token may call. The SDK builds
// its lists whole and for everybody; this file stands between them and the wire.

import {
  type ListToolsResult,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import { isScope, missingScopes, SCOPES_META_KEY } from './auth/scopes.ts';
import { callerOf } from './caller.ts';
import type { ToolVisibility } from './config.ts';

/** Entries of one page; a client that asks for no cursor gets the first. */
export const PAGE_SIZE = 50;

/** A request handler as the SDK calls it. */
type Handler<Result = unknown> = (
  request: { readonly params?: Readonly<Record<string, unknown>> },
  context: ServerContext,
) => Result | Promise<Result>;

/** Takes the SDK's handler of a method and returns the one to use. */
export type Decorator = (inner: Handler) => Handler;

/**
 * Puts `decorators` around the handlers that are set from now on, whoever sets them: the SDK does when the first tool,
 * resource or prompt is registered. To be called before that. It has no seam of its own for a list in pages, and
 * replacing its handlers would lose what others register.
 */
export function decorateHandlers(server: McpServer, decorators: Readonly<Record<string, Decorator>>): void {
  const protocol = server.server;
  const set: (method: string, ...rest: unknown[]) => void = protocol.setRequestHandler.bind(protocol) as never;
  const decorated = (method: string, ...rest: unknown[]) => {
    const [handler] = rest;
    const decorate = Object.hasOwn(decorators, method) ? decorators[method] : undefined;
    // A spec method's handler comes as the one argument; anything else goes through as it is.
    if (decorate && rest.length === 1 && isHandler(handler)) set(method, decorate(handler));
    else set(method, ...rest);
  };
  // Same parameters as the overloaded original, which it calls.
  protocol.setRequestHandler = decorated as typeof protocol.setRequestHandler;
}

/** `tools/list` in pages; with `granted` without the tools whose scopes the token lacks, which stay callable by step-up. */
export function listTools(visibility: ToolVisibility, pageSize = PAGE_SIZE): Decorator {
  return (inner) => async (request, context) => {
    // The SDK's own handler of `tools/list`, hence its result.
    const { tools } = (await inner(request, context)) as ListToolsResult;
    const { scopes } = callerOf(context.http?.authInfo);
    const visible = visibility === 'all' ? tools : tools.filter((tool) => isGranted(tool, scopes));
    const { page, nextCursor } = paginate(visible, ({ name }) => name, request.params?.['cursor'], pageSize);
    return { tools: page, ...(nextCursor === undefined ? {} : { nextCursor }) };
  };
}

/**
 * One page of `entries`, in their order. A cursor names the last entry of the page before; a list that has changed since
 * goes on behind that entry.
 *
 * @throws {ProtocolError} -32602 for a cursor that is not ours, or whose entry is gone
 */
export function paginate<Entry>(
  entries: readonly Entry[],
  nameOf: (entry: Entry) => string,
  cursor: unknown,
  pageSize = PAGE_SIZE,
): { readonly page: Entry[]; readonly nextCursor: string | undefined } {
  const after = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString('utf8') : undefined;
  const start = after === undefined ? 0 : entries.findIndex((entry) => nameOf(entry) === after) + 1;
  if (cursor !== undefined && start === 0) throw invalidCursor();
  const page = entries.slice(start, start + pageSize);
  const last = page.at(-1);
  const isLastPage = last === undefined || start + pageSize >= entries.length;
  return { page, nextCursor: isLastPage ? undefined : Buffer.from(nameOf(last)).toString('base64url') };
}

export function invalidCursor(): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, 'The cursor is not one of this list; start without one');
}

function isGranted(tool: Tool, granted: readonly string[]): boolean {
  const needed = tool._meta?.[SCOPES_META_KEY];
  return !Array.isArray(needed) || missingScopes(granted, needed.filter(isScope)).length === 0;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}
