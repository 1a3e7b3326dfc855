// The one way to the terminal during an answer: lines that stay, below them at most one that is updated in place, and
// nothing at all while a question stands there.

import type { ChatOutput } from './terminal.ts';

const ERASE_ROW = '\r\x1b[2K';

export interface ChatScreen {
  /** Writes text and, below it, the line that is updated in place. That line must fit into a row. */
  show(text: string, live?: string): void;
  /** Takes the line in place away and keeps what is shown from now on back, until the returned function is called. */
  hold(): () => void;
}

export function createChatScreen(output: ChatOutput): ChatScreen {
  let live = '';
  let isDrawn = false;
  let atLineStart = true;
  let held = '';
  let holders = 0;

  const draw = (text: string) => {
    const erase = isDrawn ? ERASE_ROW : '';
    isDrawn = live !== '';
    // In one piece, so that nothing flickers.
    const piece = `${erase}${text}${live}`;
    if (piece !== '') output.write(piece);
    if (text !== '') atLineStart = text.endsWith('\n');
  };
  return {
    show(text, next = '') {
      if (text === '' && next === live) return;
      live = next;
      if (holders > 0) held += text;
      else draw(text);
    },
    hold() {
      if (holders === 0 && isDrawn) {
        output.write(ERASE_ROW);
        isDrawn = false;
      }
      // A question never goes on behind a model's words.
      if (holders === 0 && !atLineStart) output.write('\n');
      holders += 1;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        holders -= 1;
        if (holders > 0) return;
        const text = held;
        held = '';
        draw(text);
      };
    },
  };
}
