// One grant in, one set of tokens out. The protocol steps are openid-client's; this file chooses parameters and turns the
// library's errors into ours.

import * as oauth from 'openid-client';
import { AgentError } from '../errors.ts';
import { describe, findAgentError } from './discovery.ts';
import type { StoredTokens } from './token-store.ts';

export interface ClientCredentialsRequest {
  readonly resource: string;
  /** API identifier for issuers that go by `audience`; default `resource`. */
  readonly audience: string | undefined;
  readonly scopes: readonly string[];
  readonly nowMs: number;
}

/**
 * Asks for an access token in the client's own name. `resource` and `audience` are both sent: RFC 8707 and MCP want the
 * one, Auth0 goes by the other.
 *
 * @throws {AgentError} `login_required` when the issuer refuses the client, `insufficient_scope` when it refuses the
 *   scopes, `unreachable`, `protocol_error`
 * @see RFC 6749 §4.4, RFC 8707 §2.2
 */
export async function requestClientCredentials(
  configuration: oauth.Configuration,
  { resource, audience, scopes, nowMs }: ClientCredentialsRequest,
): Promise<StoredTokens> {
  const issuer = configuration.serverMetadata().issuer;
  try {
    const answer = await oauth.clientCredentialsGrant(configuration, {
      resource,
      audience: audience ?? resource,
      ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    });
    return toTokens(answer, scopes, nowMs);
  } catch (error) {
    throw translate(error, issuer, resource, scopes);
  }
}

function toTokens(answer: oauth.TokenEndpointResponse, scopes: readonly string[], nowMs: number): StoredTokens {
  return {
    accessToken: answer.access_token,
    ...(answer.refresh_token === undefined ? {} : { refreshToken: answer.refresh_token }),
    issuedAtMs: nowMs,
    ...(answer.expires_in === undefined ? {} : { expiresAtMs: nowMs + answer.expires_in * 1000 }),
    // RFC 6749 §5.1: no scope in the answer means the scope that was asked for.
    scopes: answer.scope === undefined ? [...scopes] : answer.scope.split(' ').filter(Boolean),
    requestedScopes: [...scopes],
  };
}

function translate(error: unknown, issuer: string, resource: string, scopes: readonly string[]): unknown {
  const ours = findAgentError(error);
  if (ours) return ours;
  if (error instanceof oauth.ResponseBodyError) {
    const reason = JSON.stringify([error.error, error.error_description].filter(Boolean).join(': ').slice(0, 200));
    if (error.error === 'invalid_scope')
      return new AgentError(
        'insufficient_scope',
        `${issuer} does not grant ${scopes.join(' ')} to this client: ${reason}.`,
        {
          cause: error,
          missingScopes: scopes,
          status: error.status,
        },
      );
    const advice: Record<string, string> = {
      invalid_client: 'Check the client id and the client secret.',
      unauthorized_client: 'Allow this client the client-credentials grant for the API.',
      invalid_target: `The issuer knows no API with the identifier ${resource}.`,
      access_denied: `Authorize this client for the API ${resource}.`,
    };
    return new AgentError('login_required', `${issuer} gave no token: ${reason}. ${advice[error.error] ?? ''}`.trim(), {
      cause: error,
      status: error.status,
    });
  }
  // The library keeps a response that it cannot use as the cause.
  if (error instanceof Error && error.cause instanceof Response && error.cause.status >= 500)
    return new AgentError('unreachable', `${issuer} is in trouble (HTTP ${error.cause.status}). Try again later.`, {
      cause: error,
      status: error.cause.status,
    });
  if (error instanceof oauth.ClientError || error instanceof TypeError)
    return new AgentError('protocol_error', `${issuer} gave no usable token: ${describe(error)}.`, { cause: error });
  return error;
}
