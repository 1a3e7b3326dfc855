// Time as the server's own timers see it: what is the time, and call me later. An argument wherever something expires, so
// that a test can move it.

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `action` once after `delayMs`; the returned function calls it off. Does not keep the process alive. */
  after(delayMs: number, action: () => void): () => void;
}

/**
 * Milliseconds for durations and intervals: goes on evenly whatever is done to the time of day. A clock that is set back
 * would otherwise stop whatever waits for its next turn, such as the look at what was revoked.
 */
export const elapsedMs = (): number => performance.now();

/** The longest delay that a timer of Node can wait; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, action) => {
    let timer: NodeJS.Timeout;
    const wait = (remainingMs: number) => {
      const stepMs = Math.min(Math.max(remainingMs, 0), MAX_TIMER_MS);
      timer = setTimeout(() => (remainingMs > stepMs ? wait(remainingMs - stepMs) : action()), stepMs);
      timer.unref();
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};
