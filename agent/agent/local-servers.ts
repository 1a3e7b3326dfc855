// The servers of an agent over connections that are made once, in parallel; one that does not come up does not stop the
// others.

import { AgentError, type AgentErrorCode } from '../errors.ts';
import type { McpConnection } from '../mcp/connection.ts';
import type { ServerState, ServerStatus, Servers } from '../mcp/servers.ts';
import { loadTools } from '../mcp/tools.ts';

/** A server to connect. */
export interface ServerToConnect {
  readonly name: string;
  readonly url: string;
  readonly connect: () => Promise<McpConnection>;
}

export interface StartedServers extends Servers {
  /** Why the server is not connected: its code decides the exit code of a command that needs it. */
  failureOf(server: string): AgentError | undefined;
}

const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'];

const STATES: Partial<Record<AgentErrorCode, ServerState>> = {
  login_required: 'needs-login',
  insufficient_scope: 'needs-scope',
  unreachable: 'unreachable',
};

export async function connectServers(wanted: readonly ServerToConnect[]): Promise<StartedServers> {
  const failures = new Map<string, AgentError>();
  const attempts = await Promise.all(
    wanted.map(async ({ name, connect }) => {
      try {
        return await connect();
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        failures.set(name, error);
        return [];
      }
    }),
  );
  const connections = attempts.flat();
  const tools = await loadTools(connections);
  const statusOf = ({ name, url }: ServerToConnect): ServerStatus => {
    const failure = failures.get(name);
    const connection = connections.find((one) => one.name === name);
    return {
      name,
      url,
      transport: 'http',
      state: failure ? (STATES[failure.code] ?? 'error') : 'connected',
      detail: failure?.message ?? '',
      protocolVersion: connection?.protocolVersion,
      toolCount: tools.filter(({ server }) => server === name).length,
      isTrusted: LOOPBACK_HOSTNAMES.includes(new URL(url).hostname),
      login: undefined,
    };
  };
  const statuses = wanted.map(statusOf);
  const refuse = async (): Promise<never> => {
    throw new AgentError('usage', 'This server cannot do that.');
  };
  return {
    statuses: () => statuses,
    tools: () => tools,
    failureOf: (name) => failures.get(name),
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
