// One call of a tool through the LangChain MCP adapter, and what the adapter would lose of it: typed errors, progress, timeout
// and signal, and structured content once instead of twice.

import type { AsyncLocalStorage } from 'node:async_hooks';
import { AgentError } from '../errors.ts';
import type { McpTool, Progress, ToolConnection } from './connection.ts';
import { readableContent } from './tool-result.ts';
import { cleanText } from './tool-text.ts';
import type { CallHooks } from './tools.ts';

/** What the adapter does not hand through: filled while one call runs. */
export interface CallRecord {
  readonly hooks: CallHooks;
  failure?: unknown;
  structuredContent?: unknown;
}

/** A schema that everything passes. */
export const ANY_ARGUMENTS = { type: 'object', properties: {} } as const;
const LIMITS = { progressChars: 500, errorChars: 8000, progressNotes: 100, progressMs: 100 } as const;

/**
 * What `loadMcpTools` needs of a client. It is written for SDK v1, whose `callTool` takes a result schema in second
 * place; passing a v2 client as it is would drop timeout and signal without a word.
 */
export function createAdapterClient(
  connection: ToolConnection,
  tools: readonly McpTool[],
  calls: AsyncLocalStorage<CallRecord>,
) {
  const repeatable = new Set(
    tools
      .filter(({ annotations }) => annotations?.readOnlyHint === true || annotations?.idempotentHint === true)
      .map(({ name }) => name),
  );
  return {
    // Without the schemas: the adapter would follow every reference in them, and what it makes of them is not used.
    listTools: async () => ({ tools: tools.map(({ name }) => ({ name, inputSchema: ANY_ARGUMENTS })) }),
    callTool: async (
      { name, arguments: args }: { name: string; arguments: Record<string, unknown> },
      _resultSchema: unknown,
      { signal }: { signal?: AbortSignal } = {},
    ) => {
      const record = calls.getStore();
      const onProgress = record?.hooks.onProgress;
      try {
        const result = await connection.callTool(name, args, {
          isRepeatable: repeatable.has(name),
          ...(signal ? { signal } : {}),
          ...(onProgress ? { onProgress: paced((progress) => onProgress(readableProgress(progress))) } : {}),
        });
        if (record) record.structuredContent = result.structuredContent;
        // Neither structured content nor metadata: the adapter would put them beside the text, and the model read both.
        return { content: readableContent(result), isError: result.isError };
      } catch (error) {
        if (record) record.failure = error;
        throw error;
      }
    },
  };
}

/** However fast a server counts: after the first hundred, ten a second are enough for whoever watches. */
function paced(tell: (progress: Progress) => void): (progress: Progress) => void {
  let count = 0;
  let lastAtMs = 0;
  return (progress) => {
    count += 1;
    const nowMs = performance.now();
    if (count > LIMITS.progressNotes && nowMs - lastAtMs < LIMITS.progressMs) return;
    lastAtMs = nowMs;
    tell(progress);
  };
}

function readableProgress({ progress, total, message }: Progress): Progress {
  return { progress, total, message: message === undefined ? undefined : cleanText(message, LIMITS.progressChars) };
}

/** The typed error behind the adapter's `ToolException`, or the tool's own words without the adapter's preamble. */
export function explainFailure(toolName: string, error: unknown, record: CallRecord): unknown {
  if (record.failure instanceof AgentError) return withCleanMessage(record.failure);
  if (record.failure !== undefined) return record.failure;
  if (!(error instanceof Error) || error.name !== 'ToolException') return error;
  const text = error.message.replace(/^MCP tool '.*?' on server '.*?' returned an error: /s, '');
  return new AgentError(
    'tool_failed',
    text === '' ? `The tool ${toolName} failed and does not say why.` : cleanText(text, LIMITS.errorChars),
    { cause: error },
  );
}

/** An error of the protocol quotes its server as well. */
function withCleanMessage(error: AgentError): AgentError {
  const message = cleanText(error.message, LIMITS.errorChars);
  return message === error.message ? error : new AgentError(error.code, message, { ...error.details, cause: error });
}
