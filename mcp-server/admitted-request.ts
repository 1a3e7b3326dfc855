// A request that passed the gate, and whose it is. What belongs to a caller is keyed by the names in here.

import type { AuthInfo } from '@modelcontextprotocol/server';

export interface AdmittedRequest {
  readonly request: Request;
  readonly authInfo: AuthInfo;
  /** `undefined` when there is none, or it is not JSON by its media type. Chosen by the client. */
  readonly parsedBody: unknown;
  /** Judges the caller's token again; by default it is good for as long as it says. */
  readonly recheck?: () => Promise<'good' | 'ended' | 'unknown'>;
}

/** The person or machine that a token speaks for, whichever client holds it. */
export function subjectKey(authInfo: AuthInfo): string {
  return JSON.stringify(subjectOf(authInfo));
}

/** The principal: that subject through that client. Two clients of one person are two principals. */
export function principalKey(authInfo: AuthInfo): string {
  return JSON.stringify([...subjectOf(authInfo), authInfo.clientId]);
}

/** A subject is unique within its issuer only (RFC 7519 §4.1.2). */
function subjectOf({ extra }: AuthInfo): [string, string] {
  const { issuer, subject } = extra ?? {};
  if (typeof issuer !== 'string' || typeof subject !== 'string')
    throw new TypeError('An admitted request has no issuer or subject');
  return [issuer, subject];
}
