// Who calls, as tools, resources and prompts may know it: names and scopes, never the token.

import type { AuthInfo } from '@modelcontextprotocol/server';
import { subjectKey } from './admitted-request.ts';
import type { Recheck } from './auth/gate.ts';

export interface Caller {
  readonly issuer: string;
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Whose data the call is about: the subject, whichever client it uses. */
  readonly owner: string;
  /** The id of the HTTP request, as in the log. */
  readonly requestId: string | undefined;
}

/**
 * Reads what the gate handed on.
 *
 * @throws {TypeError} when there is nothing: a fault of the server, since every operation passes the gate
 */
export function callerOf(authInfo: AuthInfo | undefined): Caller {
  const { issuer, subject, requestId } = authInfo?.extra ?? {};
  if (!authInfo || typeof issuer !== 'string' || typeof subject !== 'string')
    throw new TypeError('An operation was reached without a caller');
  return {
    issuer,
    subject,
    clientId: authInfo.clientId,
    scopes: authInfo.scopes,
    owner: subjectKey(authInfo),
    requestId: typeof requestId === 'string' ? requestId : undefined,
  };
}

/**
 * Judges the caller's token again, for an effect that comes long after the request: `unknown` when the issuer cannot be
 * asked. Without a gate in front it is good.
 */
export async function recheckCaller(authInfo: AuthInfo | undefined): Promise<'good' | 'ended' | 'unknown'> {
  const recheck = authInfo?.extra?.['recheck'];
  // The gate put it there, and it alone does.
  return typeof recheck === 'function' ? (recheck as Recheck)() : 'good';
}
