// The address that a browser comes back with, checked against what was asked before anything in it is used or shown.

import { timingSafeEqual } from 'node:crypto';
import { AgentError } from '../errors.ts';

/** What was noted down before the person was sent to the issuer. */
export interface ExpectedResponse {
  /** The issuer's identifier, exactly as its checked metadata spells it. */
  readonly issuer: string;
  readonly state: string;
  /** Whether the issuer says that it names itself in every answer (RFC 9207 §3). */
  readonly isIssuerAnnounced: boolean;
}

/**
 * Accepts the redirect, or refuses it. In this order: state, issuer, error, code. Until state and issuer are right, nothing
 * else in it is ours to act on; and what an `error_description` says is never repeated.
 *
 * @throws {AgentError} `untrusted_issuer` for another flow's answer or another issuer's, `login_required` when the person or
 *   the issuer said no, `protocol_error`
 * @see RFC 6749 §4.1.2, RFC 9207 §2.4, MCP 2026-07-28, "Authorization Response Validation"
 */
export function checkAuthorizationResponse(parameters: URLSearchParams, expected: ExpectedResponse): void {
  for (const name of ['state', 'iss', 'code', 'error'])
    if (parameters.getAll(name).length > 1)
      throw new AgentError('protocol_error', `The answer to the login has ${name} more than once. It was not used.`);
  if (!isSame(parameters.get('state') ?? '', expected.state))
    throw new AgentError(
      'untrusted_issuer',
      'The answer to the login carries another state than the request: it belongs to another login. It was not used; sign in again.',
    );
  const issuer = parameters.get('iss');
  if (issuer === null && expected.isIssuerAnnounced)
    throw new AgentError(
      'untrusted_issuer',
      `The answer to the login does not say who gave it, although ${expected.issuer} says that it always does. It was not used.`,
    );
  // No normalisation: a slash makes another issuer.
  if (issuer !== null && issuer !== expected.issuer)
    throw new AgentError(
      'untrusted_issuer',
      `The answer to the login comes from another issuer than ${expected.issuer}. It was not used.`,
    );
  const error = parameters.get('error');
  if (error === 'access_denied')
    throw new AgentError('login_required', `Access was denied at ${expected.issuer}. Sign in again to allow it.`);
  if (error !== null)
    throw new AgentError('login_required', `${expected.issuer} ended the login with an error${named(error)}.`);
  if (!parameters.get('code'))
    throw new AgentError('protocol_error', `${expected.issuer} ended the login without a code.`);
}

/** RFC 6749's own codes are words; anything else could be anything. */
function named(error: string): string {
  return /^[a-z_]{1,40}$/.test(error) ? `: ${error}` : '';
}

/** Whether two texts are the same, in a time that does not tell how far they agree. */
export function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
