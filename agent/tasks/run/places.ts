// So many places, and whoever wants one more waits for one to become free, in the order of asking.

export interface Places {
  /**
   * Waits for a free place.
   *
   * @returns what gives the place back, once
   * @throws the signal's reason, when it is aborted before a place is free
   */
  take(signal: AbortSignal): Promise<() => void>;
}

/** Creates the places; all of them are free. */
export function createPlaces(count: number): Places {
  const waiting = new Set<() => void>();
  let free = count;
  const giveBack = () => {
    free += 1;
    const [next] = waiting;
    next?.();
  };
  return {
    take: async (signal) => {
      signal.throwIfAborted();
      if (free === 0) {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const onAbort = () => {
          waiting.delete(onFree);
          reject(signal.reason);
        };
        // Taken at once: whoever asks before the waiting one goes on must not get it.
        const onFree = () => {
          waiting.delete(onFree);
          free -= 1;
          resolve();
        };
        waiting.add(onFree);
        signal.addEventListener('abort', onAbort, { once: true });
        await promise.finally(() => signal.removeEventListener('abort', onAbort));
      } else free -= 1;
      let isGiven = false;
      return () => {
        if (!isGiven) giveBack();
        isGiven = true;
      };
    },
  };
}
