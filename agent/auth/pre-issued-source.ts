// A token that somebody else got for us: used as it is, and never renewed.

import { AgentError } from '../errors.ts';
import { readClaims, userOf } from './token-claims.ts';
import { scopeError } from './token-rules.ts';
import type { TokenSource } from './token-source.ts';

/** What a date can say at most (ECMAScript); the claim may say anything. */
const LAST_DATE_MS = 8.64e15;

export function createPreIssuedSource(token: string, serverUrl: string): TokenSource {
  return {
    current: async () => token,
    renew: async () => {
      throw new AgentError(
        'login_required',
        `${serverUrl} refused MCP_BEARER_TOKEN: it may be expired, or issued for another resource. Set a new one.`,
      );
    },
    stepUp: async (_stale, { scope }) => {
      throw scopeError(scope?.split(' ').filter(Boolean) ?? [], 'MCP_BEARER_TOKEN does not carry it');
    },
    isAdopted: () => false,
    authorize: async () => ({ authorization: `Bearer ${token}` }),
    noteAnswer: () => false,
    status: async () => {
      const claims = readClaims(token) ?? {};
      const text = (name: string) => (typeof claims[name] === 'string' ? claims[name] : undefined);
      return {
        issuer: text('iss') ?? '',
        resource: serverUrl,
        clientId: text('client_id') ?? text('azp') ?? '',
        grant: 'pre-issued',
        profile: '',
        user: userOf(token),
        scopes: text('scope')?.split(' ').filter(Boolean) ?? [],
        expiresAtMs: typeof claims.exp === 'number' ? Math.min(claims.exp * 1000, LAST_DATE_MS) : undefined,
        canRefresh: false,
      };
    },
    login: async () => {
      throw new AgentError('login_required', 'MCP_BEARER_TOKEN takes the place of a login. Unset it to sign in.');
    },
    logout: async () => undefined,
  };
}
