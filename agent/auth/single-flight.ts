// Work that many wait for and one does. Whoever gives up leaves the others waiting; when nobody waits any more, the work is
// told to stop.

export interface SingleFlight<T> {
  /** Whether the work is going on for somebody. */
  isFlying(): boolean;
  /** Joins the work that is going on, or starts it. */
  join(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Resolves when the work that is going on has ended, whatever became of it; rejects when `signal` aborts. */
  settled(signal?: AbortSignal): Promise<void>;
}

interface Flight<T> {
  readonly landing: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

export function createSingleFlight<T>(): SingleFlight<T> {
  let current: Flight<T> | undefined;

  const start = (work: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const controller = new AbortController();
    const flight: Flight<T> = {
      controller,
      waiting: 0,
      landing: work(controller.signal).finally(() => {
        if (current === flight) current = undefined;
      }),
    };
    // When all have given up, nobody is left to be told that it failed.
    flight.landing.catch(() => undefined);
    current = flight;
    return flight;
  };

  return {
    isFlying: () => current !== undefined,
    settled: async (signal) => {
      signal?.throwIfAborted();
      const ended = current?.landing.then(
        () => undefined,
        () => undefined,
      );
      if (!signal) return await ended;
      const { promise, reject } = Promise.withResolvers<never>();
      const giveUp = () => reject(signal.reason);
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        await Promise.race([ended, promise]);
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    },
    join: async (work, signal) => {
      signal?.throwIfAborted();
      const flight = current ?? start(work);
      flight.waiting += 1;
      if (!signal) return await flight.landing;
      const { promise, reject } = Promise.withResolvers<never>();
      const giveUp = () => {
        flight.waiting -= 1;
        if (flight.waiting === 0) {
          if (current === flight) current = undefined;
          flight.controller.abort(signal.reason);
        }
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        return await Promise.race([flight.landing, promise]);
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    },
  };
}
