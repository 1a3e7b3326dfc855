// Callbacks that stream are waited for. By default LangChain puts all callbacks of the process into one queue and waits for
// none: with several conversations at a time a graph has ended before the last words of its model are out of the queue, and
// nobody ever reads them.

import type { Callbacks } from '@langchain/core/callbacks/manager';

/** Makes the handlers that pass an answer on, word by word, part of the call; the others stay in the queue. */
export function awaitStreamHandlers(callbacks: Callbacks | undefined): void {
  const handlers = Array.isArray(callbacks) ? callbacks : (callbacks?.handlers ?? []);
  for (const handler of handlers)
    if ('lc_prefer_streaming' in handler && 'awaitHandlers' in handler) handler.awaitHandlers = true;
}
