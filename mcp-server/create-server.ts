// One McpServer with everything this server offers. Called anew for each request or session, so nothing that a caller
// does outlives its request or session.

import { McpServer, type McpServerFactory } from '@modelcontextprotocol/server';
import type { Log } from './log.ts';
import { tools } from './tools/index.ts';

export const SERVER_INFO = { name: 'authorized-mcp-server', title: 'Authorized MCP server', version: '0.1.0' };

export interface ServerFactoryOptions {
  readonly log: Log;
}

/** Builds the factory that serves both generations of the protocol. */
export function createServerFactory({ log }: ServerFactoryOptions): McpServerFactory {
  return () => {
    const server = new McpServer(SERVER_INFO, { capabilities: { tools: {} } });
    for (const register of tools) register(server, log);
    return server;
  };
}
