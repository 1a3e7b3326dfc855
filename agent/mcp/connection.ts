// One live MCP client per server: connect, call, close. Speaks 2026-07-28 and falls back to the 2025 revisions.

import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { findAgentError } from '../auth/discovery.ts';
import type { TokenSource } from '../auth/token-source.ts';
import type { McpServerConfig } from '../config.ts';
import { AgentError } from '../errors.ts';
import { createAuthorizedFetch } from './authorized-fetch.ts';

/** A tool as its server describes it. All of it is the server's word. */
export type McpTool = Awaited<ReturnType<Client['listTools']>>['tools'][number];

export interface ToolCallOptions {
  readonly signal?: AbortSignal;
}

export interface McpConnection {
  readonly name: string;
  readonly url: string;
  /** The protocol revision that was agreed on. */
  readonly protocolVersion: string | undefined;
  listTools(): Promise<readonly McpTool[]>;
  /** @throws {AgentError} what `connect` throws, and `insufficient_scope` */
  callTool(name: string, args: Record<string, unknown>, options?: ToolCallOptions): Promise<CallToolResult>;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /** Who gives tokens when the server asks for one. */
  readonly tokens: TokenSource;
}

const CLIENT_INFO = { name: 'authorized-mcp-agent', version: '0.1.0' };
const TIMEOUTS = { connectMs: 10_000, callMs: 60_000 } as const;

/**
 * Connects to one server. Authorization happens on the way, when the server asks for it.
 *
 * @throws {AgentError} `unreachable`, `login_required`, `untrusted_issuer`, `protocol_error`
 */
export async function connect(server: McpServerConfig, { tokens }: ConnectionOptions): Promise<McpConnection> {
  const client = new Client(CLIENT_INFO, { versionNegotiation: { mode: 'auto' } });
  const transport = new StreamableHTTPClientTransport(new URL(server.url), {
    fetch: createAuthorizedFetch(server.url, tokens),
  });
  try {
    await client.connect(transport, { timeout: TIMEOUTS.connectMs });
  } catch (error) {
    await client.close();
    throw translate(error, server);
  }
  return {
    name: server.name,
    url: server.url,
    protocolVersion: client.getNegotiatedProtocolVersion(),
    listTools: async () => {
      try {
        return await listAllTools(client);
      } catch (error) {
        throw translate(error, server);
      }
    },
    callTool: async (name, args, { signal } = {}) => {
      try {
        return await client.callTool(
          { name, arguments: args },
          { timeout: TIMEOUTS.callMs, ...(signal ? { signal } : {}) },
        );
      } catch (error) {
        signal?.throwIfAborted();
        throw translate(error, server);
      }
    },
    close: () => client.close(),
  };
}

async function listAllTools(client: Client): Promise<McpTool[]> {
  const tools: McpTool[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor });
    tools.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

function translate(error: unknown, { name, url }: McpServerConfig): AgentError {
  return (
    findAgentError(error) ??
    new AgentError(
      'protocol_error',
      `The MCP server ${name} at ${url} answered with an error: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    )
  );
}
