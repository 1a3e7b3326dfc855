// Requests from a pipe or a file: one per line, in order, no prompt. The end of input is noticed only between two answers,
// since it comes long before the first answer when a file is piped in.

import type { Readable } from 'node:stream';
import type { RequestSource } from './request-source.ts';

/** Reads one request per line. Blank lines are skipped, and a last line needs no line feed. */
export function createPipedRequests(input: Readable): RequestSource {
  const lines = readLines(input);
  return {
    async next() {
      for (;;) {
        const line = await lines.next();
        if (line.done) return { type: 'end', exitCode: 0 };
        const text = line.value.trim();
        if (text !== '') return { type: 'request', text };
      }
    },
    whileAnswering(answer) {
      // Nobody can cancel here: Ctrl+C ends the whole process, as for any other command in a pipe.
      return answer(new AbortController().signal);
    },
    async close() {
      await lines.return();
    },
  };
}

/** Splits on line feeds only; Node's readline would also split on U+2028, which may stand inside a request. */
async function* readLines(input: Readable): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of input) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
