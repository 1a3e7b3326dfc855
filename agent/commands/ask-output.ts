// How `ask` tells what happens: the answer as text, one JSON object, or one JSON object a line. stdout gets that alone, stderr
// what a person watches.

import { visibleJson, visibleLine, visibleText } from '../chat/visible-text.ts';
import { type AgentError, type AgentErrorCode, EXIT_CODES } from '../errors.ts';
import type { ServerStatus } from '../mcp/servers.ts';
import type { Denial, TurnEvent, TurnStatus, Usage } from '../turn-events.ts';

export const OUTPUT_FORMATS = ['text', 'json', 'stream-json'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What a run came to. The last line of every stream, whatever happened before. */
export interface AskResult {
  readonly status: TurnStatus;
  readonly answer: string;
  readonly error: { readonly code: AgentErrorCode; readonly message: string } | undefined;
  readonly denials: readonly Denial[];
  readonly missingScopes: readonly string[];
  readonly usage: Usage | undefined;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly durationMs: number;
  /** `undefined` when there never was a conversation. */
  readonly threadId: string | undefined;
  readonly exitCode: number;
  /** Commands that would get further. */
  readonly nextSteps: readonly string[];
}

export interface AskStart {
  readonly threadId: string;
  readonly model: string;
  readonly servers: readonly ServerStatus[];
}

export interface AskOutput {
  start(start: AskStart): Promise<void>;
  event(event: TurnEvent): Promise<void>;
  notice(text: string): Promise<void>;
  result(result: AskResult): Promise<void>;
}

/** Writes all of `text`, and resolves when more may be written. */
export type Write = (text: string) => Promise<void>;

export interface AskOutputOptions {
  readonly format: OutputFormat;
  /** Whether stderr gets nothing but refusals and errors. */
  readonly isQuiet: boolean;
  /** Whether the answer goes to a terminal, which the words of a server could move the cursor of. */
  readonly isTerminal: boolean;
  readonly stdout: Write;
  readonly stderr: Write;
}

export function createAskOutput({ format, isQuiet, isTerminal, stdout, stderr }: AskOutputOptions): AskOutput {
  const line = (object: object) => stdout(jsonLine(object));
  const isStream = format === 'stream-json';
  return {
    start: async (start) => {
      if (isStream) await line(initOf(start));
    },
    event: async (event) => {
      const told = progressOf(event, isQuiet);
      if (told !== '') await stderr(told);
      const object = isStream ? lineOf(event) : undefined;
      if (object) await line(object);
    },
    notice: async (text) => {
      if (!isQuiet) await stderr(`${visibleText(text)}\n`);
      if (isStream) await line({ type: 'notice', text });
    },
    result: async (result) => {
      const { error, nextSteps } = result;
      if (error) await stderr(`${visibleText(error.message)}\n`);
      for (const step of nextSteps) await stderr(`next: ${visibleText(step)}\n`);
      if (format !== 'text') return await line(resultOf(result));
      // Half a sentence before a failure is no answer; one before a limit is what there is.
      if (result.answer === '' || result.status === 'failed') return;
      await stdout(`${isTerminal ? visibleText(result.answer) : result.answer}\n`);
    },
  };
}

/** One line for every reader: some take U+2028 and its kin for the end of one, and terminals obey more than that. */
function jsonLine(object: object): string {
  return `${visibleJson(JSON.stringify(object))}\n`;
}

/** The result of a run that came to no turn. */
export function failureResult({ code, message, details }: AgentError, durationMs: number): AskResult {
  const isAuth = code === 'login_required' || code === 'insufficient_scope';
  return {
    status: code === 'interrupted' ? 'interrupted' : isAuth ? 'auth_required' : 'failed',
    answer: '',
    error: { code, message },
    denials: [],
    missingScopes: details.missingScopes ?? [],
    usage: undefined,
    modelCalls: 0,
    toolCalls: 0,
    durationMs,
    threadId: undefined,
    exitCode: EXIT_CODES[code],
    nextSteps: [],
  };
}

function initOf({ threadId, model, servers }: AskStart): object {
  return {
    type: 'init',
    session_id: threadId,
    model,
    servers: servers.map(({ name, url, state, detail, toolCount }) => ({ name, url, state, detail, tools: toolCount })),
  };
}

/** The line for an event; `undefined` for one that has none of its own. */
function lineOf(event: TurnEvent): object | undefined {
  switch (event.type) {
    case 'text-delta':
      return { type: 'message', delta: event.text };
    case 'reasoning-delta':
      return { type: 'reasoning', delta: event.text };
    case 'tool-call':
      return { type: 'tool_use', ...callOf(event), input: event.args };
    case 'approval':
      return {
        type: 'approval',
        ...callOf(event),
        decision: event.decision,
        by: event.by,
        reason: event.reason,
        ...(event.args ? { input: event.args } : {}),
      };
    case 'auth':
      return { type: 'auth', server: event.server, state: event.state, held: event.held, needed: event.needed };
    case 'tool-progress': {
      const { progress, total, message } = event;
      return { type: 'tool_progress', ...callOf(event), progress, total: total ?? null, message: message ?? null };
    }
    case 'tool-result': {
      const { text, error, durationMs } = event;
      return {
        type: 'tool_result',
        ...callOf(event),
        text,
        is_error: error !== undefined,
        error: error ? { code: error.code, message: error.message, missing_scopes: error.missingScopes } : null,
        ms: durationMs,
      };
    }
    case 'notice':
      return { type: 'notice', text: event.text };
    case 'error':
      return { type: 'error', code: event.code, message: event.message };
    case 'approval-request':
    case 'turn-end':
      return undefined;
  }
}

function callOf({ id, name, server }: { id: string; name: string; server: string }) {
  return { id, name, server };
}

function resultOf(result: AskResult): object {
  const { usage } = result;
  return {
    type: 'result',
    status: result.status,
    answer: result.answer,
    error: result.error ?? null,
    permission_denials: result.denials.map(({ id, name, server, args, by, reason }) => ({
      id,
      name,
      server,
      input: args,
      by,
      reason,
    })),
    missing_scopes: result.missingScopes,
    usage: usage
      ? { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens, cost_usd: usage.costUsd ?? null }
      : null,
    num_turns: result.modelCalls,
    num_tool_calls: result.toolCalls,
    duration_ms: result.durationMs,
    session_id: result.threadId ?? null,
    exit_code: result.exitCode,
    next_steps: result.nextSteps,
  };
}

/** The line for a person; empty for what is told elsewhere, or not wanted. */
function progressOf(event: TurnEvent, isQuiet: boolean): string {
  // A refusal is told even to somebody who wants quiet: with the flag that would allow it.
  if (event.type === 'approval' && event.decision === 'denied')
    return `✗ ${event.server} ${visibleLine(event.name)} refused: ${visibleText(event.reason)}\n`;
  if (isQuiet) return '';
  switch (event.type) {
    case 'tool-call':
      return `→ ${event.server} ${visibleLine(event.name)} ${visibleText(JSON.stringify(event.args))}\n`;
    case 'tool-result': {
      if (event.error?.code === 'tool_refused') return '';
      const outcome = event.error ? `failed: ${event.error.message}` : event.text;
      return `← ${event.server} ${visibleLine(event.name)} ${visibleText(outcome)} (${event.durationMs} ms)\n`;
    }
    case 'auth':
      return `${event.server}: ${event.state}${describeScopes(event.held, event.needed)}\n`;
    case 'notice':
      return `${visibleText(event.text)}\n`;
    case 'text-delta':
    case 'reasoning-delta':
    case 'approval-request':
    case 'approval':
    case 'tool-progress':
    case 'error':
    case 'turn-end':
      return '';
  }
}

function describeScopes(held: readonly string[], needed: readonly string[]): string {
  if (needed.length === 0) return '';
  return visibleText(` (held: ${held.join(' ') || 'none'}; needed: ${needed.join(' ')})`);
}
