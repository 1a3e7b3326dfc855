// Requests from a person at a terminal: Node's readline with what it lacks. Pasted lines stay one request, keys pressed
// while the agent works are kept but not echoed, and Ctrl+C acts on whatever is going on. readline is never paused, only
// muted: a paused one leaves the terminal in raw mode, where Ctrl+C does nothing.

import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { type HistorySearch, type SearchKey, startHistorySearch } from './history-search.ts';
import type { KeyRouter } from './key-router.ts';
import { createMutableOutput } from './mutable-output.ts';
import { createRecall, toEditedLine, toRequest } from './recall.ts';
import type { NextRequest, RequestSource } from './request-source.ts';
import type { ChatOutput } from './terminal.ts';
import { visibleText } from './visible-text.ts';

const LEAVE_WITHIN_MS = 2000;
const COMPLETE_WITHIN_MS = 1000;
const PASTE_MARKS_ON = '\x1b[?2004h';
const PASTE_MARKS_OFF = '\x1b[?2004l';

/** Candidates, and the part of the line that they replace. */
export type Completion = [string[], string];

export interface LineEditorOptions {
  readonly keys: KeyRouter;
  readonly output: ChatOutput;
  /** Shown before a request, and before each further line of it. */
  readonly prompt: string;
  readonly continuationPrompt: string;
  /** Shown after Ctrl+C where there is nothing to cancel or clear. */
  readonly leaveHint: string;
  /** Requests for the up arrow, oldest first. */
  readonly history: readonly string[];
  readonly complete: (line: string) => Completion | Promise<Completion>;
  /** How long a completion may take; default a second. */
  readonly patience?: () => Promise<undefined>;
  /** Milliseconds of a clock that never jumps; default `performance.now`. */
  readonly now?: () => number;
  /** Stops the programs in front of the terminal; default: by the signal that Ctrl+Z is elsewhere. */
  readonly suspend?: () => void;
}

export interface LineEditor extends RequestSource {
  /** Does what Ctrl+C does. */
  interrupt(): void;
}

/** Takes the terminal over until `close`. It ends with 0 by Ctrl+D or a lost terminal, with 130 by a second Ctrl+C. */
export function createLineEditor(options: LineEditorOptions): LineEditor {
  const { keys, output, prompt, continuationPrompt, leaveHint, now = () => performance.now() } = options;
  const { patience = () => wait(COMPLETE_WITHIN_MS, undefined, { ref: false }) } = options;
  const { suspend = () => process.kill(0, 'SIGTSTP') } = options;
  const input = keys.editorInput;
  const screen = createMutableOutput(output);
  const recall = createRecall(options.history);
  const queue: string[] = [];
  let lines: string[] = [];
  let isPasting = false;
  let isDiscarding = false;
  let search: { readonly history: HistorySearch; readonly before: string } | undefined;
  let hintedAt = Number.NEGATIVE_INFINITY;
  let waiting: ((next: NextRequest) => void) | undefined;
  let answering: AbortController | undefined;
  let ended: NextRequest | undefined;
  let isClosed = false;

  screen.mute();
  const readline = createInterface({
    input,
    output: screen.stream,
    terminal: true,
    history: recall.list,
    historySize: recall.maxEntries,
    completer: (line: string, done: (error: null, result: Completion) => void) => {
      const completion: Completion | Promise<Completion> = search ? [[], line] : options.complete(line);
      if (!(completion instanceof Promise)) return done(null, completion);
      // readline reads no key meanwhile, not even Ctrl+C: a server that does not answer soon completes nothing.
      Promise.race([completion, patience()]).then(
        (result) => done(null, result ?? [[], line]),
        () => done(null, [[], line]),
      );
    },
  });
  readline.on('history', recall.restore);
  readline.on('line', onLine);
  readline.on('SIGINT', onInterrupt);
  readline.on('SIGTSTP', onSuspend);
  readline.on('close', () => end(0));
  // Reading fails when the terminal is gone, and then nobody is left to tell.
  readline.on('error', () => end(0));
  input.on('keypress', onKeypress);
  process.on('exit', disablePasteMarks);
  output.write(PASTE_MARKS_ON);

  return {
    interrupt: onInterrupt,
    next() {
      if (ended !== undefined) return Promise.resolve(ended);
      const queued = queue.shift();
      if (queued !== undefined) {
        echo(queued.split('\n'));
        return Promise.resolve({ type: 'request', text: queued });
      }
      return new Promise((resolve) => {
        waiting = resolve;
        // Typed ahead, hence never echoed: take it out, and type it again where it can be seen.
        const typed = takeLine();
        screen.unmute();
        echo(lines);
        showPrompt();
        if (typed !== '') readline.write(typed);
      });
    },
    async whileAnswering(answer) {
      if (ended !== undefined) return;
      answering = new AbortController();
      try {
        await answer(answering.signal);
      } finally {
        answering = undefined;
      }
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      end(0);
      readline.close();
      screen.close();
      input.off('keypress', onKeypress);
      process.off('exit', disablePasteMarks);
      disablePasteMarks();
    },
  };

  function onKeypress(_character: string | undefined, key: SearchKey | undefined): void {
    if (key?.name === 'paste-start') isPasting = true;
    if (key?.name === 'paste-end') isPasting = false;
    if (search !== undefined) searchOn(search, key ?? {});
    else if (key?.ctrl && key.name === 'r' && !isPasting) beginSearch();
  }

  /** Ctrl+R, as in a shell: readline edits what is searched for, unseen, and what is found takes the place of the line. */
  function beginSearch(): void {
    if (waiting === undefined) return;
    const before = takeLine({ isVisible: false });
    screen.mute();
    search = { before, history: startHistorySearch(output, recall.entries()) };
  }

  function searchOn({ history, before }: NonNullable<typeof search>, key: SearchKey): void {
    const next = history.press(key, readline.line);
    if (next !== 'goes-on') endSearch(next === 'given-up' ? before : (history.found() ?? before));
  }

  function endSearch(line: string): void {
    search?.history.end();
    search = undefined;
    takeLine({ isVisible: false });
    screen.unmute();
    showPrompt();
    readline.write(line);
  }

  function onLine(line: string): void {
    if (isDiscarding) return;
    if (search !== undefined) {
      const found = search.history.found();
      endSearch(found ?? search.before);
      if (found !== undefined) readline.write('\n');
      return;
    }
    hintedAt = Number.NEGATIVE_INFINITY;
    const isContinued = !isPasting && line.endsWith('\\');
    lines.push(toRequest(isContinued ? line.slice(0, -1) : line));
    if (isPasting || isContinued) {
      showPrompt();
      return;
    }
    const request = lines.join('\n').trim();
    lines = [];
    if (request === '') {
      showPrompt();
      return;
    }
    recall.remember(request);
    deliver(request);
  }

  function deliver(request: string): void {
    if (waiting === undefined) {
      queue.push(request);
      return;
    }
    screen.mute();
    waiting({ type: 'request', text: request });
    waiting = undefined;
  }

  function onInterrupt(): void {
    isPasting = false;
    if (search !== undefined) {
      endSearch(search.before);
      return;
    }
    if (answering !== undefined && !answering.signal.aborted) {
      unqueue();
      answering.abort();
    } else if (waiting !== undefined && (readline.line !== '' || lines.length > 0)) {
      lines = [];
      readline.write(null, { ctrl: true, name: 'e' });
      readline.write('^C');
      takeLine();
      showPrompt();
    } else if (now() - hintedAt < LEAVE_WITHIN_MS) {
      end(130);
    } else {
      hintedAt = now();
      output.write(`\n${leaveHint}\n`);
      showPrompt();
    }
  }

  /** Requests typed ahead of a turn that was cancelled go back into the line: they may not be wanted any more. */
  function unqueue(): void {
    if (queue.length === 0) return;
    const texts = [...queue.splice(0), ...lines, toRequest(takeLine())];
    lines = [];
    readline.write(toEditedLine(texts.join('\n')));
  }

  /**
   * Ctrl+Z. readline would stop this process alone, and whoever waits for it, npm for one, would go on waiting in front of a
   * terminal that does nothing.
   */
  function onSuspend(): void {
    input.setRawMode?.(false);
    disablePasteMarks();
    process.once('SIGCONT', onContinue);
    suspend();
    // Comes after the stop, or at once where nothing can be stopped because no shell is there to go on with it.
    setImmediate(onContinue);
  }

  /** The shell has changed the terminal's modes meanwhile. */
  function onContinue(): void {
    process.off('SIGCONT', onContinue);
    if (isClosed) return;
    input.setRawMode?.(true);
    output.write(PASTE_MARKS_ON);
    if (waiting !== undefined && search === undefined) readline.prompt(true);
  }

  function end(exitCode: 0 | 130): void {
    if (ended !== undefined) return;
    ended = { type: 'end', exitCode };
    answering?.abort();
    if (waiting !== undefined) output.write('\n');
    waiting?.(ended);
    waiting = undefined;
    // Out of raw mode at once: if the turn does not stop, Ctrl+C is a signal again and ends the process.
    readline.close();
  }

  function showPrompt(): void {
    if (waiting === undefined) return;
    readline.setPrompt(lines.length === 0 ? prompt : continuationPrompt);
    readline.prompt();
  }

  /** Empties the line by submitting it, the only way that also makes the up arrow start from the newest entry again. */
  function takeLine({ isVisible = true } = {}): string {
    const { line } = readline;
    isDiscarding = true;
    if (!isVisible) {
      readline.write(null, { ctrl: true, name: 'e' });
      readline.write(null, { ctrl: true, name: 'u' });
      screen.mute();
    }
    readline.write('\n');
    if (!isVisible) screen.unmute();
    isDiscarding = false;
    return line;
  }

  function echo(texts: readonly string[]): void {
    for (const [index, text] of texts.entries()) {
      output.write(`${index === 0 ? prompt : continuationPrompt}${visibleText(text)}\n`);
    }
  }

  function disablePasteMarks(): void {
    output.write(PASTE_MARKS_OFF);
  }
}
