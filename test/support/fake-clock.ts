// A clock that stands still until a test moves it. Imports neither half.

export interface FakeClock {
  now(): number;
  after(delayMs: number, action: () => void): () => void;
  /** Moves on by `milliseconds`; what is due runs, in order. */
  advance(milliseconds: number): void;
}

export function createFakeClock(startMs = Date.now()): FakeClock {
  const timers = new Set<{ readonly dueMs: number; readonly action: () => void }>();
  let nowMs = startMs;
  return {
    now: () => nowMs,
    after: (delayMs, action) => {
      const timer = { dueMs: nowMs + delayMs, action };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance: (milliseconds) => {
      nowMs += milliseconds;
      const due = [...timers].filter(({ dueMs }) => dueMs <= nowMs).toSorted((a, b) => a.dueMs - b.dueMs);
      for (const timer of due) if (timers.delete(timer)) timer.action();
    },
  };
}
