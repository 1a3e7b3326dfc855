// An agent for the tests of this folder: two servers, one tool, and whatever a test puts in their place.

import { AgentError } from '../errors.ts';
import type { ServerEvent, ServerStatus, Servers } from '../mcp/servers.ts';
import type { LoadedTool } from '../mcp/tools.ts';
import type { Session } from '../session.ts';
import type { ThreadStore, ThreadSummary } from '../threads/thread-store.ts';
import type { ChatAgent } from './conversation.ts';
import { createScriptedSession } from './fake-terminal.ts';

export type FakeAgent = ChatAgent;

export function createFakeAgent({
  session = createScriptedSession(),
  servers = {},
  threads = [],
}: {
  readonly session?: Session;
  readonly servers?: Partial<Servers>;
  readonly threads?: readonly ThreadSummary[];
} = {}): FakeAgent {
  let label = 'demo';
  return {
    servers: createFakeServers(servers),
    threads: createFakeThreads(threads),
    notices: ['not an LLM'],
    model: () => ({ label, maxInputTokens: undefined }),
    setModel: async (specification, command) => {
      if (specification === 'x') throw new AgentError('invalid_configuration', `${command}: "x" has no provider`);
      label = specification;
      return label;
    },
    startSession: ({ threadId, approval } = {}) => {
      if (approval) session.setApproval(approval);
      return threadId === undefined ? session : { ...session, threadId };
    },
    drawGraph: async () => 'graph TD;\n',
    close: async () => undefined,
  };
}

export function serverStatus(facts: Partial<ServerStatus>): ServerStatus {
  return {
    name: 'local',
    identity: 'local http://127.0.0.1:1/mcp',
    url: 'http://127.0.0.1:1/mcp',
    transport: 'http',
    state: 'connected',
    detail: '',
    protocolVersion: undefined,
    toolCount: 1,
    isTrusted: false,
    login: undefined,
    ...facts,
  };
}

export function loadedTool(facts: Partial<LoadedTool>): LoadedTool {
  const name = facts.name ?? 'add';
  const schema = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] };
  return {
    name,
    server: 'local',
    description: 'Adds.',
    scopes: ['read:add'],
    annotations: {},
    fingerprint: name,
    change: undefined,
    // The chat looks at the schema of a tool and at nothing else of it.
    tool: { schema } as unknown as LoadedTool['tool'],
    ...facts,
  };
}

function createFakeServers(servers: Partial<Servers>): Servers {
  const listeners = new Set<(event: ServerEvent) => void>();
  const far = { name: 'far', url: 'https://far.example/mcp', state: 'needs-login', toolCount: 0 } as const;
  const statuses = [serverStatus({}), serverStatus(far)];
  const statusOf = async (name: string) => statuses.find((one) => one.name === name) ?? serverStatus({ name });
  return {
    statuses: () => statuses,
    tools: () => [loadedTool({})],
    login: statusOf,
    logout: statusOf,
    reconnect: statusOf,
    acceptTool: async () => undefined,
    resources: async () => [],
    readResource: async () => '',
    prompts: async () => [],
    getPrompt: async () => '',
    complete: async () => [],
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => undefined,
    ...servers,
  };
}

function createFakeThreads(threads: readonly ThreadSummary[]): ThreadStore {
  const kept = [...threads];
  return {
    // Only the graph looks at it.
    saver: undefined as unknown as ThreadStore['saver'],
    list: async (limit = kept.length) => kept.slice(0, limit),
    find: async (id) => {
      const found = kept.filter((thread) => thread.id.startsWith(id));
      return found.length === 1 ? found[0] : undefined;
    },
    messages: async () => [],
    recordTurn: async () => undefined,
    takeTurn: async () => async () => undefined,
    delete: async (id) => {
      kept.splice(
        kept.findIndex((thread) => thread.id === id),
        1,
      );
    },
    close: async () => undefined,
  };
}
