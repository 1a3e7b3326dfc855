// A person signs in: by a browser here, by a browser elsewhere whose last address is pasted, or by a code on another
// device. One login at a time; what it gives is tokens, or a reason why not.

import * as oauth from 'openid-client';
import type { LoginConfig } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import { checkAuthorizationResponse, type ExpectedResponse } from './authorization-response.ts';
import type { Fetch } from './bounded-fetch.ts';
import { openCallback } from './callback.ts';
import { createClientAuthentication } from './client-authentication.ts';
import {
  GrantRefused,
  requestByCode,
  requestByDeviceCode,
  resourceOf,
  type TokenRequest,
  translate,
} from './grants.ts';
import { assertCodesAreProtected, createConfiguration, type IssuerMetadata } from './issuer-metadata.ts';
import type { LoginMethod, LoginPrompt } from './login-prompt.ts';
import { type ProofKey, thumbprintOf } from './proof-of-possession.ts';
import { type ClientChoice, findClient, forgetClient, type LoginClient, registerClient } from './registration.ts';
import type { StoredTokens } from './token-store.ts';
import { assertMayBeAsked, quote } from './trusted-url.ts';

export interface LoginTask {
  readonly metadata: IssuerMetadata;
  readonly resource: string;
  readonly audience: string | undefined;
  readonly scopes: readonly string[];
  readonly proofKey: ProofKey | undefined;
  readonly choice: ClientChoice;
  readonly config: LoginConfig;
  /** Set when only a code on another device is wanted. */
  readonly isDeviceOnly: boolean;
  readonly prompt: LoginPrompt;
  readonly fetch: Fetch;
  readonly now: () => number;
  /** How long a browser may take to come back, in milliseconds. */
  readonly browserTimeoutMs: number;
  /** Ends the login. */
  readonly signal: AbortSignal;
}

export interface LoginOutcome {
  readonly tokens: StoredTokens;
  readonly client: LoginClient;
  readonly grant: 'authorization-code' | 'device-code';
}

/** Where a pasted login ends: nobody listens there, and the address stays in the browser's bar. */
const PASTE_REDIRECT_URI = 'http://127.0.0.1:33418/callback';
/** Nobody types for longer; timers take no more than 24 days. */
const MAX_DEVICE_SECONDS = 86_400;
const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * Signs in by the first method that is possible. A registration of ours that the issuer does not know any more is replaced
 * once.
 *
 * @throws {AgentError} `login_required`, `untrusted_issuer`, `unreachable`, `protocol_error`
 */
export async function signIn(task: LoginTask): Promise<LoginOutcome> {
  try {
    return await signInOnce(task);
  } catch (error) {
    const { metadata, choice, now } = task;
    if (!(error instanceof GrantRefused) || error.reason !== 'invalid_client') throw error;
    const client = await findClient(metadata, choice, now());
    if (client?.origin !== 'dynamic') throw error;
    await forgetClient(metadata.issuer, client.clientId, choice.records);
    return await signInOnce(task);
  }
}

async function signInOnce(task: LoginTask): Promise<LoginOutcome> {
  const method = selectMethod(task);
  if (method === 'device') return await signInByDevice(task);
  assertCodesAreProtected(task.metadata);
  return method === 'browser' ? await signInByBrowser(task) : await signInByPaste(task);
}

/** @throws {AgentError} `login_required` when nothing that the person can do is what the issuer can do */
function selectMethod({ metadata, prompt, isDeviceOnly }: LoginTask): LoginMethod {
  const isPossible = (method: LoginMethod) =>
    method === 'device'
      ? metadata.device_authorization_endpoint !== undefined
      : !isDeviceOnly && metadata.authorization_endpoint !== undefined;
  const wanted: readonly LoginMethod[] = isDeviceOnly ? ['device'] : prompt.methods;
  const method = wanted.find(isPossible);
  if (method !== undefined) return method;
  throw new AgentError(
    'login_required',
    `${metadata.issuer} offers no way of signing in that works here (possible here: ${wanted.join(', ') || 'none'}).`,
  );
}

async function signInByBrowser(task: LoginTask): Promise<LoginOutcome> {
  const { metadata, choice, prompt, browserTimeoutMs, now } = task;
  // Who says no to Auth0 gets an error page there, and nobody comes back.
  const limit = AbortSignal.timeout(browserTimeoutMs);
  const signal = AbortSignal.any([task.signal, limit]);
  const known = await findClient(metadata, choice, now());
  const flow = startFlow(metadata);
  const check = (parameters: URLSearchParams) => checkAuthorizationResponse(parameters, flow.expected);
  const listen = (redirectUri: string) => openCallback({ redirectUri, check, signal });
  let client = known;
  let listener: Awaited<ReturnType<typeof openCallback>>;
  try {
    listener = await listen(known?.redirectUri ?? choice.redirectUri ?? freshRedirectUri(known));
  } catch (error) {
    // The port of the last login is taken: our own registration can be made anew, one by hand cannot.
    if (known?.origin !== 'dynamic' || choice.redirectUri !== undefined || signal.aborted) throw error;
    client = undefined;
    listener = await listen(freshRedirectUri(undefined));
  }
  try {
    client ??= await registerClient(metadata, choice, listener.redirectUri, grantTypesFor(metadata), task.fetch);
    const request = await requestFor(task, client);
    const address = await authorizationUrl(task, request, flow, listener.redirectUri);
    // Some openers stay until the browser has gone, and the browser stays until the login has ended.
    const shown = prompt.showAuthorizationUrl(address, 'browser').then(() => listener.redirect);
    const tokens = await redeem(request, await Promise.race([listener.redirect, shown]), flow);
    listener.show('signed-in');
    return { tokens, client, grant: 'authorization-code' };
  } catch (error) {
    listener.show('refused');
    if (error === limit.reason)
      throw new AgentError(
        'login_required',
        `No browser came back from ${metadata.issuer} within ${browserTimeoutMs / 1000} s. Sign in again.`,
      );
    throw error;
  } finally {
    await listener.close();
  }
}

async function signInByPaste(task: LoginTask): Promise<LoginOutcome> {
  const { metadata, choice, prompt, signal, now } = task;
  const known = await findClient(metadata, choice, now());
  const redirectUri = known?.redirectUri ?? choice.redirectUri ?? PASTE_REDIRECT_URI;
  const client = known ?? (await registerClient(metadata, choice, redirectUri, grantTypesFor(metadata), task.fetch));
  const flow = startFlow(metadata);
  const request = await requestFor(task, client);
  await prompt.showAuthorizationUrl(await authorizationUrl(task, request, flow, redirectUri), 'paste');
  const url = parsePasted(await prompt.readPastedRedirect(signal), redirectUri);
  checkAuthorizationResponse(url.searchParams, flow.expected);
  return { tokens: await redeem(request, url, flow), client, grant: 'authorization-code' };
}

async function signInByDevice(task: LoginTask): Promise<LoginOutcome> {
  const { metadata, choice, prompt, signal, now } = task;
  const client =
    (await findClient(metadata, choice, now())) ??
    (await registerClient(metadata, choice, PASTE_REDIRECT_URI, grantTypesFor(metadata), task.fetch));
  if (client.grantTypes && !client.grantTypes.includes(DEVICE_CODE_GRANT))
    throw new AgentError(
      'login_required',
      `${metadata.issuer} gives no codes for other devices to a client that registers itself. Sign in with a browser, here or elsewhere (--paste); or register a client there by hand and set AUTH_ISSUER=${metadata.issuer}, AUTH_CLIENT_ID and AUTH_GRANT=device-code.`,
    );
  const request = await requestFor(task, client);
  const device = await startDevice(request);
  // Shown to a person who is going to open it.
  assertMayBeAsked('the address to sign in at', device.verification_uri, metadata.issuer);
  if (device.verification_uri_complete !== undefined)
    assertMayBeAsked('the address to sign in at', device.verification_uri_complete, metadata.issuer);
  const expiresInSeconds = Math.min(device.expires_in, MAX_DEVICE_SECONDS);
  prompt.showDeviceCode({
    userCode: device.user_code,
    verificationUri: device.verification_uri,
    verificationUriComplete: device.verification_uri_complete,
    expiresInSeconds,
  });
  const expiry = AbortSignal.timeout(expiresInSeconds * 1000);
  try {
    const tokens = await requestByDeviceCode(request, device, AbortSignal.any([signal, expiry]));
    return { tokens, client, grant: 'device-code' };
  } catch (error) {
    signal.throwIfAborted();
    if (expiry.aborted) throw new AgentError('login_required', 'The code was not entered in time. Sign in again.');
    throw error;
  }
}

async function startDevice(request: TokenRequest): Promise<oauth.DeviceAuthorizationResponse> {
  const { configuration, scopes, resource } = request;
  try {
    return await oauth.initiateDeviceAuthorization(configuration, {
      ...resourceOf(request),
      ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
    });
  } catch (error) {
    throw translate(error, configuration.serverMetadata().issuer, resource, scopes);
  }
}

/** What has to be remembered between sending a person away and their coming back. */
interface Flow {
  readonly codeVerifier: string;
  readonly expected: ExpectedResponse;
}

function startFlow(metadata: IssuerMetadata): Flow {
  return {
    codeVerifier: oauth.randomPKCECodeVerifier(),
    expected: {
      issuer: metadata.issuer,
      state: oauth.randomState(),
      isIssuerAnnounced: metadata.authorization_response_iss_parameter_supported === true,
    },
  };
}

async function requestFor(task: LoginTask, client: LoginClient): Promise<TokenRequest> {
  const { metadata, resource, audience, scopes, proofKey, now, fetch } = task;
  const authentication = await createClientAuthentication(client.authentication, client.authenticationMethod);
  const configuration = createConfiguration(metadata, client.clientId, authentication, fetch);
  return { configuration, resource, audience, scopes, proofKey, now };
}

/** @throws {AgentError} `untrusted_issuer` when it is not an address that a browser may be sent to */
async function authorizationUrl(
  { metadata, proofKey }: LoginTask,
  request: TokenRequest,
  { codeVerifier, expected }: Flow,
  redirectUri: string,
): Promise<URL> {
  const url = oauth.buildAuthorizationUrl(request.configuration, {
    ...resourceOf(request),
    redirect_uri: redirectUri,
    state: expected.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...(request.scopes.length > 0 ? { scope: request.scopes.join(' ') } : {}),
    // Without a question there is no refresh token (OpenID Connect Core §11).
    ...(request.scopes.includes('offline_access') ? { prompt: 'consent' } : {}),
    ...(proofKey ? { dpop_jkt: await thumbprintOf(proofKey) } : {}),
  });
  assertMayBeAsked('the address to sign in at', url.href, metadata.issuer);
  return url;
}

async function redeem(request: TokenRequest, url: URL, { codeVerifier, expected }: Flow): Promise<StoredTokens> {
  return await requestByCode(request, { url, state: expected.state, codeVerifier });
}

/** The whole address, or only what follows its question mark. */
function parsePasted(text: string, redirectUri: string): URL {
  const pasted = text.trim();
  const expected = new URL(redirectUri);
  if (!URL.canParse(pasted)) {
    expected.search = pasted.replace(/^\?/, '');
    return expected;
  }
  const url = new URL(pasted);
  if (url.origin !== expected.origin || url.pathname !== expected.pathname)
    throw new AgentError(
      'login_required',
      `That is not the address that the login ends at: expected one that begins with ${redirectUri}?, got one at ${quote(url.origin)}. Copy the address from the browser after you have allowed access.`,
    );
  return url;
}

/** Registered by us, the path can be one that nobody guesses; a document or a registration by hand names this one. */
function freshRedirectUri(known: LoginClient | undefined): string {
  return known ? 'http://127.0.0.1/callback' : `http://127.0.0.1/callback/${oauth.randomState()}`;
}

function grantTypesFor({ device_authorization_endpoint: device }: IssuerMetadata): readonly string[] {
  return ['authorization_code', 'refresh_token', ...(device === undefined ? [] : [DEVICE_CODE_GRANT])];
}
