// What a tool is: schema, scope, annotations and handler side by side, registered in one call.

import type { McpServer, ServerContext, ToolAnnotations } from '@modelcontextprotocol/server';
import type * as z from 'zod';
import { requireScopes, type Scope } from '../auth/scopes.ts';
import type { Log } from '../log.ts';

/** Where `tools/list` names the scopes that a tool needs, so that a client can show them and step up. */
const SCOPES_META_KEY = 'authorized-mcp-agent/scopes';

/** A failure that the model may read and act on; its message goes out as the tool's error result. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

export interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Scopes that a call needs; none means that any token for this resource will do. */
  readonly scopes: readonly Scope[];
  readonly annotations: ToolAnnotations;
  readonly inputSchema: Input;
  readonly outputSchema: Output;
  /** The tool's answer. Throws `ToolError` for what the caller can mend. */
  readonly run: (input: z.output<Input>) => z.input<Output> | Promise<z.input<Output>>;
  /** The answer in words, beside the structured one. */
  readonly text: (output: z.input<Output>) => string;
}

/** Adds a tool to one server instance. */
export type RegisterTool = (server: McpServer, log: Log) => void;

/**
 * Turns a definition into its registration. Every call is logged with tool, client, subject, outcome and duration, and
 * never with its arguments: they are the caller's data.
 */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: ToolDefinition<Input, Output>,
): RegisterTool {
  const [first, ...rest] = tool.scopes;
  const config = {
    title: tool.title,
    description: tool.description,
    inputSchema: tool.inputSchema,
    outputSchema: tool.outputSchema,
    annotations: tool.annotations,
    _meta: { [SCOPES_META_KEY]: tool.scopes },
    ...(first ? { scopeChallenge: requireScopes(first, ...rest) } : {}),
  };
  return (server, log) => {
    const handle = async (input: z.output<Input>, context: ServerContext) => {
      const startedAtMs = performance.now();
      const logCall = (outcome: 'ok' | 'tool-error' | 'failed', error?: unknown) =>
        log[outcome === 'failed' ? 'error' : 'info']('tool-call', {
          method: 'tools/call',
          tool: tool.name,
          client_id: context.http?.authInfo?.clientId,
          subject: context.http?.authInfo?.extra?.['subject'],
          outcome,
          duration_ms: Math.round((performance.now() - startedAtMs) * 10) / 10,
          ...(error === undefined ? {} : { error }),
        });
      try {
        const output = await tool.run(input);
        logCall('ok');
        return { content: [{ type: 'text' as const, text: tool.text(output) }], structuredContent: output };
      } catch (error) {
        const expected = error instanceof ToolError;
        logCall(expected ? 'tool-error' : 'failed', error);
        // What an unexpected error says is for the log: it may name files, queries or people.
        const text = expected ? error.message : 'The tool failed. The server has logged why.';
        return { content: [{ type: 'text' as const, text }], isError: true };
      }
    };
    // The SDK derives the callback's argument type from the schema in a way that a generic cannot follow;
    // `handle` takes exactly what `inputSchema` puts out.
    server.registerTool(tool.name, config, handle as never);
  };
}
