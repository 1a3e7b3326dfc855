// A terminal and a session for the tests of this folder: keys go in, what was written is waited for, nothing sleeps.

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Session } from '../session.ts';
import type { TurnEvent } from '../turn-events.ts';
import type { ChatInput, ChatOutput } from './terminal.ts';

export interface FakeTerminal {
  readonly input: ChatInput;
  readonly output: ChatOutput;
  /** Presses keys; done when they have been read. */
  type(keys: string): Promise<void>;
  /** Ends the input, as a closed window or an exhausted pipe does. */
  hangUp(): void;
  /** Waits until the text stands in the output, somewhere behind what was waited for before. */
  shown(text: string): Promise<void>;
  /** Everything written so far. */
  written(): string;
}

export function createFakeTerminal({ isTTY, columns = 80 }: { isTTY: boolean; columns?: number }): FakeTerminal {
  const input = new PassThrough();
  const output = new PassThrough();
  if (isTTY) {
    Object.assign(input, { isTTY: true });
    Object.assign(output, { isTTY: true, columns });
  }
  let written = '';
  let seen = 0;
  output.setEncoding('utf8').on('data', (text: string) => {
    written += text;
    output.emit('test-written');
  });
  return {
    input,
    output,
    async type(keys) {
      input.write(keys);
      await setImmediate();
    },
    hangUp() {
      input.end();
    },
    async shown(text) {
      let position = written.indexOf(text, seen);
      while (position < 0) {
        await once(output, 'test-written');
        position = written.indexOf(text, seen);
      }
      seen = position + text.length;
    },
    written: () => written,
  };
}

/** What a session does with one request. */
export type ScriptedTurn = (request: string, signal: AbortSignal) => AsyncIterable<TurnEvent>;

/** A session that plays one script after another and notes what it was asked; the last script serves all that follows. */
export function createScriptedSession(...turns: readonly ScriptedTurn[]): Session & { readonly requests: string[] } {
  const requests: string[] = [];
  return {
    threadId: 'test',
    requests,
    run(request, signal) {
      requests.push(request);
      const turn = turns[Math.min(requests.length, turns.length) - 1];
      if (turn === undefined) throw new Error(`no turn is scripted for ${JSON.stringify(request)}`);
      return turn(request, signal);
    },
    compact: async () => undefined,
    approval: () => ({ settings: { mode: 'ask', allow: [], deny: [] }, remembered: [] }),
    setApproval: () => undefined,
  };
}

/** Answers with the request itself. */
export async function* echoTurn(request: string): AsyncGenerator<TurnEvent> {
  yield { type: 'text-delta', text: `you said ${JSON.stringify(request)}` };
  yield turnEnd({ answer: request });
}

/** Begins to answer, and stops only when it is cancelled. */
export async function* endlessTurn(_request: string, signal: AbortSignal): AsyncGenerator<TurnEvent> {
  yield { type: 'text-delta', text: 'thinking' };
  if (!signal.aborted) await once(signal, 'abort');
  yield turnEnd({ status: 'interrupted', error: { code: 'interrupted', message: 'stopped' } });
}

/** Begins to answer, and ends well once the promise is fulfilled. */
export function turnUntil(done: Promise<unknown>): ScriptedTurn {
  return async function* () {
    yield { type: 'text-delta', text: 'thinking' };
    await done;
    yield turnEnd({});
  };
}

type TurnEnd = Extract<TurnEvent, { type: 'turn-end' }>;

/** The last event of a turn; what is not given says that it ended well. */
export function turnEnd(facts: Partial<TurnEnd>): TurnEnd {
  return {
    type: 'turn-end',
    status: 'ok',
    answer: '',
    error: undefined,
    usage: undefined,
    modelCalls: 1,
    toolCalls: 0,
    denials: [],
    missingScopes: [],
    durationMs: 5,
    ...facts,
  };
}
