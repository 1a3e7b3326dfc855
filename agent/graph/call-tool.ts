// One tool call: may it run, run it, and what the model gets to read, whatever comes of it. A call that a person has to
// decide on interrupts the graph; its siblings run on.

import type { ToolMessage } from '@langchain/core/messages';
import type { ToolCall } from '@langchain/core/messages/tool';
import { interrupt, isGraphInterrupt, type LangGraphRunnableConfig } from '@langchain/langgraph';
import { parseAnswer, requestPayload } from '../approval/interrupt.ts';
import type { ApprovalAnswer } from '../approval.ts';
import { AgentError, type AgentErrorCode } from '../errors.ts';
import { CALL_HOOKS, type LoadedTool } from '../mcp/tools.ts';
import type { ToolCallError, TurnEvent } from '../turn-events.ts';
import { createFailedToolMessage, type ToolCallArtifact } from './messages.ts';
import type { TurnContext } from './turn-context.ts';

/** Errors that end the turn: the model can do nothing about them, and the next call would meet them again. */
const FATAL: readonly AgentErrorCode[] = ['unreachable', 'login_required', 'untrusted_issuer'];

interface Progress {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

/** Why a call runs or not, and with which arguments. */
interface Ruling {
  readonly by: 'policy' | 'person';
  readonly decision: 'allowed' | 'edited' | 'denied';
  readonly reason: string;
  readonly args: Record<string, unknown>;
}

export async function callTool(
  call: ToolCall,
  turn: TurnContext,
  config: LangGraphRunnableConfig,
): Promise<{ messages: ToolMessage[] }> {
  const tool = turn.findTool(call.name);
  const ruling = tool && rule(tool, call, turn);
  if (ruling) announce(ruling, call, tool, config);
  const startedAtMs = performance.now();
  const artifact = (error: ToolCallError | undefined, structuredContent?: unknown): ToolCallArtifact => ({
    server: tool?.server ?? '',
    durationMs: Math.round((performance.now() - startedAtMs) * 10) / 10,
    structuredContent,
    error,
  });
  if (ruling?.decision === 'denied') {
    const text = `The call was refused and did not run. ${ruling.reason}`;
    const error: ToolCallError = { code: 'tool_refused', message: ruling.reason, missingScopes: [] };
    return { messages: [createFailedToolMessage(call, text, artifact(error))] };
  }
  try {
    const made = { ...call, args: ruling?.args ?? call.args };
    const onProgress = ({ progress, total, message }: Progress) => {
      const { id = '', name } = call;
      const event: TurnEvent = {
        type: 'tool-progress',
        id,
        name,
        server: tool?.server ?? '',
        progress,
        total,
        message,
      };
      config.writer?.(event);
    };
    const watched = { ...config, configurable: { ...config.configurable, [CALL_HOOKS]: { onProgress } } };
    const output: { messages: ToolMessage[] } = await turn.toolNode.invoke({ lg_tool_call: made }, watched);
    for (const message of output.messages) {
      message.artifact = artifact(undefined, message.artifact?.structuredContent);
      if (ruling?.decision === 'edited') addNote(message, made.args);
    }
    return output;
  } catch (error) {
    if (isGraphInterrupt(error) || config.signal?.aborted) throw error;
    const failure = describeFailure(error);
    if (FATAL.includes(failure.code)) throw error;
    return { messages: [createFailedToolMessage(call, failure.message, artifact(failure))] };
  }
}

/** Must not be inside a `try`: an interrupt travels as an exception. */
function rule(tool: LoadedTool, call: ToolCall, turn: TurnContext): Ruling {
  const verdict = turn.decide(tool, call.id ?? '');
  switch (verdict.kind) {
    case 'allow':
      return { by: 'policy', decision: 'allowed', reason: '', args: call.args };
    case 'deny':
      return { by: 'policy', decision: 'denied', reason: verdict.reason, args: call.args };
    case 'ask': {
      const request = turn.describeRequest(tool, { id: call.id ?? '', args: call.args });
      return ruleBy(parseAnswer(interrupt(requestPayload(request))), call);
    }
  }
}

function ruleBy(answer: ApprovalAnswer, call: ToolCall): Ruling {
  switch (answer.kind) {
    case 'once':
    case 'tool-for-session':
    case 'server-for-session':
    case 'always':
      return { by: 'person', decision: 'allowed', reason: '', args: call.args };
    case 'edit':
      return { by: 'person', decision: 'edited', reason: '', args: { ...answer.args } };
    case 'deny':
      return { by: 'person', decision: 'denied', reason: answer.reason, args: call.args };
  }
}

function announce(ruling: Ruling, call: ToolCall, tool: LoadedTool, config: LangGraphRunnableConfig): void {
  const { by, decision, reason, args } = ruling;
  const event: TurnEvent = {
    type: 'approval',
    id: call.id ?? '',
    name: call.name,
    server: tool.server,
    by,
    decision,
    reason,
    ...(decision === 'edited' ? { args } : {}),
  };
  config.writer?.(event);
}

/** The model asked for something else, and would take the result for an answer to that. */
function addNote(message: ToolMessage, args: Record<string, unknown>): void {
  const note = `[The user changed the arguments to ${JSON.stringify(args)}.]`;
  message.content =
    typeof message.content === 'string'
      ? `${note}\n${message.content}`
      : [{ type: 'text', text: note }, ...message.content];
}

function describeFailure(error: unknown): ToolCallError {
  if (error instanceof AgentError)
    return { code: error.code, message: error.message, missingScopes: error.details.missingScopes ?? [] };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'tool_failed', message: `${message} Check the tool's name and its arguments.`, missingScopes: [] };
}
