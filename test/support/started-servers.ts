// Servers as the agent starts them, for tests of what they do to it: scripted ones, calls of their tools, and news of them.
// All end with the test that started them.

import assert from 'node:assert/strict';
import { parseConfig } from '../../agent/config.ts';
import { createServers, type ServerEvent, type ServersOptions, type StartedServers } from '../../agent/mcp/servers.ts';
import type { McpServerConfig } from '../../agent/mcp-file.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-mcp-server.ts';

export type StartOptions = Partial<ServersOptions['config']> & Omit<Partial<ServersOptions>, 'config'>;

/** @param always holds for every start, where the start itself says nothing else */
export function createServersOfTests(always: StartOptions = {}) {
  /** Run backwards after each test; a test may add to it. */
  const cleanups: (() => Promise<unknown>)[] = [];
  return {
    cleanups,
    cleanUp: async () => {
      for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
    },
    scripted: async (tools?: Record<string, unknown>[]): Promise<ScriptedServer> => {
      const server = await startScriptedServer();
      cleanups.push(server.stop);
      if (tools) server.tools = tools;
      return server;
    },
    started: async (servers: readonly McpServerConfig[], options: StartOptions = {}): Promise<StartedServers> => {
      const {
        credential = { kind: 'bearer', token: 'unused-token-of-this-test' },
        environment = {},
        ...rest
      } = {
        ...always,
        ...options,
      };
      const { trustsMcpFile = false, ...others } = rest;
      const defaults = parseConfig({ MCP_SERVER_URL: 'http://localhost:1/mcp', TOKEN_STORE: 'none' });
      const result = await createServers({
        config: { ...defaults, servers, credential, environment, trustsMcpFile },
        ...others,
      });
      cleanups.push(result.close);
      return result;
    },
  };
}

/** Calls a tool by the name that the model knows. */
export async function callTool(servers: StartedServers, name: string, args = {}, configurable = {}) {
  const tool = servers.tools().find((candidate) => candidate.name === name)?.tool;
  assert.ok(tool, `${name} is none of ${servers.tools().map((one) => one.name)}`);
  return await tool.invoke({ type: 'tool_call', id: '1', name, args }, { configurable });
}

/** The next event that is the one. */
export function nextEvent(servers: StartedServers, isIt: (event: ServerEvent) => boolean): Promise<ServerEvent> {
  return new Promise((resolve) => {
    const end = servers.subscribe((event) => {
      if (!isIt(event)) return;
      end();
      resolve(event);
    });
  });
}
