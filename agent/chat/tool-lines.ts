// The lines about one tool call: what is called with what, how far it is, what came of it. Pure; every foreign word passes
// visible-text here.

import type { ToolCallError, TurnEvent } from '../turn-events.ts';
import type { Paint } from './terminal.ts';
import { cutToWidth, visibleLine, widthOf } from './visible-text.ts';

// Arguments before a result tell two calls of the same tool apart; more of them would leave no room for the result.
const LABEL_COLUMNS = 40;

export interface LineStyle {
  readonly columns: number;
  readonly paint: Paint;
}

export type ToolCallEvent = Extract<TurnEvent, { type: 'tool-call' }>;
export type ToolResultEvent = Extract<TurnEvent, { type: 'tool-result' }>;
export type ToolProgressEvent = Extract<TurnEvent, { type: 'tool-progress' }>;
export type ApprovalEvent = Extract<TurnEvent, { type: 'approval' }>;

export function toolCallLine({ name, server, args }: ToolCallEvent, { columns, paint }: LineStyle): string {
  const origin = cutToWidth(` · ${visibleLine(server)}`, Math.ceil(columns / 3));
  const head = cutToWidth(`⚙ ${visibleLine(name)}`, columns - widthOf(origin));
  const room = columns - widthOf(head) - widthOf(origin) - 1;
  const shown = room < 2 ? '' : ` ${cutToWidth(argumentsText(args), room)}`;
  return `${paint('tool', head)}${shown}${paint('dim', origin)}`;
}

/** @param calls those that ran side by side, this one among them */
export function toolResultLine(
  result: ToolResultEvent,
  calls: readonly ToolCallEvent[],
  { columns, paint }: LineStyle,
): string {
  const label = resultLabel(result, calls, Math.min(LABEL_COLUMNS, Math.floor(columns / 2)));
  const duration = `  (${durationText(result.durationMs)})`;
  const failure = result.error === undefined ? undefined : failureText(result.error);
  const room = Math.max(columns - widthOf(`  ✓ ${label}${duration}`), 1);
  const shown = cutToWidth(failure ?? visibleLine(result.text), room);
  const mark = failure === undefined ? paint('good', '✓') : paint('bad', '✗');
  return `  ${mark} ${label}${failure === undefined ? shown : paint('bad', shown)}${paint('dim', duration)}`;
}

/** What became of the question whether the call may run; `undefined` where there is nothing to say. */
export function approvalLine(event: ApprovalEvent, { columns, paint }: LineStyle): string | undefined {
  switch (event.decision) {
    case 'allowed':
      return undefined;
    case 'edited':
      return `  ${paint('warning', '✎')} ${cutToWidth(`edited to ${argumentsText(event.args ?? {})}`, columns - 4)}`;
    case 'denied': {
      const who = event.by === 'person' ? 'denied' : 'not allowed';
      const reason = visibleLine(event.reason);
      const text = `${visibleLine(event.name)} ${who}${reason === '' ? '' : `: ${reason}`}`;
      return `  ${paint('bad', '⊘')} ${paint('bad', text)}`;
    }
  }
}

/** How far a call is: `import_notes 40/100 (40 %) reading`. */
export function progressText({ name, progress, total, message }: ToolProgressEvent): string {
  const percent = total === undefined || total <= 0 ? '' : ` (${percentOf(progress, total)} %)`;
  const count = total === undefined ? `${progress}` : `${progress}/${total}`;
  const said = message === undefined ? '' : ` ${visibleLine(message)}`;
  return `${visibleLine(name)} ${count}${percent}${said}`;
}

/** Whole tenths of the way, so that a pipe gets no line for every step; without a total each step counts. */
export function progressStage({ progress, total }: ToolProgressEvent): number {
  return total === undefined || total <= 0 ? progress : Math.floor(percentOf(progress, total) / 10);
}

/** One line for all calls that run now. */
export function runningText(calls: readonly ToolCallEvent[], progress: ReadonlyMap<string, ToolProgressEvent>): string {
  const texts = calls.map(({ id, name }) => {
    const event = progress.get(id);
    return event === undefined ? visibleLine(name) : progressText(event);
  });
  return `  ⋯ ${texts.join(' · ')}`;
}

export function argumentsText(args: Readonly<Record<string, unknown>>): string {
  return visibleLine(JSON.stringify(args));
}

export function durationText(durationMs: number): string {
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

function percentOf(progress: number, total: number): number {
  return Math.max(0, Math.min(100, Math.floor((progress / total) * 100)));
}

/** Names the call where several ran side by side, with its arguments where even the name was the same. */
function resultLabel({ id, name }: ToolResultEvent, calls: readonly ToolCallEvent[], columns: number): string {
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
