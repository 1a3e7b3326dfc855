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
  { name: 'read:notes', description: 'Read and search your notes', risky: false },
  { name: 'write:notes', description: 'Read your notes, write new ones and change those there are', risky: true },
  { name: 'delete:notes', description: 'Read your notes and delete them', risky: true },
] as const satisfies readonly ScopeDescription[];

/** The name of a scope this resource understands. */
export type Scope = (typeof SCOPES)[number]['name'];

/**
 * What a client should ask for at first: named in the 401 challenge (MCP 2026-07-28, Scope Selection Strategy). Only what
 * every set-up has: an issuer refuses the whole request when it names a permission that it was never told of, and a
 * client that wants notes learns their scopes from `tools/list` or from the 403.
 */
export const INITIAL_SCOPES: readonly Scope[] = ['read:add'];

/** The broad scope and what comes with it: who may change or delete notes has to see them. */
const IMPLIED: Readonly<Partial<Record<Scope, readonly Scope[]>>> = {
  'write:notes': ['read:notes'],
  'delete:notes': ['read:notes'],
};

/** Whether `name` is a scope of this resource. */
export function isScope(name: unknown): name is Scope {
  return SCOPES.some((scope) => scope.name === name);
}

/** Where lists name the scopes that an entry needs, so that a client can show them and step up. */
export const SCOPES_META_KEY = 'authorized-mcp-agent/scopes';

/**
 * The scopes of `needed` that `granted` does not cover, in the order given. Names are compared as they are, so that
 * neither `read:addx` nor `READ:ADD` covers `read:add`.
 *
 * @see MCP 2026-07-28 authorization, "Scope Challenge Handling": a broad scope covers the narrow ones that it implies
 */
export function missingScopes(granted: readonly string[], needed: readonly Scope[]): Scope[] {
  const covered = new Set<string>(granted);
  for (const { name } of SCOPES)
    if (granted.includes(name)) for (const scope of IMPLIED[name] ?? []) covered.add(scope);
  return needed.filter((scope) => !covered.has(scope));
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
