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
import { requestClientCredentials, type Tokens } from './grants.ts';
import { loadLocalClient } from './local-client.ts';

export interface TokenSource {
  /** The token to send, renewed first when it is about to expire; `undefined` until a server has asked for one. */
  current(): Promise<string | undefined>;
  /**
   * The server answered 401 to `stale` (or to no token at all): a new token. Callers with the same stale token share one
   * request; a caller whose token has been replaced meanwhile gets the replacement.
   *
   * @throws {AgentError} `login_required`, `untrusted_issuer`, `unreachable`, `protocol_error`
   */
  renew(stale: string | undefined, challenge: Challenge): Promise<string>;
  /**
   * The server answered 403 `insufficient_scope` to `stale`: a token with the scopes held so far and those it names.
   *
   * @throws {AgentError} `insufficient_scope` when they are not to be had; asked once, not again and again
   */
  stepUp(stale: string | undefined, challenge: Challenge): Promise<string>;
}

export interface TokenSourceOptions {
  readonly serverUrl: string;
  readonly credential: CredentialConfig;
  readonly fetch?: Fetch;
  /** Clock in milliseconds; default `Date.now`. */
  readonly now?: () => number;
}

/** A token is renewed this long before it expires, or after nine tenths of a shorter life. */
const EARLY_RENEWAL_MS = 30_000;

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
  };
}

function createMachineSource(
  { serverUrl, fetch, now = Date.now }: TokenSourceOptions,
  credential: Exclude<CredentialConfig, { kind: 'bearer' }>,
): TokenSource {
  const boundedFetch = createBoundedFetch(fetch);
  let tokens: Tokens | undefined;
  let issuedAtMs = 0;
  let flight: Promise<Tokens> | undefined;
  let authority: { resource: ProtectedResource; issuer: Configuration } | undefined;
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
    return { resource, issuer: await discoverIssuer(client, boundedFetch) };
  };

  const request = async (challenge: Challenge, extraScopes: readonly string[]) => {
    authority ??= await discover(challenge);
    const { resource, issuer } = authority;
    // Scope Selection Strategy of MCP 2026-07-28: what the challenge names, else all that the resource speaks of.
    if (wanted.size === 0) for (const scope of challenge.scope?.split(' ') ?? resource.scopes ?? []) wanted.add(scope);
    const audience = credential.kind === 'client-credentials' ? credential.audience : undefined;
    const scopes = [...new Set([...wanted, ...extraScopes])];
    const answer = await requestClientCredentials(issuer, {
      resource: resource.resource,
      audience,
      scopes,
      nowMs: now(),
    });
    for (const scope of answer.scopes) wanted.add(scope);
    tokens = answer;
    issuedAtMs = now();
    return answer;
  };
  const share = (challenge: Challenge, extraScopes: readonly string[] = []) => {
    flight ??= request(challenge, extraScopes).finally(() => {
      flight = undefined;
    });
    return flight;
  };

  return {
    current: async () => {
      if (!tokens || !isDue(tokens, issuedAtMs, now())) return tokens?.accessToken;
      const previous = tokens;
      try {
        return (await share(NO_CHALLENGE)).accessToken;
      } catch (error) {
        // Early renewal failed, but the token is still good: the issuer may be back before it is not.
        if (previous.expiresAtMs !== undefined && previous.expiresAtMs > now()) return previous.accessToken;
        throw error;
      }
    },
    renew: async (stale, challenge) => {
      if (tokens && tokens.accessToken !== stale) return tokens.accessToken;
      return (await share(challenge)).accessToken;
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
          await share(challenge, needed);
        } catch (error) {
          if (!(error instanceof AgentError) || error.code !== 'insufficient_scope') throw error;
        }
        for (const scope of missing()) refused.add(scope);
      }
      if (missing().length > 0 || !tokens) throw scopeError(missing(), 'the issuer does not grant it to this client');
      return tokens.accessToken;
    },
  };
}

const NO_CHALLENGE: Challenge = { resourceMetadataUrl: undefined, scope: undefined };

async function machineClient(credential: Exclude<CredentialConfig, { kind: 'bearer' }>): Promise<MachineClient> {
  return credential.kind === 'local-client' ? loadLocalClient(credential.file) : credential;
}

function isDue({ expiresAtMs }: Tokens, issuedAtMs: number, nowMs: number): boolean {
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
