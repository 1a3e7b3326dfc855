// An async generator, every step of which runs in the scope of one call, and which ends at once when the call does: not
// every package looks at its signal while it waits.

import { type CallScope, runInScope } from './call-scope.ts';
import { untilAborted } from './until-aborted.ts';

/**
 * Gives what the generator gives.
 *
 * @throws the reason of the scope's signal as soon as that aborts
 */
export async function* streamInScope<T>(scope: CallScope, create: () => AsyncGenerator<T>): AsyncGenerator<T> {
  const { signal } = scope;
  signal.throwIfAborted();
  const iterator = runInScope(scope, create);
  const step = () => runInScope(scope, () => iterator.next());
  try {
    for (let next = await untilAborted(step(), signal); !next.done; next = await untilAborted(step(), signal))
      yield next.value;
    // Some packages end quietly when they are aborted.
    signal.throwIfAborted();
  } finally {
    // Not awaited: it waits for a step that may never end.
    iterator.return(undefined).catch(ignore);
  }
}

/** The failure of a generator that nobody reads any more tells nobody anything. */
function ignore(): undefined {
  return undefined;
}
