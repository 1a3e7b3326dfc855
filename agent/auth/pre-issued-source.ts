// A token that somebody else got for us: used as it is, and never renewed. When it is refused, what can be read of it and what
// a good one looks like is all that can be said: whoever set the variable has to set it anew.

import { AgentError } from '../errors.ts';
import { readClaims, userOf } from './token-claims.ts';
import { scopeError, scopesOf } from './token-rules.ts';
import type { TokenSource } from './token-source.ts';
import { quote } from './trusted-url.ts';

/** What a date can say at most (ECMAScript); the claim may say anything. */
const LAST_DATE_MS = 8.64e15;

/** @param now clock in milliseconds; default `Date.now` */
export function createPreIssuedSource(token: string, serverUrl: string, now: () => number = Date.now): TokenSource {
  const claims = readClaims(token) ?? {};
  const text = (name: string) => (typeof claims[name] === 'string' ? claims[name] : undefined);
  const held = text('scope')?.split(' ').filter(Boolean) ?? [];

  return {
    current: async () => token,
    renew: async (_stale, challenge) => {
      throw new AgentError(
        'login_required',
        `${serverUrl} refused MCP_BEARER_TOKEN${faultOf(claims, serverUrl, now())}. Set it to ${wantedToken(serverUrl, scopesOf(challenge))} that has not expired, of an issuer that the server trusts. To have yours looked at: npm run -s agent -- doctor`,
      );
    },
    stepUp: async (_stale, challenge) => {
      const needed = scopesOf(challenge) ?? [];
      const lacking = needed.filter((scope) => !held.includes(scope));
      throw scopeError(
        lacking.length === 0 ? needed : lacking,
        'MCP_BEARER_TOKEN does not carry it',
        `Set it to ${wantedToken(serverUrl, [...held, ...lacking])}, or unset it to sign in.`,
      );
    },
    isAdopted: () => false,
    authorize: async () => ({ authorization: `Bearer ${token}` }),
    noteAnswer: () => false,
    status: async () => ({
      issuer: text('iss') ?? '',
      resource: serverUrl,
      clientId: text('client_id') ?? text('azp') ?? '',
      grant: 'pre-issued',
      profile: '',
      user: userOf(token),
      scopes: held,
      expiresAtMs:
        typeof claims.exp === 'number' ? Math.max(-LAST_DATE_MS, Math.min(claims.exp * 1000, LAST_DATE_MS)) : undefined,
      canRefresh: false,
    }),
    login: async () => {
      throw new AgentError('login_required', 'MCP_BEARER_TOKEN takes the place of a login. Unset it to sign in.');
    },
    logout: async () => undefined,
  };
}

/** A token that the server would take, in words. */
export function wantedToken(serverUrl: string, scopes: readonly string[] = []): string {
  return `an access token for ${serverUrl}${scopes.length === 0 ? '' : ` with the scope ${scopes.join(' ')}`}`;
}

/** The first thing that is wrong with a token as far as it can be read, which decides nothing. */
function faultOf({ exp, aud }: ReturnType<typeof readClaims> & object, serverUrl: string, nowMs: number): string {
  if (typeof exp === 'number' && exp >= 0 && exp * 1000 <= nowMs)
    return `: it expired at ${new Date(exp * 1000).toISOString()}`;
  const audiences = [aud].flat().filter((one) => typeof one === 'string');
  const { origin } = new URL(serverUrl);
  // A resource may be a path above the server's own (RFC 9728 §3.3).
  const isElsewhere =
    audiences.length > 0 && !audiences.some((one) => URL.canParse(one) && new URL(one).origin === origin);
  return isElsewhere ? `: it is for ${audiences.slice(0, 3).map(quote).join(', ')}` : '';
}
