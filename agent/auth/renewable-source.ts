// The source of tokens that can be had again: however many calls ask at once, one of them is answered for all. In front of
// the acquisition, which does the asking; keeps what it brought, and presents it.

import { type CredentialConfig, DEFAULT_LOGIN, MACHINE_PROFILE } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import { createAcquisition, type Held, type Want } from './acquisition.ts';
import { createAuthority } from './authority.ts';
import { createBoundedFetch } from './bounded-fetch.ts';
import { probeChallenge } from './challenge-probe.ts';
import type { Challenge } from './discovery.ts';
import { createLoginIndex, tokenKeyOf } from './login-index.ts';
import type { LoginStatus } from './login-prompt.ts';
import { createPatientFetch } from './patient-fetch.ts';
import { preRegisteredIn } from './pre-registered.ts';
import { loadProofKey, type ProofKey } from './proof-of-possession.ts';
import { type ClientChoice, findClient } from './registration.ts';
import { revokeTokens } from './revocation.ts';
import { watchFetch, watchStore } from './secrets-in-use.ts';
import { createSingleFlight } from './single-flight.ts';
import { describeLogin, isDue, loginCommandFor, scopeError, scopesOf } from './token-rules.ts';
import type { TokenSource, TokenSourceOptions } from './token-source.ts';
import { createMemoryTokenStore, type StoredTokens } from './token-store.ts';

const BROWSER_TIMEOUT_MS = 120_000;
const NO_CHALLENGE: Challenge = { resourceMetadataUrl: undefined, scope: undefined };

export function createRenewableSource(
  options: TokenSourceOptions,
  credential: Exclude<CredentialConfig, { kind: 'bearer' }>,
): TokenSource {
  const { serverUrl, serverName = 'server', prompt, onAuth = () => undefined, now = Date.now } = options;
  const { login: config = DEFAULT_LOGIN, browserTimeoutMs = BROWSER_TIMEOUT_MS, secrets } = options;
  const givenStore = options.store ?? createMemoryTokenStore();
  const store = secrets ? watchStore(givenStore, secrets) : givenStore;
  const bounded = createPatientFetch(createBoundedFetch(options.fetch), options.wait);
  const fetch = secrets ? watchFetch(bounded, secrets) : bounded;
  const index = createLoginIndex(store.records);
  const isSecret = (text: string) => secrets !== undefined && secrets.redact(text) !== text;
  const canAsk = prompt !== undefined && prompt.methods.length > 0;
  const { profile } = config;
  const loginCommand = loginCommandFor(serverName, profile);
  const authority = createAuthority({ serverUrl, credential, profile, index, canAsk, loginCommand, fetch });
  const choice: ClientChoice = {
    preRegistered: () => preRegisteredIn(credential),
    clientMetadataUrl: config.clientMetadataUrl,
    redirectUri: config.redirectUri,
    records: store.records,
  };
  const acquisition = createAcquisition({
    serverUrl,
    serverName,
    credential,
    config,
    authority,
    choice,
    store,
    index,
    prompt,
    loginCommand,
    onAuth,
    fetch,
    now,
    browserTimeoutMs,
    isSecret,
  });
  const flight = createSingleFlight<Held>();
  /** What the work that is going on is for. */
  let flightReason: Want['reason'] | undefined;
  let held: Held | undefined;
  /** What was held before: requests with it may still be on their way. */
  let previous: StoredTokens | undefined;
  let nonce: string | undefined;
  const proofKeys = new Map<string, Promise<ProofKey>>();
  /** Scopes that were refused, and how where it was a person's; asking again with every call would only use up patience. */
  const refused = new Map<string, AgentError | undefined>();

  const hold = (next: Held): Held => {
    if (held && held.tokens.accessToken !== next.tokens.accessToken) previous = held.tokens;
    held = next;
    return next;
  };

  const share = async (want: Omit<Want, 'signal' | 'held'>, signal?: AbortSignal): Promise<Held> => {
    // A login or a step-up that somebody else waits for may fail for reasons of its own: it is awaited, not joined.
    while (flight.isFlying() && isPersonal(flightReason) !== isPersonal(want.reason)) {
      await flight.settled(signal);
      if (held && held.tokens.accessToken !== want.stale && !isPersonal(want.reason)) return held;
    }
    if (!flight.isFlying()) flightReason = want.reason;
    const work = async (flightSignal: AbortSignal) =>
      hold(await acquisition.obtain({ ...want, held: held?.tokens, signal: flightSignal }));
    return await flight.join(work, signal);
  };

  const missingOf = (needed: readonly string[]) => needed.filter((scope) => !held?.tokens.scopes.includes(scope));

  const stepUp: TokenSource['stepUp'] = async (stale, challenge, signal) => {
    const needed = scopesOf(challenge) ?? [];
    if (needed.some(isSecret))
      throw scopeError(
        needed.filter((scope) => !isSecret(scope)),
        `${serverUrl} gives a scope the name of a credential of yours. Nobody was asked for it`,
        'Ask whoever runs the server what that is for.',
      );
    if (held && held.tokens.accessToken !== stale && missingOf(needed).length === 0) return held.tokens.accessToken;
    // Another caller's request may bring what is needed here; that it failed is reported to that caller.
    while (flight.isFlying()) await flight.settled(signal);
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
          for (const scope of missingOf(needed)) refused.set(scope, error);
          throw error;
        }
      }
      for (const scope of missingOf(needed)) refused.set(scope, undefined);
    }
    const missing = missingOf(needed);
    const known = missing.map((scope) => refused.get(scope)).find((error) => error !== undefined);
    if (known && missing.every((scope) => known.details.missingScopes?.includes(scope))) throw known;
    if (missing.length > 0 || !held) throw scopeError(missing, 'the issuer does not grant it to this client');
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
    login: async (signal, scopes = []) => {
      // What goes on for others may be a login already; this one is asked for by name, and comes after.
      while (flight.isFlying()) await flight.settled(signal);
      refused.clear();
      const challenge = await probeChallenge(serverUrl, fetch);
      const want = { stale: held?.tokens.accessToken, challenge, extraScopes: scopes, reason: 'login' } as const;
      const { login, tokens } = await share(want, signal);
      const missing = scopes.filter((scope) => !tokens.scopes.includes(scope));
      if (missing.length > 0)
        throw scopeError(missing, `${login.issuer} did not grant it`, 'You are signed in with what it did grant.');
      return describeLogin(login, tokens);
    },
    logout: async () => {
      const profiles = [config.profile, MACHINE_PROFILE];
      const found = (await Promise.all(profiles.map((profile) => index.find(serverUrl, profile)))).find(Boolean);
      held = undefined;
      previous = undefined;
      acquisition.reset();
      refused.clear();
      if (!found) return;
      let tokens: StoredTokens | undefined;
      await store.update(
        tokenKeyOf(found),
        async (stored) => {
          tokens = stored;
          return { kind: 'forget' };
        },
        { isForgetting: true },
      );
      await index.forget(serverUrl, found.profile);
      // A machine's tokens end by themselves, and its client stays: there is no login to take back.
      if (!tokens || found.profile === MACHINE_PROFILE) return;
      const metadata = await authority.metadata(found.issuer);
      await revokeTokens(tokens, { metadata, client: await findClient(metadata, choice, now()), login: found, fetch });
    },
  };
}

function isPersonal(reason: Want['reason'] | undefined): boolean {
  return reason === 'step-up' || reason === 'login';
}
