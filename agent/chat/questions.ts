// Questions to the person in the middle of an answer: one key, or one line. One at a time; while a question stands there,
// whatever else wants to write waits.

import { createInterface } from 'node:readline';
import { type KeyPress, type KeyRouter, listenToEscape, listenToKeys } from './key-router.ts';
import { createMutableOutput } from './mutable-output.ts';
import type { ChatOutput } from './terminal.ts';

export interface KeyQuestion<T> {
  /** What is asked, in whole lines. */
  readonly text: string;
  /** Stands before the cursor; keys count from when it is there. */
  readonly prompt: string;
  /** What a key means, and what is shown for it; `undefined` for a key that means nothing. */
  readonly read: (key: KeyPress) => { readonly value: T; readonly shown: string } | undefined;
}

export interface LineQuestion {
  readonly text?: string;
  readonly prompt: string;
  /** Stands in the line to be edited. */
  readonly initial?: string;
  /** Whether what is typed stays invisible. Default false. */
  readonly isHidden?: boolean;
}

export interface Questions {
  /** Rejects when `signal` aborts; Ctrl+C aborts what is going on, and with it the question. */
  key<T>(question: KeyQuestion<T>, signal: AbortSignal): Promise<T>;
  /** The line, or `undefined` after Esc or Ctrl+D. Rejects when `signal` aborts. */
  line(question: LineQuestion, signal: AbortSignal): Promise<string | undefined>;
  /** Runs several questions without anything in between. Rejects when `signal` aborts before it is its turn. */
  inTurn<T>(ask: (questions: Questions) => Promise<T>, signal: AbortSignal): Promise<T>;
}

export interface QuestionsOptions {
  readonly keys: KeyRouter;
  readonly output: ChatOutput;
  /** What Ctrl+C does. */
  readonly interrupt: () => void;
  /** Keeps all others from writing until the returned function is called. */
  readonly hold: () => () => void;
}

export function createQuestions({ keys, output, interrupt, hold }: QuestionsOptions): Questions {
  let last: Promise<unknown> = Promise.resolve();

  async function inTurn<T>(ask: (questions: Questions) => Promise<T>, signal: AbortSignal): Promise<T> {
    const mine = last.then(async () => {
      signal.throwIfAborted();
      await keys.quiet(signal);
      const letGo = hold();
      try {
        return await ask(direct);
      } finally {
        letGo();
      }
    });
    last = mine.catch(() => undefined);
    return mine;
  }

  const direct: Questions = {
    inTurn: (ask) => ask(direct),
    key: (question, signal) =>
      withKeys(signal, (taken, resolve) => {
        output.write(`${question.text}${question.prompt}`);
        let isAnswered = false;
        listenToKeys(taken, (key) => {
          // More may come on the same keys: Node reports Esc once more, half a second after it was pressed.
          if (isAnswered || signal.aborted) return;
          if (key.ctrl && key.name === 'c') return interrupt();
          const answer = question.read(key);
          if (answer === undefined) return;
          isAnswered = true;
          output.write(`${answer.shown}\n`);
          resolve(answer.value);
        });
        return undefined;
      }),
    line: ({ text = '', prompt, initial = '', isHidden = false }, signal) =>
      withKeys<string | undefined>(signal, (taken, resolve) => {
        output.write(text);
        const screen = createMutableOutput(output);
        const line = createInterface({ input: taken.stream, output: screen.stream, terminal: true, historySize: 0 });
        const pasted: string[] = [];
        let isPasting = false;
        taken.stream.on('keypress', (_text, key: Partial<KeyPress> | undefined) => {
          if (key?.name === 'paste-start') isPasting = true;
          if (key?.name === 'paste-end') isPasting = false;
        });
        listenToEscape(taken, () => resolve(undefined));
        line.on('line', (typed) => {
          pasted.push(typed);
          if (isPasting) return;
          resolve(pasted.join('\n'));
        });
        line.on('SIGINT', interrupt);
        // readline would stop this process alone, and leave npm waiting for it in front of the terminal.
        line.on('SIGTSTP', () => undefined);
        line.on('close', () => resolve(undefined));
        line.setPrompt(prompt);
        line.prompt();
        if (initial !== '') line.write(initial);
        if (isHidden) screen.mute();
        return () => {
          line.removeAllListeners();
          line.close();
          screen.close();
          if (isHidden) output.write('\n');
        };
      }),
  };

  /** Has the keys until an answer is there; the answer's line is ended in any case. */
  function withKeys<T>(
    signal: AbortSignal,
    ask: (taken: ReturnType<KeyRouter['take']>, resolve: (answer: T) => void) => (() => void) | undefined,
  ): Promise<T> {
    signal.throwIfAborted();
    const taken = keys.take();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onAbort = () => {
      output.write('\n');
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort);
    // The keys end with the terminal, and then nobody is left to answer.
    taken.stream.once('end', () => reject(new Error('The terminal is gone.')));
    const finish = ask(taken, resolve);
    return promise.finally(() => {
      signal.removeEventListener('abort', onAbort);
      taken.release();
      finish?.();
    });
  }

  return {
    inTurn,
    key: (question, signal) => inTurn((questions) => questions.key(question, signal), signal),
    line: (question, signal) => inTurn((questions) => questions.line(question, signal), signal),
  };
}
