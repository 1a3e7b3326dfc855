// What a tool gets beside its input: who calls, the caller's own notes, and ways to be cancelled, to report progress and
// to log. Neither the token nor the HTTP request is in it, so no tool can pass them on (MCP, "Token Passthrough").

import type { ServerContext } from '@modelcontextprotocol/server';
import { type Caller, callerOf } from '../caller.ts';
import type { Log } from '../log.ts';
import type { Notebook, OwnNotes } from '../notebook/notebook.ts';

export interface ToolContext {
  readonly principal: Caller;
  /** The caller's own notes; there is no way from here to anybody else's. */
  readonly notes: OwnNotes;
  /** Aborted when the client cancels the call or goes away. */
  readonly signal: AbortSignal;
  /** Tells a client that wants to know how far the call is. Values that do not grow are dropped, as the protocol asks. */
  progress(done: number, total?: number, message?: string): Promise<void>;
  /** The server's log; each entry names the tool and the caller. */
  readonly log: Log;
}

export function createToolContext(
  tool: string,
  request: ServerContext,
  { log, notebook }: { readonly log: Log; readonly notebook: Notebook },
): ToolContext {
  const principal = callerOf(request.http?.authInfo);
  return {
    principal,
    notes: notebook.of(principal.owner),
    signal: request.mcpReq.signal,
    progress: createProgress(request),
    log: log.with({
      tool,
      request_id: principal.requestId,
      client_id: principal.clientId,
      subject: principal.subject,
    }),
  };
}

/** @see MCP 2026-07-28, basic/utilities/progress */
function createProgress({ mcpReq }: ServerContext): ToolContext['progress'] {
  const progressToken = mcpReq._meta?.progressToken;
  let last = Number.NEGATIVE_INFINITY;
  return async (done, total, message) => {
    if (progressToken === undefined || done <= last || mcpReq.signal.aborted) return;
    last = done;
    await mcpReq.notify({
      method: 'notifications/progress',
      params: {
        progressToken,
        progress: done,
        ...(total === undefined ? {} : { total }),
        ...(message === undefined ? {} : { message }),
      },
    });
  };
}
