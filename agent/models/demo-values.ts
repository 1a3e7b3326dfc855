// Single values out of words, for the demo model. Pure.

import type { DemoParameter } from './demo-tools.ts';
import { compact, type Token } from './demo-words.ts';

const TRUTH: ReadonlyMap<string, boolean> = new Map([
  ...['yes', 'true', 'on'].map((word) => [word, true] as const),
  ...['no', 'false', 'off'].map((word) => [word, false] as const),
]);

/** Whether a word says yes or no. */
export function isTruth(word: string): boolean {
  return TRUTH.has(word.toLowerCase());
}

/** What a text means as the value of a parameter; `undefined` if it cannot be that. */
export function parseValue(parameter: DemoParameter, raw: string): unknown {
  switch (parameter.type) {
    case 'number':
    case 'integer': {
      const value = /^[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?$/i.test(raw) ? Number(raw) : Number.NaN;
      const isValid = parameter.type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
      return isValid ? value : undefined;
    }
    case 'boolean':
      return TRUTH.get(raw.toLowerCase());
    case 'enum':
      return parameter.values.find((value) => String(value).toLowerCase() === raw.toLowerCase());
    case 'string':
      return raw;
    case 'other':
      return undefined;
  }
}

/** The tokens that spell a value, which may have several words: `in_progress` is found in `in progress`. */
export function findWords(tokens: readonly Token[], value: string): readonly Token[] {
  const target = compact(value);
  for (const index of tokens.keys()) {
    let text = '';
    for (let length = 1; index + length <= tokens.length && text.length < target.length; length += 1) {
      text += compact(tokens[index + length - 1]?.text ?? '');
      if (text === target && target !== '') return tokens.slice(index, index + length);
    }
  }
  return [];
}
