// Reasoning that a model writes into its answer, between <think> and </think> at the very beginning, is kept apart from
// the answer. Servers without a parser for it, and open models behind them, do that.

const OPEN = '<think>';
const CLOSE = '</think>';

/** A piece of an answer, sorted. */
export interface Sorted {
  readonly text: string;
  readonly reasoning: string;
}

export interface ThinkFilter {
  /** Sorts the next piece; what could be the beginning of a tag is kept back. */
  next(piece: string): Sorted;
  /** What was kept back, at the end. */
  rest(): Sorted;
}

/** Creates the filter of one answer. */
export function createThinkFilter(): ThinkFilter {
  let state: 'start' | 'thinking' | 'after' | 'answer' = 'start';
  let kept = '';

  const next = (piece: string): Sorted => {
    if (state === 'answer') return { text: piece, reasoning: '' };
    kept += piece;
    if (state === 'start') {
      const begin = kept.trimStart();
      if (begin.length < OPEN.length && OPEN.startsWith(begin)) return { text: '', reasoning: '' };
      if (!begin.startsWith(OPEN)) return release();
      kept = begin.slice(OPEN.length);
      state = 'thinking';
    }
    if (state === 'after') return afterThinking('');
    const end = kept.indexOf(CLOSE);
    if (end >= 0) {
      const reasoning = kept.slice(0, end);
      kept = kept.slice(end + CLOSE.length);
      state = 'after';
      return afterThinking(reasoning);
    }
    const safe = kept.length - beginningOf(CLOSE, kept);
    const reasoning = kept.slice(0, safe);
    kept = kept.slice(safe);
    return { text: '', reasoning };
  };

  /** The line breaks between reasoning and answer belong to neither. */
  const afterThinking = (reasoning: string): Sorted => {
    kept = kept.trimStart();
    if (kept === '') return { text: '', reasoning };
    return { ...release(), reasoning };
  };

  const release = (): Sorted => {
    const text = kept;
    kept = '';
    state = 'answer';
    return { text, reasoning: '' };
  };

  const rest = (): Sorted => {
    const last = kept;
    kept = '';
    return state === 'thinking' ? { text: '', reasoning: last } : { text: last, reasoning: '' };
  };

  return { next, rest };
}

/** How many characters at the end of `text` could be the beginning of `tag`. */
function beginningOf(tag: string, text: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length -= 1)
    if (text.endsWith(tag.slice(0, length))) return length;
  return 0;
}
