// "A token good for this resource and these scopes, now." One source per MCP server: however many calls ask at once,
// there is one request to the issuer, and however many processes, one at a time. What is stored comes first, then what can
// be renewed, then what is configured, then a person.

import { type CredentialConfig, DEFAULT_LOGIN, type LoginConfig } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import { createAuthority, type Identity } from './authority.ts';
import { createBoundedFetch, type Fetch } from './bounded-fetch.ts';
import { probeChallenge } from './challenge-probe.ts';
import { createClientAuthentication } from './client-authentication.ts';
import type { Challenge, ProtectedResource } from './discovery.ts';
import { GrantRefused, requestRefresh } from './grants.ts';
import { createConfiguration, type IssuerMetadata } from './issuer-metadata.ts';
import { signIn } from './login.ts';
import { createLoginIndex, type KnownLogin, tokenKeyOf } from './login-index.ts';
import type { AuthState, LoginPrompt, LoginRequest, LoginStatus } from './login-prompt.ts';
import { createPreIssuedSource } from './pre-issued-source.ts';
import { createProofKey, loadProofKey, type ProofKey } from './proof-of-possession.ts';
import { type ClientChoice, findClient, forgetClient } from './registration.ts';
import { revokeTokens } from './revocation.ts';
import { createSingleFlight } from './single-flight.ts';
import { userOf } from './token-claims.ts';
import { createMemoryTokenStore, type StoredTokens, type TokenStore } from './token-store.ts';

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
  /** What holds for logins of a person; default: profile `default`, any free port, no metadata document. */
  readonly login?: LoginConfig;
  /** Sees what happens to the login. */
  readonly onAuth?: (event: AuthEvent) => void;
  readonly fetch?: Fetch;
  /** Clock in milliseconds; default `Date.now`. */
  readonly now?: () => number;
  /** How long a browser may take to come back; default 120 000. */
  readonly browserTimeoutMs?: number;
}

/** A token is renewed this long before it expires, or after nine tenths of a shorter life. */
const EARLY_RENEWAL_MS = 30_000;
/** Under this name the agent keeps what it got in its own name, apart from what a person granted it. */
const MACHINE_PROFILE = 'client-credentials';
const BROWSER_TIMEOUT_MS = 120_000;
const NO_CHALLENGE: Challenge = { resourceMetadataUrl: undefined, scope: undefined };

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  return options.credential.kind === 'bearer'
    ? createPreIssuedSource(options.credential.token, options.serverUrl)
    : createLoginSource(options, options.credential);
}

/** What the source holds: tokens, and the login that they are of. */
interface Held {
  readonly tokens: StoredTokens;
  readonly login: KnownLogin;
  /** From an earlier run, or from another process. */
  readonly isAdopted: boolean;
}

/** What a new token is wanted for. */
interface Want {
  /** The token that is of no more use; `undefined` when there was none. */
  readonly stale: string | undefined;
  readonly challenge: Challenge;
  /** Scopes that have to be in it. */
  readonly extraScopes: readonly string[];
  readonly reason: 'renewal' | 'refused' | 'step-up' | 'login';
  readonly signal: AbortSignal;
}

function createLoginSource(
  options: TokenSourceOptions,
  credential: Exclude<CredentialConfig, { kind: 'bearer' }>,
): TokenSource {
  const { serverUrl, serverName = 'server', prompt, onAuth = () => undefined, now = Date.now } = options;
  const { store = createMemoryTokenStore(), login: config = DEFAULT_LOGIN } = options;
  const fetch = createBoundedFetch(options.fetch);
  const index = createLoginIndex(store.records);
  const loginCommand = `npm run -s agent -- mcp login ${serverName}`;
  const canAsk = prompt !== undefined && prompt.methods.length > 0;
  const authority = createAuthority({
    serverUrl,
    credential,
    profile: config.profile,
    index,
    canAsk,
    loginCommand,
    fetch,
  });
  const choice: ClientChoice = {
    preRegistered: preRegisteredIn(credential),
    clientMetadataUrl: config.clientMetadataUrl,
    redirectUri: config.redirectUri,
    records: store.records,
  };
  const flight = createSingleFlight<Held>();
  let held: Held | undefined;
  /** What was held before: requests with it may still be on their way. */
  let previous: StoredTokens | undefined;
  let isProofRequired = config.isProofRequired;
  let nonce: string | undefined;
  const proofKeys = new Map<string, Promise<ProofKey>>();
  const wanted = new Set<string>();
  /** Scopes that issuer or person have refused; asking again with every call would only use up their patience. */
  const refused = new Set<string>();

  const hold = (next: Held): Held => {
    if (held && held.tokens.accessToken !== next.tokens.accessToken) previous = held.tokens;
    held = next;
    for (const scope of next.tokens.scopes) wanted.add(scope);
    return next;
  };

  const proofKeyFor = async (stored: StoredTokens | undefined): Promise<ProofKey | undefined> => {
    if (stored?.proofKey) return await loadProofKey(stored.proofKey);
    return isProofRequired ? await createProofKey() : undefined;
  };

  const isGood = (stored: StoredTokens, { stale, extraScopes }: Want): boolean =>
    stored.accessToken !== stale &&
    !isDue(stored, now()) &&
    (!isProofRequired || stored.proofKey !== undefined) &&
    extraScopes.every((scope) => stored.scopes.includes(scope));

  const obtain = async (want: Want): Promise<Held> => {
    const resource = await authority.resource(
      want.challenge,
      want.reason === 'login' || (want.reason === 'refused' && want.stale !== undefined),
    );
    isProofRequired ||= resource.isProofRequired || want.challenge.isProofRequired === true;
    const identity = want.reason === 'login' ? await authority.person(resource) : await authority.identity(resource);
    // Scope Selection Strategy of MCP 2026-07-28: what the challenge names, else all that the resource speaks of.
    if (wanted.size === 0) for (const scope of scopesOf(want.challenge) ?? resource.scopes ?? []) wanted.add(scope);
    return identity.kind === 'machine'
      ? await obtainAsMachine(want, resource, identity)
      : await obtainAsPerson(want, resource, identity);
  };

  const obtainAsMachine = async (
    want: Want,
    resource: ProtectedResource,
    { machine, metadata }: Extract<Identity, { kind: 'machine' }>,
  ): Promise<Held> => {
    const scopes = [...new Set([...wanted, ...want.extraScopes])];
    const login: KnownLogin = {
      issuer: machine.issuer,
      resource: machine.audience ?? resource.resource,
      clientId: machine.clientId,
      profile: MACHINE_PROFILE,
      grant: machine.grant,
      resourceUrl: resource.resource,
    };
    const isUsable = (stored: StoredTokens) =>
      isGood(stored, want) &&
      scopes.every((scope) => stored.scopes.includes(scope) || stored.requestedScopes.includes(scope));
    const known = await store.load(tokenKeyOf(login));
    if (known && isUsable(known)) return hold({ tokens: known, login, isAdopted: true });
    let outcome: Held | undefined;
    await store.update(tokenKeyOf(login), async (stored) => {
      if (stored && isUsable(stored)) {
        outcome = { tokens: stored, login, isAdopted: true };
        return { kind: 'keep' };
      }
      const tokens = await machine.request({
        configuration: await machine.configure(metadata),
        resource: resource.resource,
        audience: machine.audience,
        scopes,
        proofKey: await proofKeyFor(stored),
        now,
      });
      outcome = { tokens, login, isAdopted: false };
      return { kind: 'replace', tokens };
    });
    await index.note(serverUrl, login);
    if (!outcome) throw new AgentError('internal', 'The token store did not ask what to do.');
    return hold(outcome);
  };

  const obtainAsPerson = async (
    want: Want,
    resource: ProtectedResource,
    { metadata, known }: Extract<Identity, { kind: 'person' }>,
  ): Promise<Held> => {
    if (known && want.reason !== 'login') {
      const kept = await refreshed(want, resource, metadata, known);
      if (kept) return hold(kept);
    }
    return hold(await askPerson(want, resource, metadata, known));
  };

  /** The stored tokens if they are good enough, else renewed ones; `undefined` when only a person can help. */
  const refreshed = async (
    want: Want,
    resource: ProtectedResource,
    metadata: IssuerMetadata,
    login: KnownLogin,
  ): Promise<Held | undefined> => {
    const key = tokenKeyOf(login);
    const known = await store.load(key);
    if (known && isGood(known, want)) return { tokens: known, login, isAdopted: true };
    let outcome: Held | undefined;
    await store.update(key, async (stored) => {
      if (stored && isGood(stored, want)) outcome = { tokens: stored, login, isAdopted: true };
      if (!stored?.refreshToken || outcome) return { kind: 'keep' };
      // A refresh brings the same scopes again, and a token without a key stays without one.
      if (want.extraScopes.some((scope) => !stored.scopes.includes(scope))) return { kind: 'keep' };
      if (isProofRequired && !stored.proofKey) return { kind: 'keep' };
      try {
        const tokens = await refresh(stored, stored.refreshToken, resource, metadata, login);
        outcome = { tokens, login, isAdopted: false };
        return { kind: 'replace', tokens };
      } catch (error) {
        if (!(error instanceof GrantRefused) || !LOGIN_ENDS.includes(error.reason)) throw error;
        // Somebody without our lock may have been faster; then the login goes on with what is stored now.
        const newer = await store.load(key);
        if (newer && newer.accessToken !== stored.accessToken && isGood(newer, want)) {
          outcome = { tokens: newer, login, isAdopted: true };
          return { kind: 'keep' };
        }
        if (error.reason === 'invalid_client') await forgetClient(metadata.issuer, login.clientId, store.records);
        // The login has ended. Its access token may be good for a while yet; asking again with the same would be no use.
        const { refreshToken: _, ...rest } = stored;
        return { kind: 'replace', tokens: rest };
      }
    });
    return outcome;
  };

  const refresh = async (
    stored: StoredTokens,
    refreshToken: string,
    resource: ProtectedResource,
    metadata: IssuerMetadata,
    login: KnownLogin,
  ): Promise<StoredTokens> => {
    const client = await findClient(metadata, choice, now());
    const known = client?.clientId === login.clientId ? client : undefined;
    const authentication = await createClientAuthentication(
      known?.authentication ?? { kind: 'none' },
      known?.authenticationMethod,
    );
    const tokens = await requestRefresh(
      {
        configuration: createConfiguration(metadata, login.clientId, authentication, fetch),
        resource: resource.resource,
        audience: audienceOf(credential, metadata.issuer),
        scopes: stored.scopes,
        proofKey: await proofKeyFor(stored),
        now,
      },
      refreshToken,
    );
    return { ...tokens, requestedScopes: stored.requestedScopes };
  };

  /** Asks the person, and signs in by what is possible here. */
  const askPerson = async (
    want: Want,
    resource: ProtectedResource,
    metadata: IssuerMetadata,
    known: KnownLogin | undefined,
  ): Promise<Held> => {
    const before = known && (await store.load(tokenKeyOf(known)));
    const scopes = [...new Set([...(before?.requestedScopes ?? []), ...wanted, ...want.extraScopes])];
    const needed = withOfflineAccess(scopes, metadata);
    const reason: LoginRequest['reason'] =
      want.reason === 'step-up' ? 'step-up' : before && want.reason !== 'login' ? 'expired' : 'first-login';
    const heldScopes = before?.scopes ?? [];
    const say = (state: AuthState, now: readonly string[] = heldScopes) => onAuth({ state, held: now, needed });
    const missing = want.extraScopes.filter((scope) => !heldScopes.includes(scope));

    say(reason === 'step-up' ? 'step-up' : 'login-needed');
    if (!prompt || !canAsk) {
      if (reason === 'step-up') throw scopeError(missing, 'a person has to grant it', `Sign in: ${loginCommand}`);
      const why = reason === 'expired' ? 'The login has expired' : 'A person has to sign in first';
      throw new AgentError(
        'login_required',
        `${serverUrl} wants a login at ${metadata.issuer}. ${why}: ${loginCommand}`,
      );
    }
    const request: LoginRequest = {
      server: serverName,
      serverUrl,
      issuer: metadata.issuer,
      reason,
      held: heldScopes,
      requested: needed,
    };
    if (!(await prompt.confirm(request, want.signal))) {
      say('refused');
      if (reason === 'step-up') throw scopeError(missing, 'it was not granted');
      throw new AgentError('login_required', `Nobody signed in to ${serverName}. When you want to: ${loginCommand}`);
    }
    const { tokens, client, grant } = await signIn({
      metadata,
      resource: resource.resource,
      audience: audienceOf(credential, metadata.issuer),
      scopes: needed,
      proofKey: await proofKeyFor(before),
      choice,
      config,
      isDeviceOnly: credential.kind === 'login' && credential.method === 'device-code',
      prompt,
      fetch,
      now,
      browserTimeoutMs: options.browserTimeoutMs ?? BROWSER_TIMEOUT_MS,
      signal: want.signal,
    });
    const login: KnownLogin = {
      issuer: metadata.issuer,
      resource: audienceOf(credential, metadata.issuer) ?? resource.resource,
      clientId: client.clientId,
      profile: config.profile,
      grant,
      resourceUrl: resource.resource,
    };
    await store.update(tokenKeyOf(login), async () => ({ kind: 'replace', tokens }));
    await index.note(serverUrl, login);
    say('logged-in', tokens.scopes);
    return { tokens, login, isAdopted: false };
  };

  const share = (want: Omit<Want, 'signal'>, signal?: AbortSignal): Promise<Held> =>
    flight.join((flightSignal) => obtain({ ...want, signal: flightSignal }), signal);

  const missingOf = (needed: readonly string[]) => needed.filter((scope) => !held?.tokens.scopes.includes(scope));

  const stepUp: TokenSource['stepUp'] = async (stale, challenge, signal) => {
    const needed = scopesOf(challenge) ?? [];
    if (held && held.tokens.accessToken !== stale && missingOf(needed).length === 0) return held.tokens.accessToken;
    // Another caller's request may bring what is needed here; that it failed is reported to that caller.
    while (flight.isFlying()) await flight.settled();
    const open = missingOf(needed);
    if (open.length > 0 && !open.some((scope) => refused.has(scope))) {
      const want = {
        stale: held?.tokens.accessToken ?? stale,
        challenge,
        extraScopes: needed,
        reason: 'step-up',
      } as const;
      try {
        await share(want, signal);
      } catch (error) {
        if (!(error instanceof AgentError) || error.code !== 'insufficient_scope') throw error;
        if (held?.login.profile !== MACHINE_PROFILE) {
          for (const scope of missingOf(needed)) refused.add(scope);
          throw error;
        }
      }
      for (const scope of missingOf(needed)) refused.add(scope);
    }
    if (missingOf(needed).length > 0 || !held)
      throw scopeError(missingOf(needed), 'the issuer does not grant it to this client');
    return held.tokens.accessToken;
  };

  const status = async (): Promise<LoginStatus | undefined> => {
    if (held) return describeLogin(held.login, held.tokens);
    for (const profile of [config.profile, MACHINE_PROFILE]) {
      const login = await index.find(serverUrl, profile);
      const tokens = login && (await store.load(tokenKeyOf(login)));
      if (login && tokens) return describeLogin(login, tokens);
    }
    return undefined;
  };

  return {
    current: async () => {
      if (!held || !isDue(held.tokens, now())) return held?.tokens.accessToken;
      const { tokens } = held;
      try {
        const want = {
          stale: tokens.accessToken,
          challenge: NO_CHALLENGE,
          extraScopes: [],
          reason: 'renewal',
        } as const;
        return (await share(want)).tokens.accessToken;
      } catch (error) {
        // Early renewal failed, but the token is still good: the issuer may be back before it is not.
        if (tokens.expiresAtMs !== undefined && tokens.expiresAtMs > now()) return tokens.accessToken;
        throw error;
      }
    },
    renew: async (stale, challenge, signal) => {
      if (held && held.tokens.accessToken !== stale) return held.tokens.accessToken;
      const want = { stale: held?.tokens.accessToken ?? stale, challenge, extraScopes: [], reason: 'refused' } as const;
      return (await share(want, signal)).tokens.accessToken;
    },
    stepUp,
    isAdopted: (token) => held?.isAdopted === true && held.tokens.accessToken === token,
    authorize: async (request, token) => {
      const owner = [held?.tokens, previous].find((tokens) => tokens?.accessToken === token);
      if (!owner?.proofKey) return { authorization: `Bearer ${token}` };
      const id = JSON.stringify(owner.proofKey);
      const key = proofKeys.get(id) ?? loadProofKey(owner.proofKey);
      proofKeys.set(id, key);
      return await (await key).headersFor(request, token, nonce);
    },
    noteAnswer: (_request, { status: code, headers }) => {
      const given = headers.get('dpop-nonce');
      if (given === null) return false;
      nonce = given;
      return code === 401 && /\berror="?use_dpop_nonce\b/.test(headers.get('www-authenticate') ?? '');
    },
    status,
    login: async (signal) => {
      // What goes on for others may be a login already; this one is asked for by name, and comes after.
      while (flight.isFlying()) await flight.settled();
      refused.clear();
      const challenge = await probeChallenge(serverUrl, fetch);
      const want = { stale: held?.tokens.accessToken, challenge, extraScopes: [], reason: 'login' } as const;
      const { login, tokens } = await share(want, signal);
      return describeLogin(login, tokens);
    },
    logout: async () => {
      const profiles = [config.profile, MACHINE_PROFILE];
      const found = (await Promise.all(profiles.map((profile) => index.find(serverUrl, profile)))).find(Boolean);
      held = undefined;
      previous = undefined;
      wanted.clear();
      refused.clear();
      if (!found) return;
      let tokens: StoredTokens | undefined;
      await store.update(tokenKeyOf(found), async (stored) => {
        tokens = stored;
        return { kind: 'forget' };
      });
      await index.forget(serverUrl, found.profile);
      // A machine's tokens end by themselves, and its client stays: there is no login to take back.
      if (!tokens || found.profile === MACHINE_PROFILE) return;
      const metadata = await authority.metadata(found.issuer);
      await revokeTokens(tokens, { metadata, client: await findClient(metadata, choice, now()), login: found, fetch });
    },
  };
}

/** What the issuer says of a refresh token, or of the client that it belongs to, when there is nothing left to renew. */
const LOGIN_ENDS = ['invalid_grant', 'invalid_client', 'unauthorized_client'];

function describeLogin(login: KnownLogin, tokens: StoredTokens): LoginStatus {
  const isMachine = login.profile === MACHINE_PROFILE;
  return {
    issuer: login.issuer,
    resource: login.resourceUrl,
    clientId: login.clientId,
    grant: login.grant,
    profile: login.profile,
    user: isMachine ? undefined : userOf(tokens.accessToken),
    scopes: tokens.scopes,
    expiresAtMs: tokens.expiresAtMs,
    canRefresh: isMachine || tokens.refreshToken !== undefined,
  };
}

function preRegisteredIn(credential: CredentialConfig): ClientChoice['preRegistered'] {
  if (credential.kind !== 'login') return undefined;
  const { issuer, clientId, authentication } = credential;
  return issuer === undefined || clientId === undefined ? undefined : { issuer, clientId, authentication };
}

/** The audience that is configured, at the issuer that it is configured for. */
function audienceOf(credential: CredentialConfig, issuer: string): string | undefined {
  if (!('audience' in credential)) return undefined;
  return credential.issuer === undefined || credential.issuer === issuer ? credential.audience : undefined;
}

/** Only an issuer that lists the scope is asked for it (MCP 2026-07-28, "Refresh Tokens"). */
function withOfflineAccess(scopes: readonly string[], { scopes_supported: supported }: IssuerMetadata): string[] {
  return supported?.includes('offline_access') ? [...new Set([...scopes, 'offline_access'])] : [...scopes];
}

function scopesOf({ scope }: Challenge): readonly string[] | undefined {
  return scope?.split(' ').filter(Boolean);
}

function isDue({ issuedAtMs, expiresAtMs }: StoredTokens, nowMs: number): boolean {
  if (expiresAtMs === undefined) return false;
  return nowMs >= expiresAtMs - Math.min(EARLY_RENEWAL_MS, (expiresAtMs - issuedAtMs) / 10);
}

export function scopeError(
  missingScopes: readonly string[],
  reason: string,
  advice = 'Ask whoever runs the authorization server to grant it.',
): AgentError {
  return new AgentError(
    'insufficient_scope',
    `The access token lacks the scope ${missingScopes.join(' ') || 'that the server asks for'}: ${reason}. ${advice}`,
    { missingScopes },
  );
}
