// Who is next: each request begins in a turn of its own of the event loop, and the requests of one caller begin one after
// the other. A body with a hundred calls then keeps nobody waiting for longer than one of them takes.

import { setImmediate } from 'node:timers/promises';

/** Resolves when it is the turn of one more request of `caller`; those of others have their turns meanwhile. */
export type TakeTurn = (caller: string) => Promise<void>;

export function createTurns(): TakeTurn {
  /** The last turn that each caller who is waiting has asked for. */
  const last = new Map<string, Promise<void>>();
  return (caller) => {
    const before = last.get(caller) ?? Promise.resolve();
    const turn = before.then(() => setImmediate());
    last.set(caller, turn);
    return turn.finally(() => {
      if (last.get(caller) === turn) last.delete(caller);
    });
  };
}
