// The MCP endpoint over real HTTP without the checks in front of it: a token says in plain text whose it is, so that a
// test can be anybody. Offers the conformance fixtures, a guarded tool, and one that waits until it is cancelled.

import { getRequestListener } from '@hono/node-server';
import { type AuthInfo, McpServer, requireScopes } from '@modelcontextprotocol/server';
import { type ChangeFeed, createChangeFeed } from '../../mcp-server/change-feed.ts';
import { registerFixtures } from '../../mcp-server/conformance-fixtures/index.ts';
import { createLog } from '../../mcp-server/log.ts';
import { createMcpEndpoint, type McpEndpoint, type McpEndpointOptions } from '../../mcp-server/mcp-endpoint.ts';
import { createRequestState } from '../../mcp-server/request-state.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { serve } from './ports.ts';

export interface EndpointServer {
  readonly url: string;
  readonly endpoint: McpEndpoint;
  readonly clock: FakeClock;
  readonly changes: ChangeFeed;
  /** Resolves when the tool `wait` has begun, and rejects nothing. */
  readonly waiting: Promise<void>;
  /** Resolves when the tool `wait` has been cancelled. */
  readonly cancelled: Promise<void>;
  close(): Promise<void>;
}

/** Seconds that a token of these tests is good for, by the clock of these tests. */
export const TOKEN_SECONDS = 600;

/** `subject/client/scope`; the scope may be left out. */
export function tokenOf(subject: string, clientId = 'client-1', scope = ''): string {
  return [subject, clientId, scope].join('/');
}

export async function startEndpointServer(
  options: Pick<McpEndpointOptions, 'sessionLimits'> = {},
): Promise<EndpointServer> {
  const clock = createFakeClock();
  const changes = createChangeFeed();
  const requestState = createRequestState();
  const waiting = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const endpoint = createMcpEndpoint({
    factory: () => {
      const server = new McpServer(
        { name: 'endpoint-server', version: '0' },
        { requestState: { verify: requestState.verify } },
      );
      server.registerTool('guarded', { scopeChallenge: requireScopes('use:guarded') }, () => ({ content: [] }));
      server.registerTool('wait', {}, async ({ mcpReq }) => {
        waiting.resolve();
        await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve));
        cancelled.resolve();
        return { content: [] };
      });
      registerFixtures(server, { changes, requestState });
      return server;
    },
    changes,
    clock,
    log: createLog({ sink: { write: () => true } }),
    ...options,
  });
  const listener = getRequestListener(async (request) => {
    const text = request.method === 'POST' ? await request.text() : '';
    return endpoint.handle({
      request,
      authInfo: authInfoOf(request.headers.get('authorization') ?? '', clock.now()),
      parsedBody: text === '' ? undefined : JSON.parse(text),
    });
  });
  const server = await serve((request, response) => void listener(request, response));
  return {
    url: `${server.origin}/mcp`,
    endpoint,
    clock,
    changes,
    waiting: waiting.promise,
    cancelled: cancelled.promise,
    close: async () => {
      await endpoint.close();
      await server.close();
    },
  };
}

function authInfoOf(authorization: string, nowMs: number): AuthInfo {
  const [subject = '', clientId = '', scope = ''] = authorization.replace('Bearer ', '').split('/');
  return {
    token: '',
    clientId,
    scopes: scope.split(' ').filter(Boolean),
    expiresAt: nowMs / 1000 + TOKEN_SECONDS,
    extra: { issuer: 'https://issuer.example', subject },
  };
}
