// One way to a token at a time: what is stored and good, else a refresh or the machine's grant under the store's lock, else a
// person. Knows what is wanted of tokens at this server; who may ask at once is decided by its caller.

import { type CredentialConfig, type LoginConfig, MACHINE_PROFILE } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import { askForLogin } from './ask-for-login.ts';
import type { Authority, Identity } from './authority.ts';
import type { Fetch } from './bounded-fetch.ts';
import { createClientAuthentication } from './client-authentication.ts';
import type { Challenge, ProtectedResource } from './discovery.ts';
import { GrantRefused, requestRefresh } from './grants.ts';
import { createConfiguration, type IssuerMetadata } from './issuer-metadata.ts';
import { type KnownLogin, type LoginIndex, tokenKeyOf } from './login-index.ts';
import type { LoginPrompt } from './login-prompt.ts';
import { createProofKey, loadProofKey, type ProofKey } from './proof-of-possession.ts';
import { type ClientChoice, findClient, forgetClient } from './registration.ts';
import { audienceOf, isDue, scopesOf } from './token-rules.ts';
import type { AuthEvent } from './token-source.ts';
import type { StoredTokens, TokenStore } from './token-store.ts';

/** What the source holds: tokens, and the login that they are of. */
export interface Held {
  readonly tokens: StoredTokens;
  readonly login: KnownLogin;
  /** From an earlier run, or from another process. */
  readonly isAdopted: boolean;
}

/** What a new token is wanted for. */
export interface Want {
  /** The token that is of no more use; `undefined` when there was none. */
  readonly stale: string | undefined;
  readonly challenge: Challenge;
  /** Scopes that have to be in it. */
  readonly extraScopes: readonly string[];
  readonly reason: 'renewal' | 'refused' | 'step-up' | 'login';
  /** What is held so far. */
  readonly held: StoredTokens | undefined;
  readonly signal: AbortSignal;
}

export interface Acquisition {
  /** @throws {AgentError} what `TokenSource` throws */
  obtain(want: Want): Promise<Held>;
  /** Forgets which scopes were wanted so far. */
  reset(): void;
}

export interface AcquisitionOptions {
  readonly serverUrl: string;
  readonly serverName: string;
  readonly credential: Exclude<CredentialConfig, { kind: 'bearer' }>;
  readonly config: LoginConfig;
  readonly authority: Authority;
  readonly choice: ClientChoice;
  readonly store: TokenStore;
  readonly index: LoginIndex;
  readonly prompt: LoginPrompt | undefined;
  readonly loginCommand: string;
  readonly onAuth: (event: AuthEvent) => void;
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly browserTimeoutMs: number;
  /** Whether the text has a credential of ours in it: nobody is asked for a scope of that name. */
  readonly isSecret: (text: string) => boolean;
}

export function createAcquisition(options: AcquisitionOptions): Acquisition {
  const { serverUrl, credential, config, authority, choice, store, index, fetch, now, isSecret } = options;
  let isProofRequired = config.isProofRequired;
  const wanted = new Set<string>();

  const hold = (next: Held): Held => {
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
    const scopes = [...new Set([...wanted, ...want.extraScopes])].filter((scope) => !isSecret(scope));
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
    // Half a minute early is no time to bother anybody: the token is good until it is not.
    if (want.reason === 'renewal' && want.held && (want.held.expiresAtMs ?? 0) > now())
      throw new AgentError('login_required', `The login at ${metadata.issuer} is about to expire.`);
    return hold(await askForLogin({ want, resource, metadata, known, wanted, proofKeyFor }, options));
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
        if (!(error instanceof GrantRefused) || !(await endsLogin(error, metadata, login))) throw error;
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

  /** A client of our own making that the issuer has forgotten takes its logins with it; any other may be a slip of ours. */
  const endsLogin = async ({ reason }: GrantRefused, metadata: IssuerMetadata, login: KnownLogin): Promise<boolean> => {
    if (reason === 'invalid_grant') return true;
    if (reason !== 'invalid_client') return false;
    const client = await findClient(metadata, choice, now());
    return client?.origin === 'dynamic' && client.clientId === login.clientId;
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
        audience: audienceOf(credential, metadata, resource.resource),
        scopes: stored.scopes,
        proofKey: await proofKeyFor(stored),
        now,
      },
      refreshToken,
    );
    return { ...tokens, requestedScopes: stored.requestedScopes };
  };

  return { obtain, reset: () => wanted.clear() };
}
