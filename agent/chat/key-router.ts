// Who gets the keys: the line editor, or a question that stands on the screen. A key that was pressed before a question was
// there never reaches it: it stays with the editor, and a question is only asked once nobody is typing or pasting.

import { emitKeypressEvents } from 'node:readline';
import { PassThrough } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { ChatInput } from './terminal.ts';

// Shorter than the pause before an answer that was thought about, longer than the one between two keys of a typist.
const QUIET_MS = 300;
const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';

export interface KeyPress {
  /** What the key types; empty for keys that type nothing. */
  readonly text: string;
  /** `return`, `escape`, `up`, a letter; empty where there is no name. */
  readonly name: string;
  readonly ctrl: boolean;
  readonly meta: boolean;
}

export interface TakenKeys {
  readonly stream: PassThrough;
  /** Gives the keys back to who had them before. May be called twice. */
  release(): void;
}

export interface KeyRouter {
  /** What the line editor reads. */
  readonly editorInput: RawInput;
  /** Resolves when nobody has pressed a key for a moment. Rejects when `signal` aborts. */
  quiet(signal: AbortSignal): Promise<void>;
  /** From now on all keys go to a stream of their own. */
  take(): TakenKeys;
  close(): void;
}

export interface KeyRouterOptions {
  /** Waits for the moment that counts as quiet; default 300 ms. */
  readonly settle?: (signal: AbortSignal) => Promise<unknown>;
}

/** Input that can hand over keys as they are pressed. */
export type RawInput = ChatInput & { setRawMode?(mode: boolean): unknown };

/** Reads `input` until `close`. */
export function createKeyRouter(input: RawInput, options: KeyRouterOptions = {}): KeyRouter {
  const { settle = (signal) => wait(QUIET_MS, undefined, { signal }) } = options;
  const editorInput = Object.assign(new PassThrough(), {
    isTTY: input.isTTY === true,
    setRawMode: (mode: boolean) => void input.setRawMode?.(mode),
  });
  const takers: PassThrough[] = [];
  let presses = 0;
  let isPasting = false;
  let tail = '';

  const onData = (chunk: Buffer | string) => {
    presses += 1;
    // A mark may come in two pieces.
    const text = tail + chunk.toString();
    tail = text.slice(1 - PASTE_START.length);
    const [started, ended] = [text.lastIndexOf(PASTE_START), text.lastIndexOf(PASTE_END)];
    if (started !== ended) isPasting = started > ended;
    (takers.at(-1) ?? editorInput).write(chunk);
  };
  const onEnd = () => {
    for (const stream of [editorInput, ...takers]) stream.end();
  };
  const onError = (error: Error) => void editorInput.destroy(error);
  input.on('data', onData);
  input.on('end', onEnd);
  input.on('error', onError);

  return {
    editorInput,
    async quiet(signal) {
      for (;;) {
        signal.throwIfAborted();
        const before = presses;
        await settle(signal);
        if (presses === before && !isPasting) return;
      }
    },
    take() {
      const stream = new PassThrough();
      takers.push(stream);
      return {
        stream,
        release() {
          const index = takers.indexOf(stream);
          if (index >= 0) takers.splice(index, 1);
        },
      };
    },
    close() {
      input.off('data', onData);
      input.off('end', onEnd);
      input.off('error', onError);
      input.pause();
    },
  };
}

/** Calls `onEscape` for Esc at once: Node would wait half a second for the rest of a sequence. */
export function listenToEscape({ stream }: TakenKeys, onEscape: () => void): void {
  stream.on('data', (chunk: Buffer) => {
    if (chunk.toString() === '\x1b') onEscape();
  });
}

/** Calls `onKey` for each key on the stream; what is pasted is none. */
export function listenToKeys(taken: TakenKeys, onKey: (key: KeyPress) => void): void {
  const { stream } = taken;
  let isPasting = false;
  listenToEscape(taken, () => onKey({ text: '', name: 'escape', ctrl: false, meta: false }));
  emitKeypressEvents(stream);
  stream.on('keypress', (text: string | undefined, key: Partial<KeyPress> | undefined) => {
    if (key?.name === 'paste-start') isPasting = true;
    else if (key?.name === 'paste-end') isPasting = false;
    else if (!isPasting)
      onKey({ text: text ?? '', name: key?.name ?? '', ctrl: key?.ctrl === true, meta: key?.meta === true });
  });
}
