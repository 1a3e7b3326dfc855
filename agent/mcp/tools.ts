// MCP tools → LangChain tools, through the LangChain MCP adapter: which of them are fit for use, what they are called, and the
// schema as the server wrote it. What becomes of one call is in adapter-client.ts.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { RunnableConfig } from '@langchain/core/runnables';
import type { DynamicStructuredTool, StructuredToolInterface } from '@langchain/core/tools';
import { loadMcpTools } from '@langchain/mcp-adapters';
import { isScopeToken } from '../auth/scope-token.ts';
import { AgentError } from '../errors.ts';
import { ANY_ARGUMENTS, type CallRecord, createAdapterClient, explainFailure } from './adapter-client.ts';
import type { McpTool, Progress, ToolConnection } from './connection.ts';
import type { OwnSecrets } from './own-secrets.ts';
import { describeTool, differencesOf, faultOfTool, fingerprintOf, readableSchema } from './tool-description.ts';
import { nameTools } from './tool-names.ts';
import { UncheckedTool } from './unchecked-tool.ts';

/** MCP's tool annotations, as far as approval goes by them. The server's word. */
export interface ToolAnnotations {
  readonly readOnlyHint?: boolean | undefined;
  readonly destructiveHint?: boolean | undefined;
  readonly idempotentHint?: boolean | undefined;
  readonly openWorldHint?: boolean | undefined;
}

/** What a server said about a tool when it was last approved, and what it says now. */
export interface ToolChange {
  readonly before: string;
  readonly after: string;
}

/** A tool that the model may call, and where it comes from. */
export interface LoadedTool {
  /** As the model sees it. */
  readonly name: string;
  readonly server: string;
  /** As its server calls it; default `name`. */
  readonly sourceName?: string;
  readonly description: string;
  /** Scopes that a call needs, where the server says so. */
  readonly scopes: readonly string[];
  readonly annotations: ToolAnnotations;
  /** Hash of name, description, schema and annotations: another one is another tool, whatever it is called. */
  readonly fingerprint: string;
  /** Set when the server describes the tool otherwise than when it was last approved: not to be called before a person has seen it. */
  readonly change: ToolChange | undefined;
  readonly tool: StructuredToolInterface;
}

/** Under this key of `RunnableConfig.configurable`, whoever calls a tool leaves `CallHooks` for that one call. */
export const CALL_HOOKS = 'mcp_call_hooks';

export interface CallHooks {
  /** Sees how far the server says it has got. `message` is the server's word, without hidden characters. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface ToolSource {
  readonly connection: ToolConnection;
  readonly tools: readonly McpTool[];
  /** What has changed about tools, by the name that the server gives them. */
  readonly changes?: ReadonlyMap<string, ToolChange>;
}

export interface LoadOptions {
  /** Calls whose arguments contain one of these are refused. */
  readonly secrets?: OwnSecrets;
  /** Is told of tools that are left out, and why. */
  readonly onNotice?: (text: string) => void;
  /** Names of all servers, those that are not connected as well: no tool may be called like one of theirs. */
  readonly serverNames?: readonly string[];
}

/** Under this key our server's `tools/list` names the scopes of a tool. */
const SCOPES_META_KEY = 'authorized-mcp-agent/scopes';
const LIMITS = {
  structuredChars: 200_000,
  toolsPerServer: 500,
  namedLeftOut: 5,
} as const;

/**
 * Lists and loads the tools of all connections.
 *
 * @throws {AgentError} what `listTools` of a connection throws
 */
export async function loadTools(
  connections: readonly ToolConnection[],
  options: LoadOptions = {},
): Promise<LoadedTool[]> {
  const sources = await Promise.all(
    connections.map(async (connection) => ({ connection, tools: await connection.listTools() })),
  );
  return await adaptTools(sources, options);
}

/** Makes tools of what servers have listed. A name that two servers share is prefixed with the server's name, for both. */
export async function adaptTools(sources: readonly ToolSource[], options: LoadOptions = {}): Promise<LoadedTool[]> {
  const usable = sources.map((source) => ({ ...source, tools: usableTools(source, options) }));
  const names = nameTools(
    usable.flatMap(({ connection, tools }) => tools.map(({ name }) => ({ server: connection.name, name }))),
    options.serverNames,
  ).values();
  const named = usable.map((source) => ({
    source,
    names: new Map(source.tools.map((tool) => [tool.name, names.next().value ?? tool.name])),
  }));
  const loaded = await Promise.all(named.map((entry) => adaptToolsOf(entry.source, entry.names, options)));
  return loaded.flat();
}

function usableTools({ connection, tools }: ToolSource, { onNotice }: LoadOptions): McpTool[] {
  let leftOut = 0;
  const leaveOut = (name: string, reason: string) => {
    leftOut += 1;
    if (leftOut <= LIMITS.namedLeftOut)
      onNotice?.(`The tool ${JSON.stringify(name.slice(0, 80))} of ${connection.name} is left out: ${reason}.`);
    if (leftOut === LIMITS.namedLeftOut + 1) onNotice?.(`More tools of ${connection.name} are left out.`);
    return [];
  };
  const seen = new Set<string>();
  if (tools.length > LIMITS.toolsPerServer)
    onNotice?.(`${connection.name} has ${tools.length} tools; only the first ${LIMITS.toolsPerServer} are used.`);
  return tools.slice(0, LIMITS.toolsPerServer).flatMap((tool) => {
    if (seen.has(tool.name)) return leaveOut(tool.name, 'its server has another one of that name');
    seen.add(tool.name);
    const fault = faultOfTool(tool);
    return fault === undefined ? [tool] : leaveOut(tool.name, fault);
  });
}

async function adaptToolsOf(
  { connection, tools, changes }: ToolSource,
  names: ReadonlyMap<string, string>,
  { secrets }: LoadOptions,
): Promise<LoadedTool[]> {
  const calls = new AsyncLocalStorage<CallRecord>();
  // What `loadMcpTools` takes is the whole class of SDK v1; this is what it uses of it.
  const client = createAdapterClient(connection, tools, calls) as never;
  const adapted = await loadMcpTools(connection.name, client, { throwOnLoadError: true });
  const byName = new Map(adapted.map((inner) => [inner.name, inner]));
  return tools.flatMap((source) => {
    const inner = byName.get(source.name);
    if (!inner) return [];
    const name = names.get(source.name) ?? source.name;
    return [wrap({ connection, source, inner, name, calls, change: changes?.get(source.name), secrets })];
  });
}

interface Wrapping {
  readonly connection: ToolConnection;
  readonly source: McpTool;
  readonly inner: DynamicStructuredTool;
  readonly name: string;
  readonly calls: AsyncLocalStorage<CallRecord>;
  readonly change: ToolChange | undefined;
  readonly secrets: OwnSecrets | undefined;
}

function wrap({ connection, source, inner, name, calls, change, secrets }: Wrapping): LoadedTool {
  const server = connection.name;
  const description = change ? describeChanged(server) : describeTool(server, source);
  const tool = new UncheckedTool({
    name,
    description,
    // Not the adapter's simplified schema: that one drops alternatives and then refuses valid calls.
    schema: change ? ANY_ARGUMENTS : readableSchema(source.inputSchema),
    responseFormat: 'content_and_artifact',
    metadata: { server, annotations: source.annotations },
    func: async (args: Record<string, unknown>, runManager, config) => {
      if (change) throw changedError(server, name, change);
      if (secrets?.isIn(args))
        throw new AgentError(
          'tool_refused',
          `The call of ${name} was not sent to ${server}: its arguments contain a credential of this agent. Ask for what you need without it.`,
        );
      const record: CallRecord = { hooks: hooksOf(config) };
      try {
        const [content] = await calls.run(record, () => inner.func(args, runManager, config));
        return [content, { server, structuredContent: bounded(record.structuredContent) }];
      } catch (error) {
        throw explainFailure(name, error, record);
      }
    },
  });
  const scopes = source._meta?.[SCOPES_META_KEY];
  return {
    name,
    server,
    sourceName: source.name,
    description,
    scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string' && isScopeToken(scope)) : [],
    annotations: source.annotations ?? {},
    fingerprint: fingerprintOf(source),
    change,
    tool,
  };
}

/** The words that changed are not for the model: they may be why they changed. */
function describeChanged(server: string): string {
  return `[${server}] This tool has changed since it was approved. Calls are refused until a person has looked at it.`;
}

function changedError(server: string, name: string, { before, after }: ToolChange): AgentError {
  return new AgentError(
    'tool_refused',
    `${name} was not called: ${server} describes it otherwise than when it was approved (${differencesOf(before, after).join(', ')}). Look at the difference and approve of it: npm run agent -- mcp approve ${server}.${name}`,
  );
}

function hooksOf(config: RunnableConfig | undefined): CallHooks {
  const hooks: unknown = config?.configurable?.[CALL_HOOKS];
  // Whoever sets the key sets it to CallHooks; nobody else knows it.
  return typeof hooks === 'object' && hooks !== null ? (hooks as CallHooks) : {};
}

/** It is kept with the conversation, unlike the text never cut: what is too long is left out. */
function bounded(structuredContent: unknown): unknown {
  if (structuredContent === undefined) return undefined;
  return JSON.stringify(structuredContent).length <= LIMITS.structuredChars ? structuredContent : undefined;
}
