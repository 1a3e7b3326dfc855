// "A token good for this resource and these scopes, now": what the rest of the agent knows of authorization. One source per
// MCP server. What is stored comes first, then what can be renewed, then what is configured, then a person.

import type { CredentialConfig, LoginConfig } from '../credential-config.ts';
import type { Fetch } from './bounded-fetch.ts';
import type { Challenge } from './discovery.ts';
import type { AuthState, LoginPrompt, LoginStatus } from './login-prompt.ts';
import type { Wait } from './patient-fetch.ts';
import { createPreIssuedSource } from './pre-issued-source.ts';
import { createRenewableSource } from './renewable-source.ts';
import type { SecretKeeper } from './secrets-in-use.ts';
import type { TokenStore } from './token-store.ts';

/** What happened to the login, for whoever shows it. */
export interface AuthEvent {
  readonly state: AuthState;
  /** Scopes that the token holds. */
  readonly held: readonly string[];
  /** Scopes that are asked for; with `login-needed` and `step-up` those that a person is asked to grant. */
  readonly needed: readonly string[];
}

export interface TokenSource {
  /** The token to send, renewed first when it is about to expire; `undefined` until a server has asked for one. */
  current(): Promise<string | undefined>;
  /**
   * The server answered 401 to `stale` (or to no token at all): a new token. Callers with the same stale token share one
   * request; a caller whose token has been replaced meanwhile gets the replacement. May wait for a person.
   *
   * @param signal stops waiting; what other callers wait for as well goes on
   * @throws {AgentError} `login_required`, `untrusted_issuer`, `unreachable`, `protocol_error`
   */
  renew(stale: string | undefined, challenge: Challenge, signal?: AbortSignal): Promise<string>;
  /**
   * The server answered 403 `insufficient_scope` to `stale`: a token with the scopes held so far and those it names.
   *
   * @throws {AgentError} `insufficient_scope` when they are not to be had; asked once, not again and again
   */
  stepUp(stale: string | undefined, challenge: Challenge, signal?: AbortSignal): Promise<string>;
  /** Whether the token was issued in an earlier run or to another process: that it is refused says nothing about the next. */
  isAdopted(token: string): boolean;
  /**
   * The headers that present `token` with this one request: a bearer, or a proof of possession besides (RFC 9449), which
   * must not be used for another request.
   */
  authorize(request: AuthorizedRequest, token: string): Promise<Readonly<Record<string, string>>>;
  /**
   * To be told of every answer before its status is looked at: keeps the DPoP nonce that it may carry.
   *
   * @returns whether the request was refused only for want of that nonce; the caller sends it again, with the same token and
   *   new headers, once
   */
  noteAnswer(request: AuthorizedRequest, response: Response): boolean;
  /** What is known of the login, without asking anybody; `undefined` when there is none. */
  status(): Promise<LoginStatus | undefined>;
  /**
   * Signs in, or signs in again, whatever is stored.
   *
   * @param scopes to ask for, beside those that the server asks for and those that were granted before; default none
   * @throws {AgentError} `login_required` when there is nobody to ask or the person says no, `insufficient_scope` when the
   *   login came without some of `scopes`, and what `renew` throws
   */
  login(signal: AbortSignal, scopes?: readonly string[]): Promise<LoginStatus>;
  /** Revokes the login where the issuer can do that (RFC 7009) and forgets it; a machine client is then used again. */
  logout(): Promise<void>;
}

export interface AuthorizedRequest {
  readonly url: string;
  readonly method: string;
}

export interface TokenSourceOptions {
  readonly serverUrl: string;
  /** The server's name in the configuration, for prompts and advice; default `server`. */
  readonly serverName?: string;
  readonly credential: CredentialConfig;
  /** Tokens of earlier runs and other processes; default: one that ends with this source. */
  readonly store?: TokenStore;
  /** Whom to ask for a login; default nobody. */
  readonly prompt?: LoginPrompt;
  /** What holds for logins of a person; default: profile `default`, any free port, no metadata document. */
  readonly login?: LoginConfig;
  /** Sees what happens to the login. */
  readonly onAuth?: (event: AuthEvent) => void;
  /** Is told of every secret of the login, and takes them out of what the issuer says when it refuses; default nobody. */
  readonly secrets?: SecretKeeper;
  readonly fetch?: Fetch;
  /** Clock in milliseconds; default `Date.now`. */
  readonly now?: () => number;
  /** Waits for an issuer that wants fewer requests, in milliseconds; default a timer. */
  readonly wait?: Wait;
  /** How long a browser may take to come back; default 120 000. */
  readonly browserTimeoutMs?: number;
}

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  return options.credential.kind === 'bearer'
    ? createPreIssuedSource(options.credential.token, options.serverUrl, options.now)
    : createRenewableSource(options, options.credential);
}
