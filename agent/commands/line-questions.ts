// Questions of commands outside of the chat, a line each: standard error asks, standard input answers. A person sits there,
// or somebody pipes the answer in.

import { createInterface } from 'node:readline';
import type { LoginQuestions } from '../chat/login-prompt.ts';
import { createMutableOutput } from '../chat/mutable-output.ts';
import type { ChatInput, ChatOutput } from '../chat/terminal.ts';

export interface LineQuestions extends LoginQuestions {
  /** Asks once; only a clear yes is one. Rejects when `signal` aborts. */
  confirm(question: string, signal: AbortSignal): Promise<boolean>;
}

export interface LineQuestionsOptions {
  readonly input: ChatInput;
  readonly output: ChatOutput;
  /** What Ctrl+C does: a terminal that reads a line hands it on as a key. */
  readonly interrupt: () => void;
}

export function createLineQuestions({ input, output, interrupt }: LineQuestionsOptions): LineQuestions {
  /** `undefined` when the input has ended. */
  const readLine = async (prompt: string, isHidden: boolean, signal: AbortSignal): Promise<string | undefined> => {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    const screen = createMutableOutput(output);
    const lines = createInterface({
      input,
      output: screen.stream,
      terminal: input.isTTY === true,
      historySize: 0,
    });
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    lines.on('line', resolve);
    lines.on('SIGINT', interrupt);
    lines.on('close', () => resolve(undefined));
    lines.setPrompt(prompt);
    lines.prompt();
    if (isHidden) screen.mute();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      // Its own listeners go with it: one that stays would show what the next question hides.
      lines.close();
      screen.close();
      // The line is ended by us where the terminal did not see its end.
      if (isHidden || signal.aborted) output.write('\n');
    }
  };
  const confirm: LineQuestions['confirm'] = async (question, signal) =>
    /^y(es)?$/i.test((await readLine(question, false, signal))?.trim() ?? '');
  return {
    confirm,
    agree: (text, signal) => {
      output.write(text);
      return confirm('Sign in? [y/N] ', signal);
    },
    readHidden: (prompt, signal) => readLine(prompt, true, signal),
  };
}
