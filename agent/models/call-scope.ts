// What belongs to one call of a model and has to reach the request that it makes, whatever the package in between hands
// on: the transport, and the signal that ends the call. Some packages lose the one, some the other.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { BaseMessage } from '@langchain/core/messages';

export interface CallScope {
  /** Ends the call: cancelled by the person, or over. */
  readonly signal: AbortSignal;
  /** Takes the place of the global `fetch` in packages that have no parameter for it. */
  readonly transport: typeof fetch;
  /** What the model is asked, as LangChain has it. */
  readonly messages: readonly BaseMessage[];
  /** Why the last request of this call failed, in our own words; packages lose what the server said. */
  failure: { readonly error: Error } | undefined;
}

const scopes = new AsyncLocalStorage<CallScope | undefined>();

/** Runs one step of a call in its scope. */
export function runInScope<T>(scope: CallScope, step: () => T): T {
  return scopes.run(scope, step);
}

/**
 * Runs what sends a request in the end: the global `fetch` is then the real one, and not the one that would lead back to
 * the transport that sends.
 */
export function runOutOfScope<T>(step: () => T): T {
  return scopes.run(undefined, step);
}

/** The scope of the call that is running; `undefined` outside of one. */
export function currentScope(): CallScope | undefined {
  return scopes.getStore();
}

/** Marks the function below, so that it is put in place once. */
const IS_SCOPED = Symbol('scoped fetch');

/**
 * Puts a function in the place of the global `fetch` that, within a call of a model, is the call's transport, and the
 * `fetch` before it everywhere else. For packages that take no transport; called when one of them is loaded.
 */
export function installScopedFetch(): void {
  const outside = globalThis.fetch;
  if (IS_SCOPED in outside) return;
  const scoped: typeof fetch = (input, init) => (currentScope()?.transport ?? outside)(input, init);
  globalThis.fetch = Object.assign(scoped, { [IS_SCOPED]: true });
}
