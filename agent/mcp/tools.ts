// MCP tools → LangChain tools, through the LangChain MCP adapter. What the adapter would lose is kept beside it: the
// schema as the server wrote it, typed errors, and structured content once instead of twice.

import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { DynamicStructuredTool, type StructuredToolInterface } from '@langchain/core/tools';
import { loadMcpTools } from '@langchain/mcp-adapters';
import { AgentError } from '../errors.ts';
import type { McpConnection, McpTool } from './connection.ts';

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
  readonly description: string;
  /** Scopes that a call needs, where the server says so. */
  readonly scopes: readonly string[];
  readonly annotations: ToolAnnotations;
  /** Hash of name, description and schema: another one is another tool, whatever it is called. */
  readonly fingerprint: string;
  /** Set when the server describes the tool otherwise than when it was last approved: not to be called before a person has seen it. */
  readonly change: ToolChange | undefined;
  readonly tool: StructuredToolInterface;
}

/** What the adapter does not hand through: filled while one call runs. */
interface CallRecord {
  failure?: unknown;
  structuredContent?: unknown;
}

/** Under this key our server's `tools/list` names the scopes of a tool. */
const SCOPES_META_KEY = 'authorized-mcp-agent/scopes';

/**
 * Loads the tools of all connections. A name that two servers share is prefixed with the server's name, for both.
 *
 * @throws {AgentError} what `listTools` of a connection throws
 */
export async function loadTools(connections: readonly McpConnection[]): Promise<LoadedTool[]> {
  const loaded = await Promise.all(connections.map(loadToolsOf));
  const all = loaded.flat();
  const count = new Map<string, number>();
  for (const { name } of all) count.set(name, (count.get(name) ?? 0) + 1);
  return all.map((entry) =>
    (count.get(entry.name) ?? 0) > 1 ? rename(entry, `${entry.server}__${entry.name}`) : entry,
  );
}

async function loadToolsOf(connection: McpConnection): Promise<LoadedTool[]> {
  const described = await connection.listTools();
  const calls = new AsyncLocalStorage<CallRecord>();
  const adapted = await loadMcpTools(connection.name, clientFor(connection, described, calls) as never, {
    throwOnLoadError: true,
  });
  return adapted.flatMap((inner) => {
    const source = described.find((tool) => tool.name === inner.name);
    return source ? [wrap(connection.name, source, inner, calls)] : [];
  });
}

/**
 * What `loadMcpTools` needs of a client. It is written for SDK v1, whose `callTool` takes a result schema in second
 * place; passing a v2 client as it is would drop timeout and signal without a word.
 */
function clientFor(connection: McpConnection, described: readonly McpTool[], calls: AsyncLocalStorage<CallRecord>) {
  return {
    // The adapter fills in missing `properties`; it gets copies.
    listTools: async () => ({ tools: structuredClone(described) }),
    callTool: async (
      { name, arguments: args }: { name: string; arguments: Record<string, unknown> },
      _resultSchema: unknown,
      options: { signal?: AbortSignal } = {},
    ) => {
      const record = calls.getStore();
      try {
        const { structuredContent, _meta, ...result } = await connection.callTool(name, args, options);
        if (record) record.structuredContent = structuredContent;
        // The adapter would put structured content beside its text copy, and the model would read everything twice.
        const hasText = result.content.some((block) => block.type === 'text');
        return hasText || result.isError || structuredContent === undefined
          ? result
          : { ...result, content: [...result.content, { type: 'text', text: JSON.stringify(structuredContent) }] };
      } catch (error) {
        if (record) record.failure = error;
        throw error;
      }
    },
  };
}

function wrap(
  server: string,
  source: McpTool,
  inner: DynamicStructuredTool,
  calls: AsyncLocalStorage<CallRecord>,
): LoadedTool {
  const tool = new DynamicStructuredTool({
    name: source.name,
    description: inner.description,
    // Not the adapter's simplified schema: that one drops alternatives and then refuses valid calls.
    schema: source.inputSchema,
    responseFormat: 'content_and_artifact',
    metadata: { server, annotations: source.annotations },
    func: async (args: Record<string, unknown>, runManager, config) => {
      const record: CallRecord = {};
      try {
        const [content] = await calls.run(record, () => inner.func(args, runManager, config));
        return [content, { server, structuredContent: record.structuredContent }];
      } catch (error) {
        throw explain(source.name, error, record);
      }
    },
  });
  const scopes = source._meta?.[SCOPES_META_KEY];
  return {
    name: source.name,
    server,
    description: inner.description,
    scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [],
    annotations: source.annotations ?? {},
    fingerprint: fingerprintOf(source),
    change: undefined,
    tool,
  };
}

function fingerprintOf({ name, description, inputSchema }: McpTool): string {
  return createHash('sha256')
    .update(JSON.stringify([name, description, inputSchema]))
    .digest('hex');
}

/** The typed error behind the adapter's `ToolException`, or the tool's own words without the adapter's preamble. */
function explain(toolName: string, error: unknown, record: CallRecord): unknown {
  if (record.failure !== undefined) return record.failure;
  if (!(error instanceof Error) || error.name !== 'ToolException') return error;
  const text = error.message.replace(/^MCP tool '.*?' on server '.*?' returned an error: /s, '');
  return new AgentError('tool_failed', text === '' ? `The tool ${toolName} failed and does not say why.` : text, {
    cause: error,
  });
}

function rename(entry: LoadedTool, name: string): LoadedTool {
  entry.tool.name = name;
  return { ...entry, name };
}
