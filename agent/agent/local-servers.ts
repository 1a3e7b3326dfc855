// The servers of an agent over connections that are made once.

import { AgentError } from '../errors.ts';
import type { McpConnection } from '../mcp/connection.ts';
import type { ServerStatus, Servers } from '../mcp/servers.ts';
import { loadTools } from '../mcp/tools.ts';

const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'];

export async function createConnectedServers(connections: readonly McpConnection[]): Promise<Servers> {
  const tools = await loadTools(connections);
  const statuses = connections.map(
    ({ name, url, protocolVersion }): ServerStatus => ({
      name,
      url,
      transport: 'http',
      state: 'connected',
      detail: '',
      protocolVersion,
      toolCount: tools.filter(({ server }) => server === name).length,
      isTrusted: LOOPBACK_HOSTNAMES.includes(new URL(url).hostname),
      login: undefined,
    }),
  );
  const refuse = async (): Promise<never> => {
    throw new AgentError('usage', 'This server cannot do that.');
  };
  return {
    statuses: () => statuses,
    tools: () => tools,
    login: refuse,
    logout: refuse,
    reconnect: refuse,
    acceptTool: async () => undefined,
    resources: async () => [],
    readResource: refuse,
    prompts: async () => [],
    getPrompt: refuse,
    complete: async () => [],
    subscribe: () => () => undefined,
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}
