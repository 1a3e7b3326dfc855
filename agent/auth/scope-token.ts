// Scopes as servers name them. Persons read them before they say yes, and shells and issuers get them: each is checked where
// it comes in, since a space, an invisible character or a few thousand letters could pass for another scope or another line.

import { AgentError } from '../errors.ts';

const LIMITS = {
  /** The longest in use name an API by its URL. */
  scopeChars: 256,
  /** More than anybody reads before saying yes. */
  scopes: 200,
  shownChars: 120,
} as const;

/** Whether the text is one scope. @see RFC 6749 §3.3 */
export function isScopeToken(text: string): boolean {
  return text.length <= LIMITS.scopeChars && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text);
}

/**
 * The scopes in these texts, each of which may hold several between spaces.
 *
 * @param saidBy whose word they are, for the message
 * @throws {AgentError} `protocol_error` when one is none, or there are more than 200
 * @see RFC 6749 §3.3
 */
export function parseScopes(texts: readonly string[], saidBy: string): readonly string[] {
  const scopes = [...new Set(texts.flatMap((text) => text.split(' ')).filter(Boolean))];
  const bad = scopes.find((scope) => !isScopeToken(scope));
  if (bad !== undefined)
    throw new AgentError(
      'protocol_error',
      `${saidBy} names a scope that is none: ${quote(bad)}. Expected: printable ASCII without spaces, quotes and backslashes, at most ${LIMITS.scopeChars} characters (RFC 6749 §3.3). Nothing was asked for. Tell whoever runs that server.`,
    );
  if (scopes.length > LIMITS.scopes)
    throw new AgentError(
      'protocol_error',
      `${saidBy} names ${scopes.length} scopes; expected at most ${LIMITS.scopes}. Nothing was asked for. Tell whoever runs that server.`,
    );
  return scopes;
}

/** The scopes in a list that nobody asks for as it stands: what is none is left out, and so is what comes after 200. */
export function knownScopes(texts: readonly string[]): readonly string[] {
  const scopes = texts.flatMap((text) => text.split(' ')).filter(isScopeToken);
  return [...new Set(scopes)].slice(0, LIMITS.scopes);
}

/** Nothing that a terminal would act on, or an eye would miss. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, LIMITS.shownChars)).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
