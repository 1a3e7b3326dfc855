// "A token good for this resource and these scopes, now." One source per MCP server: however many calls ask at once,
// there is one request to the issuer.

import type { Configuration } from 'openid-client';
import type { CredentialConfig } from '../config.ts';
import { AgentError } from '../errors.ts';
import { createBoundedFetch, type Fetch } from './bounded-fetch.ts';
import {
  type Challenge,
  discoverIssuer,
  discoverResource,
  type MachineClient,
  type ProtectedResource,
} from './discovery.ts';
import { requestClientCredentials } from './grants.ts';
import { loadLocalClient } from './local-client.ts';
import type { AuthState, LoginPrompt, LoginStatus } from './login-prompt.ts';
import { createMemoryTokenStore, type StoredTokens, type TokenKey, type TokenStore } from './token-store.ts';

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
   * @throws {AgentError} `login_required` when there is nobody to ask or the person says no, and what `renew` throws
   */
  login(signal: AbortSignal): Promise<LoginStatus>;
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
  /** Sees what happens to the login. */
  readonly onAuth?: (event: AuthEvent) => void;
  readonly fetch?: Fetch;
  /** Clock in milliseconds; default `Date.now`. */
  readonly now?: () => number;
}

/** A token is renewed this long before it expires, or after nine tenths of a shorter life. */
const EARLY_RENEWAL_MS = 30_000;
/** Under this name the agent keeps what it got in its own name, apart from what a person granted it. */
const MACHINE_PROFILE = 'client-credentials';

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  return options.credential.kind === 'bearer'
    ? createPreIssuedSource(options.credential.token, options.serverUrl)
    : createMachineSource(options, options.credential);
}

/** A token that somebody else got for us: used as it is, and never renewed. */
function createPreIssuedSource(token: string, serverUrl: string): TokenSource {
  return {
    current: async () => token,
    renew: async () => {
      throw new AgentError(
        'login_required',
        `${serverUrl} refused MCP_BEARER_TOKEN: it may be expired, or issued for another resource. Set a new one.`,
      );
    },
    stepUp: async (_stale, { scope }) => {
      throw scopeError(scope?.split(' ') ?? [], 'MCP_BEARER_TOKEN does not carry it');
    },
    isAdopted: () => false,
    ...BEARER_PRESENTATION,
    status: async () => undefined,
    login: async () => {
      throw new AgentError('login_required', 'MCP_BEARER_TOKEN takes the place of a login. Unset it to sign in.');
    },
    logout: async () => undefined,
  };
}

/** RFC 6750: the token is all there is to it. */
const BEARER_PRESENTATION: Pick<TokenSource, 'authorize' | 'noteAnswer'> = {
  authorize: async (_request, token) => ({ authorization: `Bearer ${token}` }),
  noteAnswer: () => false,
};

function createMachineSource(
  { serverUrl, store = createMemoryTokenStore(), fetch, now = Date.now }: TokenSourceOptions,
  credential: Exclude<CredentialConfig, { kind: 'bearer' }>,
): TokenSource {
  const boundedFetch = createBoundedFetch(fetch);
  let tokens: StoredTokens | undefined;
  let adopted: string | undefined;
  let flight: Promise<StoredTokens> | undefined;
  let authority: Authority | undefined;
  const wanted = new Set<string>();
  /** Scopes that the issuer has refused; asking again with every call would only use up its patience. */
  const refused = new Set<string>();

  const discover = async (challenge: Challenge) => {
    const resource = await discoverResource(serverUrl, challenge, boundedFetch);
    const client = await machineClient(credential);
    // The server names who may issue its tokens; our secret goes there only if that is the issuer it was made for.
    if (!resource.issuers.includes(client.issuer))
      throw new AgentError(
        'untrusted_issuer',
        `${serverUrl} takes tokens of ${resource.issuers.map((issuer) => JSON.stringify(issuer.slice(0, 120))).join(', ')}, but the client ${JSON.stringify(client.clientId)} belongs to ${client.issuer}. Its secret was not sent.`,
      );
    const audience = credential.kind === 'client-credentials' ? credential.audience : undefined;
    const key: TokenKey = {
      issuer: client.issuer,
      resource: audience ?? resource.resource,
      clientId: client.clientId,
      profile: MACHINE_PROFILE,
    };
    return { resource, audience, key, issuer: await discoverIssuer(client, boundedFetch) };
  };

  const request = async (stale: string | undefined, challenge: Challenge, extraScopes: readonly string[]) => {
    authority ??= await discover(challenge);
    const { resource, audience, key, issuer } = authority;
    // Scope Selection Strategy of MCP 2026-07-28: what the challenge names, else all that the resource speaks of.
    if (wanted.size === 0) for (const scope of challenge.scope?.split(' ') ?? resource.scopes ?? []) wanted.add(scope);
    const scopes = [...new Set([...wanted, ...extraScopes])];
    const answer = await obtain(store, key, {
      isGood: (stored) =>
        stored.accessToken !== stale &&
        !isDue(stored, now()) &&
        extraScopes.every((scope) => stored.scopes.includes(scope)) &&
        scopes.every((scope) => stored.scopes.includes(scope) || stored.requestedScopes.includes(scope)),
      issue: () => requestClientCredentials(issuer, { resource: resource.resource, audience, scopes, nowMs: now() }),
    });
    for (const scope of answer.tokens.scopes) wanted.add(scope);
    tokens = answer.tokens;
    adopted = answer.isAdopted ? answer.tokens.accessToken : undefined;
    return answer.tokens;
  };
  const share = (challenge: Challenge, stale: string | undefined, extraScopes: readonly string[] = []) => {
    flight ??= request(stale, challenge, extraScopes).finally(() => {
      flight = undefined;
    });
    return flight;
  };

  const status = (): LoginStatus | undefined =>
    tokens &&
    authority && {
      ...authority.key,
      grant: 'client-credentials',
      user: undefined,
      scopes: tokens.scopes,
      expiresAtMs: tokens.expiresAtMs,
      canRefresh: true,
    };

  return {
    current: async () => {
      if (!tokens || !isDue(tokens, now())) return tokens?.accessToken;
      const previous = tokens;
      try {
        return (await share(NO_CHALLENGE, previous.accessToken)).accessToken;
      } catch (error) {
        // Early renewal failed, but the token is still good: the issuer may be back before it is not.
        if (previous.expiresAtMs !== undefined && previous.expiresAtMs > now()) return previous.accessToken;
        throw error;
      }
    },
    renew: async (stale, challenge) => {
      if (tokens && tokens.accessToken !== stale) return tokens.accessToken;
      return (await share(challenge, tokens?.accessToken ?? stale)).accessToken;
    },
    stepUp: async (stale, challenge) => {
      const needed = challenge.scope?.split(' ').filter(Boolean) ?? [];
      const missing = () => needed.filter((scope) => !tokens?.scopes.includes(scope));
      if (tokens && tokens.accessToken !== stale && missing().length === 0) return tokens.accessToken;
      // Another caller's request may bring what is needed here; that it failed is reported to that caller.
      await flight?.catch(() => undefined);
      const open = missing();
      if (open.length > 0 && !open.some((scope) => refused.has(scope))) {
        try {
          await share(challenge, tokens?.accessToken ?? stale, needed);
        } catch (error) {
          if (!(error instanceof AgentError) || error.code !== 'insufficient_scope') throw error;
        }
        for (const scope of missing()) refused.add(scope);
      }
      if (missing().length > 0 || !tokens) throw scopeError(missing(), 'the issuer does not grant it to this client');
      return tokens.accessToken;
    },
    isAdopted: (token) => token === adopted,
    ...BEARER_PRESENTATION,
    status: async () => status(),
    login: async () => {
      await share(NO_CHALLENGE, tokens?.accessToken);
      const known = status();
      if (!known) throw new AgentError('internal', 'A login ended without tokens.');
      return known;
    },
    logout: async () => {
      const key = authority?.key;
      tokens = undefined;
      if (key) await store.update(key, async () => ({ kind: 'forget' }));
    },
  };
}

/** A resource, who issues its tokens, and where they are kept. */
interface Authority {
  readonly resource: ProtectedResource;
  readonly audience: string | undefined;
  readonly key: TokenKey;
  readonly issuer: Configuration;
}

/** What is in the store if that is good enough, else what `issue` gives: nobody else asks meanwhile, and all get to see it. */
async function obtain(
  store: TokenStore,
  key: TokenKey,
  { isGood, issue }: { isGood: (stored: StoredTokens) => boolean; issue: () => Promise<StoredTokens> },
): Promise<{ tokens: StoredTokens; isAdopted: boolean }> {
  const known = await store.load(key);
  if (known && isGood(known)) return { tokens: known, isAdopted: true };
  let outcome: { tokens: StoredTokens; isAdopted: boolean } | undefined;
  await store.update(key, async (stored) => {
    if (stored && isGood(stored)) {
      outcome = { tokens: stored, isAdopted: true };
      return { kind: 'keep' };
    }
    outcome = { tokens: await issue(), isAdopted: false };
    return { kind: 'replace', tokens: outcome.tokens };
  });
  if (!outcome) throw new AgentError('internal', 'The token store did not ask what to do.');
  return outcome;
}

const NO_CHALLENGE: Challenge = { resourceMetadataUrl: undefined, scope: undefined };

async function machineClient(credential: Exclude<CredentialConfig, { kind: 'bearer' }>): Promise<MachineClient> {
  return credential.kind === 'local-client' ? loadLocalClient(credential.file) : credential;
}

function isDue({ issuedAtMs, expiresAtMs }: StoredTokens, nowMs: number): boolean {
  if (expiresAtMs === undefined) return false;
  return nowMs >= expiresAtMs - Math.min(EARLY_RENEWAL_MS, (expiresAtMs - issuedAtMs) / 10);
}

function scopeError(missingScopes: readonly string[], reason: string): AgentError {
  return new AgentError(
    'insufficient_scope',
    `The access token lacks the scope ${missingScopes.join(' ') || 'that the server asks for'}: ${reason}. Ask whoever runs the authorization server to grant it.`,
    { missingScopes },
  );
}
