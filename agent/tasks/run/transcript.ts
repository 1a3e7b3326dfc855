// The conversation of an attempt as OpenAI-style messages, so that other programs can read it. Grows with the events of a
// turn.

import type { TurnEvent } from '../../turn-events.ts';

export type TranscriptMessage =
  | { readonly role: 'user'; readonly content: string }
  | {
      readonly role: 'assistant';
      readonly content: string | null;
      readonly tool_calls?: readonly TranscriptCall[];
    }
  | {
      readonly role: 'tool';
      readonly tool_call_id: string;
      readonly name: string;
      readonly content: string;
      /** Ours, beside OpenAI's: readers of the form skip what they do not know. */
      readonly duration_ms: number;
      readonly error?: string;
      readonly denied?: true;
    };

export interface TranscriptCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface Transcript {
  readonly messages: readonly TranscriptMessage[];
  ask(request: string): void;
  add(event: TurnEvent): void;
}

/** Begins an empty transcript. */
export function createTranscript(): Transcript {
  const messages: TranscriptMessage[] = [];
  let text = '';
  let calls: TranscriptCall[] = [];
  const denied = new Set<string>();
  /** The model's message ends where results begin, or the turn ends. */
  const flush = () => {
    if (calls.length > 0) messages.push({ role: 'assistant', content: text === '' ? null : text, tool_calls: calls });
    else if (text !== '') messages.push({ role: 'assistant', content: text });
    text = '';
    calls = [];
  };
  return {
    messages,
    ask: (request) => {
      flush();
      messages.push({ role: 'user', content: request });
    },
    add: (event) => {
      switch (event.type) {
        case 'text-delta':
          text += event.text;
          break;
        case 'tool-call':
          calls.push({
            id: event.id,
            type: 'function',
            function: { name: event.name, arguments: JSON.stringify(event.args) },
          });
          break;
        case 'approval':
          if (event.decision === 'denied') denied.add(event.id);
          break;
        case 'tool-result':
          flush();
          messages.push({
            role: 'tool',
            tool_call_id: event.id,
            name: event.name,
            content: event.text,
            duration_ms: event.durationMs,
            ...(event.error ? { error: event.error.code } : {}),
            ...(denied.has(event.id) ? { denied: true } : {}),
          });
          break;
        case 'turn-end':
          // A model that does not stream says everything here.
          if (text === '' && calls.length === 0 && event.answer !== '' && !endsWith(messages, event.answer))
            text = event.answer;
          flush();
          break;
        default:
      }
    },
  };
}

function endsWith(messages: readonly TranscriptMessage[], answer: string): boolean {
  const last = messages.at(-1);
  return last?.role === 'assistant' && last.content === answer;
}
