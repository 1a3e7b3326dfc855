// Turn events → what a person reads. Pure: the state and an event go in, the next state and a text come out; the chat
// writes it. Every word of a model or a server passes visible-text here.

import type { ToolCallError, TurnEvent, Usage } from '../turn-events.ts';
import type { Paint } from './terminal.ts';
import {
  cutToWidth,
  EMPTY_STREAM,
  type VisibleStream,
  visibleChunk,
  visibleLine,
  visibleRest,
  visibleText,
  widthOf,
} from './visible-text.ts';

// Arguments before a result tell two calls of the same tool apart; more of them would leave no room for the result.
const LABEL_COLUMNS = 40;

/** What has to be remembered from one event of a turn to the next. */
export interface RenderState {
  readonly stream: VisibleStream;
  readonly atLineStart: boolean;
  readonly hasText: boolean;
  /** The calls that ran side by side last, in the order they came. */
  readonly calls: readonly ToolCall[];
  /** Those of them that have no result yet, by id. */
  readonly open: ReadonlySet<string>;
}

/** How to render: columns of the terminal, and its paint. */
export interface RenderStyle {
  readonly columns: number;
  readonly paint: Paint;
}

export interface Rendered {
  readonly state: RenderState;
  readonly text: string;
}

type ToolCall = Extract<TurnEvent, { type: 'tool-call' }>;
type ToolResult = Extract<TurnEvent, { type: 'tool-result' }>;
type TurnEnd = Extract<TurnEvent, { type: 'turn-end' }>;

/** The state that a turn starts with. */
export const TURN_START: RenderState = {
  stream: EMPTY_STREAM,
  atLineStart: true,
  hasText: false,
  calls: [],
  open: new Set(),
};

/** Renders one event. `text` ends in a line feed for all events but text deltas. */
export function renderEvent(state: RenderState, event: TurnEvent, style: RenderStyle): Rendered {
  switch (event.type) {
    case 'text-delta':
      return renderDelta(state, event.text);
    case 'tool-call': {
      const calls = state.open.size === 0 ? [event] : [...state.calls, event];
      const open = new Set([...state.open, event.id]);
      return onOwnLine({ ...state, calls, open }, toolCallLine(event, style));
    }
    case 'tool-result': {
      const open = new Set([...state.open].filter((id) => id !== event.id));
      return onOwnLine({ ...state, open }, toolResultLine(event, state.calls, style));
    }
    case 'reasoning-delta':
    case 'approval-request':
    case 'approval':
    case 'tool-progress':
    case 'auth':
    case 'error':
      return { state, text: '' };
    case 'notice':
      return onOwnLine(state, style.paint('warning', visibleLine(event.text)));
    case 'turn-end':
      return onOwnLine(state, turnEndLines(event, state, style));
  }
}

function renderDelta(state: RenderState, delta: string): Rendered {
  const { stream, text } = visibleChunk(state.stream, delta);
  const atLineStart = text === '' ? state.atLineStart : text.endsWith('\n');
  return { state: { ...state, stream, atLineStart, hasText: state.hasText || text !== '' }, text };
}

/** Ends the streamed text before it, since lines of ours never go on behind a model's words. */
function onOwnLine(state: RenderState, lines: string): Rendered {
  const rest = visibleRest(state.stream);
  const atLineStart = rest === '' ? state.atLineStart : rest.endsWith('\n');
  return {
    state: { ...state, stream: EMPTY_STREAM, atLineStart: true },
    text: `${rest}${atLineStart ? '' : '\n'}${lines === '' ? '' : `${lines}\n`}`,
  };
}

function toolCallLine({ name, server, args }: ToolCall, { columns, paint }: RenderStyle): string {
  const origin = cutToWidth(` · ${visibleLine(server)}`, Math.ceil(columns / 3));
  const head = cutToWidth(`⚙ ${visibleLine(name)}`, columns - widthOf(origin));
  const room = columns - widthOf(head) - widthOf(origin) - 1;
  const shown = room < 2 ? '' : ` ${cutToWidth(argumentsText(args), room)}`;
  return `${paint('tool', head)}${shown}${paint('dim', origin)}`;
}

function toolResultLine(result: ToolResult, calls: readonly ToolCall[], { columns, paint }: RenderStyle): string {
  const label = resultLabel(result, calls, Math.min(LABEL_COLUMNS, Math.floor(columns / 2)));
  const duration = `  (${durationText(result.durationMs)})`;
  const failure = result.error === undefined ? undefined : failureText(result.error);
  const room = Math.max(columns - widthOf(`  ✓ ${label}${duration}`), 1);
  const shown = cutToWidth(failure ?? visibleLine(result.text), room);
  const mark = failure === undefined ? paint('good', '✓') : paint('bad', '✗');
  return `  ${mark} ${label}${failure === undefined ? shown : paint('bad', shown)}${paint('dim', duration)}`;
}

/** Names the call where several ran side by side, with its arguments where even the name was the same. */
function resultLabel({ id, name }: ToolResult, calls: readonly ToolCall[], columns: number): string {
  if (calls.length < 2) return '';
  const call = calls.find((one) => one.id === id);
  const isAmbiguous = calls.filter((one) => one.name === name).length > 1;
  const shown = visibleLine(name);
  const label = call !== undefined && isAmbiguous ? `${shown} ${argumentsText(call.args)}` : shown;
  return `${cutToWidth(label, columns)} → `;
}

function failureText({ message, missingScopes }: ToolCallError): string {
  const shown = visibleLine(message);
  if (missingScopes.length === 0) return shown;
  const scopes = `needs ${missingScopes.length === 1 ? 'scope' : 'scopes'} ${missingScopes.map(visibleLine).join(' ')}`;
  return shown === '' ? scopes : `${scopes}: ${shown}`;
}

function turnEndLines(end: TurnEnd, state: RenderState, { paint }: RenderStyle): string {
  const message = visibleText(end.error?.message ?? '').trim();
  // A model that does not stream has said nothing yet.
  const answer = state.hasText ? '' : visibleText(end.answer);
  return [answer, statusText(end.status, message, paint), usageText(end.usage, paint)]
    .filter((line) => line !== '')
    .join('\n');
}

function statusText(status: TurnEnd['status'], message: string, paint: Paint): string {
  switch (status) {
    case 'ok':
      return '';
    case 'limit':
      return paint('warning', message === '' ? '[stopped at the limit]' : `[stopped at the limit: ${message}]`);
    case 'interrupted':
      return paint('dim', '[interrupted]');
    case 'blocked':
    case 'auth_required':
    case 'failed':
      return paint('bad', message === '' ? 'the turn failed without a reason' : message);
  }
}

function usageText(usage: Usage | undefined, paint: Paint): string {
  if (usage === undefined) return '';
  const cost = usage.costUsd === undefined ? '' : ` · about $${usage.costUsd.toFixed(4)}`;
  return paint('dim', `${usage.inputTokens} tokens in · ${usage.outputTokens} out${cost}`);
}

function argumentsText(args: Readonly<Record<string, unknown>>): string {
  return visibleLine(JSON.stringify(args));
}

function durationText(durationMs: number): string {
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}
