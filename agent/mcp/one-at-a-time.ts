// Work that many ask for while one does it: done once more afterwards, whoever asked, and at a pace that a server cannot set.

import { setTimeout } from 'node:timers/promises';

/** A server that has news without end does not keep us busy with them. */
const MIN_PAUSE_MS = 1000;

/** Runs the work once more if it is asked for while it runs, however often that is; not more often than once a second. */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let isStale = false;
  let endedAtMs = Number.NEGATIVE_INFINITY;
  const run = async () => {
    do {
      const restMs = endedAtMs + MIN_PAUSE_MS - performance.now();
      if (restMs > 0) await setTimeout(restMs, undefined, { ref: false });
      isStale = false;
      await work();
      endedAtMs = performance.now();
    } while (isStale);
  };
  return () => {
    isStale = true;
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}
