// What holds for tokens, as functions from data to answer: when one is due, what is asked for, how a lack of scope is told.

import { type CredentialConfig, DEFAULT_LOGIN, MACHINE_PROFILE } from '../credential-config.ts';
import { AgentError } from '../errors.ts';
import type { Challenge } from './discovery.ts';
import type { IssuerMetadata } from './issuer-metadata.ts';
import type { KnownLogin } from './login-index.ts';
import type { LoginStatus } from './login-prompt.ts';
import { userOf } from './token-claims.ts';
import type { StoredTokens } from './token-store.ts';

/** A token is renewed this long before it expires, or after nine tenths of a shorter life. */
const EARLY_RENEWAL_MS = 30_000;

export function describeLogin(login: KnownLogin, tokens: StoredTokens): LoginStatus {
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

/**
 * The audience to ask for: the one that is configured, at the issuer that it is configured for; else the resource where the
 * issuer is Auth0 or does as Auth0 does, which goes by no other name. Others may refuse what they do not know.
 */
export function audienceOf(
  credential: CredentialConfig,
  { issuer, token_endpoint: endpoint }: IssuerMetadata,
  resource: string,
): string | undefined {
  const configured =
    'audience' in credential && (credential.issuer === undefined || credential.issuer === issuer)
      ? credential.audience
      : undefined;
  const isAuth0 = issuer.endsWith('/') && endpoint === `${issuer}oauth/token`;
  return configured ?? (isAuth0 ? resource : undefined);
}

/** Only an issuer that lists the scope is asked for it (MCP 2026-07-28, "Refresh Tokens"). */
export function withOfflineAccess(
  scopes: readonly string[],
  { scopes_supported: supported }: IssuerMetadata,
): string[] {
  return supported?.includes('offline_access') ? [...new Set([...scopes, 'offline_access'])] : [...scopes];
}

export function scopesOf({ scope }: Challenge): readonly string[] | undefined {
  return scope?.split(' ').filter(Boolean);
}

/** The command that signs in at a server of the configuration, into this profile. */
export function loginCommandFor(serverName: string, profile: string): string {
  const variable = profile === DEFAULT_LOGIN.profile ? '' : `AUTH_PROFILE=${profile} `;
  return `${variable}npm run -s agent -- mcp login ${serverName}`;
}

/**
 * The command that signs in, asking for these scopes too. People copy it into a shell: scopes with anything in them that a
 * shell could take for its own are left to the person.
 */
export function withScopes(loginCommand: string, scopes: readonly string[]): string {
  const areHarmless = scopes.length > 0 && scopes.every((scope) => /^[\w:./@-]+$/.test(scope));
  return areHarmless ? `${loginCommand} --scope "${scopes.join(' ')}"` : loginCommand;
}

export function isDue({ issuedAtMs, expiresAtMs }: StoredTokens, nowMs: number): boolean {
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
