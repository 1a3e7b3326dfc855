// The scopes this resource understands, in words that a person can consent to. Which tool needs which scope is written
// at the tool; this file only says what the scopes are and when one set of them covers another.

import type { ScopeChallengeHandler } from '@modelcontextprotocol/server';

/** One scope: its name on the wire, what it allows in words, and whether a person should think twice. */
export interface ScopeDescription {
  readonly name: string;
  readonly description: string;
  readonly risky: boolean;
}

export const SCOPES = [
  { name: 'read:add', description: 'Use the add tool of the MCP server', risky: false },
] as const satisfies readonly ScopeDescription[];

/** The name of a scope this resource understands. */
export type Scope = (typeof SCOPES)[number]['name'];

/** What a client should ask for at first: named in the 401 challenge (MCP 2026-07-28, Scope Selection Strategy). */
export const INITIAL_SCOPES: readonly Scope[] = ['read:add'];

/** The scopes of `needed` that `granted` does not cover, in the order given. */
export function missingScopes(granted: readonly string[], needed: readonly Scope[]): Scope[] {
  return needed.filter((scope) => !granted.includes(scope));
}

/**
 * Asks for `scopes` before the operation runs: the server answers 403 `insufficient_scope` and names all of them in one
 * challenge, held or not, so that the client can ask once.
 *
 * @see RFC 6750 §3.1; MCP 2026-07-28 authorization, "Scope Challenge Handling"
 */
export function requireScopes(...scopes: readonly [Scope, ...Scope[]]): ScopeChallengeHandler {
  return ({ authInfo }) => {
    const missing = missingScopes(authInfo?.scopes ?? [], scopes);
    return missing.length === 0
      ? undefined
      : { scopes, errorDescription: `The access token lacks the scope ${missing.join(' ')}` };
  };
}
