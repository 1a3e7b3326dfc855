// The turns that this process records, by directory: several conversations may record into one at a time, and what they ask
// alike is asked by one of them.

import { resolve } from 'node:path';
import type { AIMessageChunk } from '@langchain/core/messages';
import { untilAborted } from './until-aborted.ts';

type Answer = readonly AIMessageChunk[];

export type Claim =
  /** Somebody has asked before; this is the answer. */
  | { readonly isTaken: true; readonly answer: Answer }
  /** The caller asks, and says what came of it; `undefined` if nothing whole did. */
  | { readonly isTaken: false; readonly settle: (answer: Answer | undefined) => void };

const turns = new Map<string, Promise<Answer | undefined>>();

/**
 * Claims a question, or waits for the answer of whoever has claimed it before.
 *
 * @param question the same text for the same question
 * @throws the reason of the signal, if it aborts while waiting
 */
export async function claimTurn(directory: string, question: string, signal?: AbortSignal): Promise<Claim> {
  const key = `${resolve(directory)} ${question}`;
  for (let earlier = turns.get(key); earlier; earlier = turns.get(key)) {
    const answer = await (signal ? untilAborted(earlier, signal) : earlier);
    if (answer) return { isTaken: true, answer };
  }
  const asking = Promise.withResolvers<Answer | undefined>();
  turns.set(key, asking.promise);
  return {
    isTaken: false,
    settle: (answer) => {
      if (!answer) turns.delete(key);
      asking.resolve(answer);
    },
  };
}
