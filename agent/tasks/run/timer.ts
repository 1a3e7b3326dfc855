// Timers that are handed in, so that no test waits for one.

/** Calls back after so many milliseconds, unless the returned function is called before. */
export type StartTimer = (ms: number, callback: () => void) => () => void;

export const startRealTimer: StartTimer = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};
