// Turn events → what a person reads. Pure: the state and an event go in, the next state and a text come out; the chat
// writes it. Every word of a model or a server passes visible-text on its way.

import type { TurnEvent } from '../turn-events.ts';
import { endMarkdown, feedMarkdown, MARKDOWN_START, type MarkdownState } from './markdown/markdown-stream.ts';
import {
  approvalLine,
  type LineStyle,
  progressStage,
  progressText,
  runningText,
  type ToolCallEvent,
  type ToolProgressEvent,
  toolCallLine,
  toolResultLine,
} from './tool-lines.ts';
import { authLine, turnEndLines } from './turn-lines.ts';
import {
  cutToWidth,
  EMPTY_STREAM,
  type VisibleStream,
  visibleChunk,
  visibleLine,
  visibleRest,
  visibleText,
} from './visible-text.ts';
import { wrapLines } from './wrapped-lines.ts';

// What a model thinks aloud is kept for one line only.
const REASONING_CHARACTERS = 2000;

/** How to render: columns of the terminal, its paint, and what it can do. */
export interface RenderStyle extends LineStyle {
  /** Whether markdown is rendered; otherwise its source is shown. Default false. */
  readonly markdown?: boolean;
  /** Whether there is a line that can be updated in place; otherwise progress takes lines of its own. Default false. */
  readonly live?: boolean;
}

/** What has to be remembered from one event of a turn to the next. */
export interface RenderState {
  readonly stream: VisibleStream;
  readonly markdown: MarkdownState;
  readonly atLineStart: boolean;
  readonly hasText: boolean;
  /** What the last event was about, for the line that is updated in place. */
  readonly phase: 'waiting' | 'text' | 'reasoning';
  readonly reasoning: string;
  /** The calls that ran side by side last, in the order they came. */
  readonly calls: readonly ToolCallEvent[];
  /** Those of them that have no result yet, by id. */
  readonly open: ReadonlySet<string>;
  readonly progress: ReadonlyMap<string, ToolProgressEvent>;
  /** Calls that were denied: their result says nothing new. */
  readonly denied: ReadonlySet<string>;
}

export interface Rendered {
  readonly state: RenderState;
  readonly text: string;
}

/** The state that a turn starts with. */
export const TURN_START: RenderState = {
  stream: EMPTY_STREAM,
  markdown: MARKDOWN_START,
  atLineStart: true,
  hasText: false,
  phase: 'waiting',
  reasoning: '',
  calls: [],
  open: new Set(),
  progress: new Map(),
  denied: new Set(),
};

/** Renders one event. `text` ends in a line feed for all events but deltas. */
export function renderEvent(before: RenderState, event: TurnEvent, style: RenderStyle): Rendered {
  if (event.type === 'reasoning-delta') return renderReasoning(before, event.text, style);
  const ended = endReasoning(before, style);
  const rendered = renderOther(ended.state, event, style);
  return { state: rendered.state, text: ended.text + rendered.text };
}

/** What stands in the line that is updated in place after the text so far; empty when there is none. */
export function liveLine(state: RenderState, { columns, paint }: LineStyle): string {
  if (!state.atLineStart || state.phase === 'text') return '';
  const running = state.calls.filter(({ id }) => state.open.has(id));
  // One column is left free: a full row would make some terminals wrap.
  const fitted = (text: string) => paint('dim', cutToWidth(text, columns - 1));
  if (running.length > 0) return fitted(runningText(running, state.progress));
  if (state.phase === 'reasoning') return fitted(`∴ ${tailOf(state.reasoning, columns - 4)}`);
  return fitted('⋯');
}

function renderOther(
  state: RenderState,
  event: Exclude<TurnEvent, { type: 'reasoning-delta' }>,
  style: RenderStyle,
): Rendered {
  switch (event.type) {
    case 'text-delta':
      return renderDelta(state, event.text, style);
    case 'tool-call': {
      const calls = state.open.size === 0 ? [event] : [...state.calls, event];
      const open = new Set([...state.open, event.id]);
      return onOwnLine({ ...state, calls, open }, toolCallLine(event, style), style);
    }
    case 'tool-progress':
      return renderProgress(state, event, style);
    case 'tool-result': {
      const open = new Set([...state.open].filter((id) => id !== event.id));
      const line = state.denied.has(event.id) ? '' : toolResultLine(event, state.calls, style);
      return onOwnLine({ ...state, open }, line, style);
    }
    case 'approval': {
      const denied = event.decision === 'denied' ? new Set([...state.denied, event.id]) : state.denied;
      return onOwnLine({ ...state, denied }, fitted(approvalLine(event, style) ?? '', style), style);
    }
    case 'auth':
      return onOwnLine(state, fitted(authLine(event, style.paint), style), style);
    case 'notice':
      return onOwnLine(state, fitted(style.paint('warning', visibleLine(event.text)), style), style);
    case 'approval-request':
      // The question itself is asked by whoever the session was given for that.
      return onOwnLine(state, '', style);
    case 'error':
      // The end of the turn says it.
      return { state, text: '' };
    case 'turn-end': {
      const ended = onOwnLine(state, '', style);
      // A model that does not stream has said nothing yet.
      const answer = ended.state.hasText || event.answer === '' ? '' : wholeAnswer(event.answer, style);
      const lines = turnEndLines(event, style);
      return {
        state: ended.state,
        text: `${ended.text}${answer}${lines.map((line) => `${fitted(line, style)}\n`).join('')}`,
      };
    }
  }
}

/** A log keeps its lines whole; only a terminal has rows. */
function fitted(lines: string, { live, columns }: RenderStyle): string {
  return live ? wrapLines(lines, columns) : lines;
}

function renderDelta(state: RenderState, delta: string, style: RenderStyle): Rendered {
  const { stream, text: visible } = visibleChunk(state.stream, delta);
  const fed = style.markdown ? feedMarkdown(state.markdown, visible, style) : { state: state.markdown, text: visible };
  return {
    state: {
      ...state,
      stream,
      markdown: fed.state,
      phase: 'text',
      atLineStart: fed.text === '' ? state.atLineStart : fed.text.endsWith('\n'),
      hasText: state.hasText || visible !== '',
    },
    text: fed.text,
  };
}

function renderReasoning(state: RenderState, delta: string, style: RenderStyle): Rendered {
  const ended = state.phase === 'reasoning' ? { state, text: '' } : onOwnLine(state, '', style);
  const reasoning = (ended.state.reasoning + delta).slice(0, REASONING_CHARACTERS);
  return { state: { ...ended.state, phase: 'reasoning', reasoning }, text: ended.text };
}

/** What was thought becomes one line, cut. */
function endReasoning(state: RenderState, { columns, paint }: LineStyle): Rendered {
  if (state.phase !== 'reasoning') return { state, text: '' };
  const line = visibleLine(state.reasoning).replaceAll('⏎', ' ');
  return {
    state: { ...state, phase: 'waiting', reasoning: '' },
    text: line === '' ? '' : `${paint('dim', cutToWidth(`∴ ${line}`, columns))}\n`,
  };
}

function renderProgress(state: RenderState, event: ToolProgressEvent, style: RenderStyle): Rendered {
  const earlier = state.progress.get(event.id);
  const next = { ...state, progress: new Map(state.progress).set(event.id, event) };
  const isNews = earlier === undefined || progressStage(earlier) !== progressStage(event);
  if (style.live || !isNews) return onOwnLine(next, '', style);
  return onOwnLine(next, cutToWidth(`  ⋯ ${progressText(event)}`, style.columns), style);
}

/** Ends the streamed text before it, since lines of ours never go on behind a model's words. */
function onOwnLine(state: RenderState, lines: string, style: RenderStyle): Rendered {
  const rest = endOfText(state, style);
  const atLineStart = rest === '' ? state.atLineStart : rest.endsWith('\n');
  return {
    state: { ...state, stream: EMPTY_STREAM, markdown: MARKDOWN_START, atLineStart: true, phase: 'waiting' },
    text: `${rest}${atLineStart ? '' : '\n'}${lines === '' ? '' : `${lines}\n`}`,
  };
}

function endOfText(state: RenderState, style: RenderStyle): string {
  const held = visibleRest(state.stream);
  if (!style.markdown) return held;
  const fed = feedMarkdown(state.markdown, held, style);
  return fed.text + endMarkdown(fed.state, style).text;
}

function wholeAnswer(answer: string, style: RenderStyle): string {
  const { state, text } = renderDelta(TURN_START, answer, style);
  const rest = endOfText(state, style);
  const shown = style.markdown ? text + rest : visibleText(answer);
  return shown.endsWith('\n') ? shown : `${shown}\n`;
}

function tailOf(text: string, columns: number): string {
  const line = visibleLine(text).replaceAll('⏎', ' ');
  return line.length <= columns ? line : `…${line.slice(-Math.max(columns - 1, 1))}`;
}
