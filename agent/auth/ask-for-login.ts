// The last way to a token: a person is told what is needed and why, says yes, and signs in; what comes of it is stored. Stands
// apart from the ways that need nobody, since all it adds is what people read and decide.

import { AgentError } from '../errors.ts';
import type { AcquisitionOptions, Held, Want } from './acquisition.ts';
import type { ProtectedResource } from './discovery.ts';
import type { IssuerMetadata } from './issuer-metadata.ts';
import { type LoginOutcome, type LoginTask, signIn } from './login.ts';
import { type KnownLogin, tokenKeyOf } from './login-index.ts';
import type { AuthState, LoginRequest } from './login-prompt.ts';
import type { ProofKey } from './proof-of-possession.ts';
import { audienceOf, scopeError, withOfflineAccess, withScopes } from './token-rules.ts';
import type { StoredTokens } from './token-store.ts';

export interface LoginNeed {
  readonly want: Want;
  readonly resource: ProtectedResource;
  readonly metadata: IssuerMetadata;
  /** The login there has been so far, which is of no more use as it is. */
  readonly known: KnownLogin | undefined;
  /** Scopes that the server has spoken of. */
  readonly wanted: Iterable<string>;
  /** The key that new tokens are bound to, where they are. */
  readonly proofKeyFor: (stored: StoredTokens | undefined) => Promise<ProofKey | undefined>;
}

/**
 * Asks the person, and signs in by what is possible here.
 *
 * @throws {AgentError} `insufficient_scope` if a call lacks a scope that nobody granted, `login_required` if nobody signed in,
 *   and what `signIn` throws
 */
export async function askForLogin(
  { want, resource, metadata, known, wanted, proofKeyFor }: LoginNeed,
  options: AcquisitionOptions,
): Promise<Held> {
  const { serverUrl, serverName, credential, config, choice, store, index } = options;
  const { prompt, loginCommand, onAuth, fetch, now, browserTimeoutMs, isSecret } = options;
  const before = known && (await store.load(tokenKeyOf(known)));
  // They stand in an address and before a person's eyes.
  const tellable = (scopes: readonly string[]) => scopes.filter((scope) => !isSecret(scope));
  const scopes = tellable([...new Set([...(before?.requestedScopes ?? []), ...wanted, ...want.extraScopes])]);
  const needed = withOfflineAccess(scopes, metadata);
  const reason: LoginRequest['reason'] =
    want.reason === 'step-up' ? 'step-up' : before && want.reason !== 'login' ? 'expired' : 'first-login';
  const heldScopes = tellable(before?.scopes ?? []);
  const say = (state: AuthState, now: readonly string[] = heldScopes) => onAuth({ state, held: now, needed });
  const missing = want.extraScopes.filter((scope) => !heldScopes.includes(scope));

  const command = withScopes(loginCommand, tellable(reason === 'step-up' ? missing : want.extraScopes));
  say(reason === 'step-up' ? 'step-up' : 'login-needed');
  if (!prompt || prompt.methods.length === 0) {
    if (reason === 'step-up') throw scopeError(missing, 'a person has to grant it', `Sign in: ${command}`);
    const why = reason === 'expired' ? 'The login has expired' : 'A person has to sign in first';
    throw new AgentError('login_required', `${serverUrl} wants a login at ${metadata.issuer}. ${why}: ${command}`);
  }
  const signInFor = async (task: LoginTask): Promise<LoginOutcome> => {
    try {
      return await signIn(task);
    } catch (error) {
      if (reason !== 'step-up' || !(error instanceof AgentError) || error.code !== 'login_required') throw error;
      // The login is what it was; what the call lacks is the scope.
      say('refused');
      throw scopeError(missing, 'it was not granted', `${error.message} The command for it: ${command}`);
    }
  };
  const request: LoginRequest = {
    server: serverName,
    serverUrl,
    issuer: metadata.issuer,
    reason,
    isRequested: want.reason === 'login',
    held: heldScopes,
    requested: needed,
  };
  if (!(await prompt.confirm(request, want.signal))) {
    say('refused');
    if (reason === 'step-up') throw scopeError(missing, 'it was not granted', `When you want to: ${command}`);
    throw new AgentError('login_required', `Nobody signed in to ${serverName}. When you want to: ${command}`);
  }
  const { tokens, client, grant } = await signInFor({
    metadata,
    resource: resource.resource,
    audience: audienceOf(credential, metadata, resource.resource),
    scopes: needed,
    proofKey: await proofKeyFor(before),
    choice,
    config,
    isDeviceOnly: credential.kind === 'login' && credential.method === 'device-code',
    prompt,
    fetch,
    now,
    browserTimeoutMs,
    signal: want.signal,
  });
  const login: KnownLogin = {
    issuer: metadata.issuer,
    resource: audienceOf(credential, metadata, resource.resource) ?? resource.resource,
    clientId: client.clientId,
    profile: config.profile,
    grant,
    resourceUrl: resource.resource,
  };
  await store.update(tokenKeyOf(login), async () => ({ kind: 'replace', tokens }));
  await index.note(serverUrl, login);
  // Signed in as another client of ours: nothing leads to the tokens of the one before any more.
  if (known && known.clientId !== login.clientId)
    await store.update(tokenKeyOf(known), async () => ({ kind: 'forget' }));
  say('logged-in', tokens.scopes);
  return { tokens, login, isAdopted: false };
}
