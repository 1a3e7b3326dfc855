// The MCP endpoint behind the gate: takes an admitted request with its parsed body, and answers it in the generation of
// the protocol that the client speaks.

import { type AuthInfo, createMcpHandler, type McpServerFactory } from '@modelcontextprotocol/server';
import type { Log } from './log.ts';

export interface AdmittedRequest {
  readonly request: Request;
  readonly authInfo: AuthInfo;
  /** `undefined` when there is none, or it is not JSON by its media type. */
  readonly parsedBody: unknown;
}

export interface McpEndpoint {
  handle(admitted: AdmittedRequest): Promise<Response>;
  /** Ends exchanges in flight. */
  close(): Promise<void>;
}

export function createMcpEndpoint(factory: McpServerFactory, log: Log): McpEndpoint {
  const handler = createMcpHandler(factory, {
    onerror: (error) => log.warn('mcp-request-rejected', { error }),
  });
  return {
    handle: ({ request, authInfo, parsedBody }) =>
      handler.fetch(request, { authInfo, ...(parsedBody === undefined ? {} : { parsedBody }) }),
    close: () => handler.close(),
  };
}
