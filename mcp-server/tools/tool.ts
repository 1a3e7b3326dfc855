// What a tool is: schema, scope, annotations and handler side by side, registered in one call.

import type { McpServer, RequestStateCodec, ServerContext, ToolAnnotations } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { requireScopes, SCOPES_META_KEY, type Scope } from '../auth/scopes.ts';
import { recheckCaller } from '../caller.ts';
import type { Log } from '../log.ts';
import type { Notebook } from '../notebook/notebook.ts';
import { askFirst } from './confirmation.ts';
import { createToolContext, type ToolContext } from './tool-context.ts';
import { ToolError } from './tool-error.ts';

export { ToolError } from './tool-error.ts';
export type { ToolContext };

export interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Scopes that a call needs; none means that any token for this resource will do. */
  readonly scopes: readonly Scope[];
  readonly annotations: ToolAnnotations;
  readonly inputSchema: Input;
  readonly outputSchema: Output;
  /**
   * The question that a person answers before the tool runs; `undefined` means that nobody is asked. A client that
   * cannot ask sends `confirm: true` with the call instead, which the input schema then has by itself.
   */
  readonly confirm?: (input: z.output<Input>, context: ToolContext) => string;
  /** The tool's answer. Throws `ToolError` for what the caller can mend. */
  readonly run: (input: z.output<Input>, context: ToolContext) => z.input<Output> | Promise<z.input<Output>>;
  /** The answer in words, beside the structured one; all that many models get to see. */
  readonly text: (output: z.input<Output>) => string;
}

/** What the server has for its tools. */
export interface ToolServices {
  readonly log: Log;
  readonly notebook: Notebook;
  readonly requestState: RequestStateCodec;
}

/** Adds a tool to one server instance. */
export type RegisterTool = (server: McpServer, services: ToolServices) => void;

type Outcome = 'ok' | 'asked' | 'tool-error' | 'cancelled' | 'failed';

const CONFIRM = {
  confirm: z.boolean().optional().describe('true if a person wants this; needed where the client cannot ask them'),
};

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
    inputSchema: tool.confirm ? tool.inputSchema.extend(CONFIRM) : tool.inputSchema,
    outputSchema: tool.outputSchema,
    annotations: tool.annotations,
    _meta: { [SCOPES_META_KEY]: tool.scopes },
    ...(first ? { scopeChallenge: requireScopes(first, ...rest) } : {}),
  };
  return (server, services) => {
    const handle = async (input: z.output<Input>, request: ServerContext) => {
      const startedAtMs = performance.now();
      const { signal } = request.mcpReq;
      const logCall = (outcome: Outcome, error?: unknown) =>
        services.log[outcome === 'failed' ? 'error' : 'info']('tool-call', {
          method: 'tools/call',
          tool: tool.name,
          request_id: request.http?.authInfo?.extra?.['requestId'],
          client_id: request.http?.authInfo?.clientId,
          subject: request.http?.authInfo?.extra?.['subject'],
          outcome,
          duration_ms: Math.round((performance.now() - startedAtMs) * 10) / 10,
          // What a tool tells its caller may quote the caller's data.
          ...(outcome === 'failed' ? { error } : {}),
        });
      try {
        const context = createToolContext(tool.name, request, services);
        if (tool.confirm) {
          const question = { tool: tool.name, input, text: tool.confirm(input, context) };
          const asked = await askFirst(question, { server, request, requestState: services.requestState });
          if (asked) {
            logCall('asked');
            return asked;
          }
          // A person may have taken minutes to answer.
          await assertStillAdmitted(request);
        }
        const output = await tool.run(input, context);
        logCall(signal.aborted ? 'cancelled' : 'ok');
        return { content: [{ type: 'text' as const, text: tool.text(output) }], structuredContent: output };
      } catch (error) {
        const expected = error instanceof ToolError;
        logCall(signal.aborted ? 'cancelled' : expected ? 'tool-error' : 'failed', error);
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

/** @throws {ToolError} when the token has ended since the call came, or nobody can say */
async function assertStillAdmitted({ http }: ServerContext): Promise<void> {
  const state = await recheckCaller(http?.authInfo);
  if (state === 'good') return;
  throw new ToolError(
    state === 'ended'
      ? 'The access token has ended while the question was open, so nothing was done. Sign in and call again.'
      : 'Access tokens cannot be verified at the moment, so nothing was done. Call again later.',
  );
}
