// One grant in, one set of tokens out. The protocol steps are openid-client's; this file chooses parameters and turns the
// library's errors into ours.

import * as oauth from 'openid-client';
import { AgentError } from '../errors.ts';
import { describe, findAgentError } from './discovery.ts';
import type { ProofKey } from './proof-of-possession.ts';
import { isScopeToken } from './scope-token.ts';
import type { StoredTokens } from './token-store.ts';
import { quote } from './trusted-url.ts';

/** What every token request is about. */
export interface TokenRequest {
  readonly configuration: oauth.Configuration;
  /** The resource that the token is for (RFC 8707); always sent. */
  readonly resource: string;
  /** API identifier for issuers that go by `audience`; `undefined` sends none. */
  readonly audience: string | undefined;
  readonly scopes: readonly string[];
  /** The key to bind the tokens to; `undefined` asks for plain bearers. */
  readonly proofKey: ProofKey | undefined;
  readonly now: () => number;
}

/** The issuer refuses this refresh token, code or assertion; others of the same client may be good. */
export class GrantRefused extends AgentError {
  /** The issuer's error code, such as `invalid_grant`. */
  readonly reason: string;

  constructor(reason: string, message: string, options: ErrorOptions & { status: number }) {
    super('login_required', message, options);
    this.reason = reason;
  }
}

/**
 * RFC 6749 §A.12, without the space that would end it in a header. Of anything else no header can be made, and whoever says so
 * quotes it.
 */
const ACCESS_TOKEN = /^[\x21-\x7e]+$/;
/** RFC 6749 §A.17. */
const REFRESH_TOKEN = /^[\x20-\x7e]+$/;
/** Ten years: as good as for ever, and still a date. */
const MAX_LIFE_SECONDS = 315_360_000;
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';

/**
 * Asks for an access token in the client's own name. `resource` and `audience` are both sent: RFC 8707 and MCP want the
 * one, Auth0 goes by the other.
 *
 * @throws {AgentError} `login_required` when the issuer refuses the client, `insufficient_scope` when it refuses the
 *   scopes, `unreachable`, `protocol_error`
 * @see RFC 6749 §4.4, RFC 8707 §2.2
 */
export async function requestClientCredentials(request: TokenRequest): Promise<StoredTokens> {
  return await ask(request, (options) =>
    oauth.clientCredentialsGrant(request.configuration, parametersOf(request), options),
  );
}

/**
 * Trades a JWT that somebody else issued for an access token.
 *
 * @throws {AgentError} as `requestClientCredentials`
 * @see RFC 7523 §2.1
 */
export async function requestByAssertion(request: TokenRequest, assertion: string): Promise<StoredTokens> {
  const parameters = { ...parametersOf(request), assertion };
  return await ask(request, (options) =>
    oauth.genericGrantRequest(request.configuration, JWT_BEARER, parameters, options),
  );
}

/**
 * Trades the user's ID token at the identity provider for an assertion that the issuer `audience` accepts (ID-JAG).
 *
 * @throws {AgentError} as `requestClientCredentials`
 * @see RFC 8693 §2.1; SEP-990
 */
export async function requestIdentityAssertion(
  configuration: oauth.Configuration,
  about: {
    readonly idToken: string;
    readonly audience: string;
    readonly resource: string;
    readonly scopes: readonly string[];
  },
): Promise<string> {
  const { idToken, audience, resource, scopes } = about;
  try {
    const answer = await oauth.genericGrantRequest(configuration, TOKEN_EXCHANGE, {
      requested_token_type: ID_JAG,
      subject_token: idToken,
      subject_token_type: ID_TOKEN,
      audience,
      resource,
      ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    });
    if (answer['issued_token_type'] !== ID_JAG)
      throw new AgentError(
        'protocol_error',
        `${configuration.serverMetadata().issuer} issued a token of another type: ${quote(String(answer['issued_token_type']))}, expected ${ID_JAG}.`,
      );
    return answer.access_token;
  } catch (error) {
    throw translate(error, configuration.serverMetadata().issuer, resource, scopes);
  }
}

/**
 * New tokens for an old refresh token, which the issuer may have replaced by then.
 *
 * @param refreshToken kept when the issuer returns none
 * @throws {GrantRefused} `invalid_grant` when it is used up, revoked or expired
 * @throws {AgentError} as `requestClientCredentials`
 * @see RFC 6749 §6, RFC 8707 §2.2
 */
export async function requestRefresh(request: TokenRequest, refreshToken: string): Promise<StoredTokens> {
  // RFC 6749 §6: without a scope the same ones are meant; naming more would be refused.
  const { scope: _, ...parameters } = parametersOf(request);
  const tokens = await ask(request, (options) =>
    oauth.refreshTokenGrant(request.configuration, refreshToken, parameters, options),
  );
  return { refreshToken, ...tokens };
}

/**
 * Redeems the code of a checked redirect.
 *
 * @throws {AgentError} as `requestClientCredentials`
 * @see RFC 6749 §4.1.3, RFC 7636 §4.5
 */
export async function requestByCode(
  request: TokenRequest,
  redirect: { readonly url: URL; readonly state: string; readonly codeVerifier: string },
): Promise<StoredTokens> {
  const checks = { expectedState: redirect.state, pkceCodeVerifier: redirect.codeVerifier };
  return await ask(request, (options) =>
    oauth.authorizationCodeGrant(request.configuration, redirect.url, checks, resourceOf(request), options),
  );
}

/**
 * Waits until the person has entered the code, or said no.
 *
 * @param signal ends the wait
 * @throws {AgentError} as `requestClientCredentials`
 * @see RFC 8628 §3.4
 */
export async function requestByDeviceCode(
  request: TokenRequest,
  device: oauth.DeviceAuthorizationResponse,
  signal: AbortSignal,
): Promise<StoredTokens> {
  return await ask(request, (options) =>
    oauth.pollDeviceAuthorizationGrant(request.configuration, device, resourceOf(request), { ...options, signal }),
  );
}

/** `resource`, and `audience` where it is configured. */
export function resourceOf({
  resource,
  audience,
}: Pick<TokenRequest, 'resource' | 'audience'>): Record<string, string> {
  return { resource, ...(audience === undefined ? {} : { audience }) };
}

function parametersOf(request: TokenRequest): Record<string, string> {
  const { scopes } = request;
  return { ...resourceOf(request), ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}) };
}

async function ask(
  { configuration, resource, scopes, proofKey, now }: TokenRequest,
  send: (options: oauth.DPoPOptions) => Promise<oauth.TokenEndpointResponse>,
): Promise<StoredTokens> {
  const { issuer } = configuration.serverMetadata();
  try {
    const answer = await send(proofKey ? { DPoP: proofKey.handleFor(configuration) } : {});
    if (proofKey && answer.token_type.toLowerCase() !== 'dpop')
      throw new AgentError(
        'protocol_error',
        `${issuer} issued a ${quote(answer.token_type)} token although one that is bound to a key was asked for (DPoP).`,
      );
    if (!proofKey && answer.token_type.toLowerCase() !== 'bearer')
      throw new AgentError(
        'protocol_error',
        `${issuer} issued a ${quote(answer.token_type)} token although a bearer was asked for. If its tokens have to be bound to a key, set AUTH_DPOP=required.`,
      );
    if (!ACCESS_TOKEN.test(answer.access_token) || !REFRESH_TOKEN.test(answer.refresh_token ?? 'none'))
      throw new AgentError(
        'protocol_error',
        `${issuer} issued a token with characters that tokens must not have (RFC 6749 §A.12, §A.17). It was not used.`,
      );
    return toTokens(answer, scopes, proofKey, now());
  } catch (error) {
    throw translate(error, issuer, resource, scopes);
  }
}

function toTokens(
  answer: oauth.TokenEndpointResponse,
  scopes: readonly string[],
  proofKey: ProofKey | undefined,
  nowMs: number,
): StoredTokens {
  return {
    accessToken: answer.access_token,
    ...(answer.refresh_token === undefined ? {} : { refreshToken: answer.refresh_token }),
    issuedAtMs: nowMs,
    ...(answer.expires_in === undefined
      ? {}
      : { expiresAtMs: nowMs + Math.min(answer.expires_in, MAX_LIFE_SECONDS) * 1000 }),
    // RFC 6749 §5.1: no scope in the answer means the scope that was asked for.
    scopes: answer.scope === undefined ? [...scopes] : answer.scope.split(' ').filter(isScopeToken),
    requestedScopes: [...scopes],
    ...(proofKey ? { proofKey: { ...proofKey.stored } } : {}),
  };
}

/** Turns the library's errors into ours, once. */
export function translate(error: unknown, issuer: string, resource: string, scopes: readonly string[]): unknown {
  const ours = findAgentError(error);
  if (ours) return ours;
  if (error instanceof oauth.ResponseBodyError) {
    const reason = JSON.stringify([error.error, error.error_description].filter(Boolean).join(': ').slice(0, 200));
    const { status } = error;
    if (status === 429)
      return new AgentError('unreachable', `${issuer} wants fewer requests: ${reason}. ${waitAdvice(error.response)}`, {
        cause: error,
        status,
      });
    if (error.error === 'invalid_scope')
      return new AgentError(
        'insufficient_scope',
        `${issuer} does not grant ${scopes.join(' ')} to this client: ${reason}.`,
        { cause: error, missingScopes: scopes, status },
      );
    const advice: Record<string, string> = {
      invalid_client: 'Check the client id and how the client proves itself.',
      unauthorized_client: 'Allow this client the grant and the API.',
      unsupported_grant_type: 'The issuer does not know this grant.',
      invalid_target: `The issuer knows no API with the identifier ${resource}.`,
      access_denied: `Whoever was asked said no, or the client is not authorized for the API ${resource}.`,
      expired_token: 'The code was not entered in time.',
    };
    const message = `${issuer} gave no token: ${reason}. ${advice[error.error] ?? ''}`.trim();
    return new GrantRefused(error.error, message, { cause: error, status });
  }
  // The library keeps a response that it cannot use as the cause.
  const response = error instanceof Error && error.cause instanceof Response ? error.cause : undefined;
  if (response && (response.status >= 500 || response.status === 429))
    return new AgentError('unreachable', `${issuer} is in trouble (HTTP ${response.status}). ${waitAdvice(response)}`, {
      cause: error,
      status: response.status,
    });
  // A 401 with a challenge for basic authentication: RFC 6749 §5.2 has it for invalid_client.
  if (error instanceof oauth.WWWAuthenticateChallengeError && error.status === 401)
    return new GrantRefused(
      'invalid_client',
      `${issuer} does not accept our client. Check the client id and how the client proves itself.`,
      { cause: error, status: 401 },
    );
  if (error instanceof oauth.ClientError || error instanceof TypeError)
    return new AgentError('protocol_error', `${issuer} gave no usable token: ${describe(error)}.`, { cause: error });
  return error;
}

/** How long the issuer wants us to wait, where it says so in seconds. */
function waitAdvice(response: Response): string {
  const seconds = /^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0];
  return seconds === undefined ? 'Try again later.' : `Try again in ${seconds} s.`;
}
