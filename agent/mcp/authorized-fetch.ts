// The fetch that the MCP transport uses: puts the token on every request to the server's own origin, and answers 401 and
// 403 challenges once per request. Authorization lives here and not in the SDK's `authProvider`, which loses the login
// when parallel calls meet a rotating refresh token.

import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';
import { networkReason } from '../auth/bounded-fetch.ts';
import type { Challenge } from '../auth/discovery.ts';
import { parseScopes } from '../auth/scope-token.ts';
import { scopesOf } from '../auth/token-rules.ts';
import type { TokenSource } from '../auth/token-source.ts';
import { AgentError } from '../errors.ts';

/** A server that has refused so many tokens in a row which had just got the scopes that it named, will name others for ever. */
const MAX_FRUITLESS_STEP_UPS = 3;

type TransportFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * Wraps `fetch` for one MCP server.
 *
 * The returned function throws what `TokenSource` throws, and `AgentError` `unreachable` when nobody answers.
 *
 * @see RFC 6750 §2.1; MCP 2026-07-28, "Access Token Usage" and "Step-Up Authorization Flow"
 */
export function createAuthorizedFetch(
  serverUrl: string,
  tokens: TokenSource,
  fetch: TransportFetch = globalThis.fetch,
): TransportFetch {
  const { origin } = new URL(serverUrl);
  let fruitlessStepUps = 0;
  /** The last of those tokens; that another one is in use, by a new login for example, begins anew. */
  let refusedToken: string | undefined;

  const send = async (url: URL, init: RequestInit | undefined, token: string | undefined) => {
    const request = { url: url.href, method: init?.method ?? 'GET' };
    const attempt = async () => {
      const headers = new Headers(init?.headers);
      if (token !== undefined)
        for (const [name, value] of Object.entries(await tokens.authorize(request, token))) headers.set(name, value);
      return await fetch(url, { ...init, headers });
    };
    try {
      const response = await attempt();
      // RFC 9449 §9: the server may want a nonce of its own in the proof, and says so instead of answering.
      if (!tokens.noteAnswer(request, response)) return response;
      await response.body?.cancel();
      const repeated = await attempt();
      tokens.noteAnswer(request, repeated);
      return repeated;
    } catch (error) {
      if (init?.signal?.aborted || error instanceof AgentError) throw error;
      throw new AgentError('unreachable', unreachableMessage(serverUrl, error), { cause: error });
    }
  };

  return async (target, init) => {
    const url = new URL(target);
    if (url.origin !== origin)
      throw new AgentError(
        'protocol_error',
        `${serverUrl} led to another origin, ${url.origin}; the token stays at home.`,
      );
    let token = await tokens.current();
    let response = await send(url, init, token);
    if (response.status === 401) {
      const renew = async () => {
        await response.body?.cancel();
        const challenge = readChallenge(response, serverUrl);
        token = await tokens.renew(token, challenge, init?.signal ?? undefined);
        response = await send(url, init, token);
      };
      await renew();
      // One retry with a token that the issuer has just made; one of an earlier run may have been revoked since.
      if (response.status === 401 && token !== undefined && tokens.isAdopted(token)) await renew();
      if (response.status === 401) {
        await response.body?.cancel();
        throw new AgentError(
          'login_required',
          `${serverUrl} refuses the token that was issued for it. Does it trust this issuer, and is its audience the one that was asked for? Its log has the reason.`,
          { status: 401 },
        );
      }
    }
    if (response.status === 403 && extractWWWAuthenticateParams(response).error === 'insufficient_scope') {
      await response.body?.cancel();
      const challenge = readChallenge(response, serverUrl);
      // Not the one that was sent: a call beside this one may have stepped up meanwhile.
      const present = await tokens.current();
      if (present !== refusedToken) fruitlessStepUps = 0;
      if (fruitlessStepUps >= MAX_FRUITLESS_STEP_UPS)
        throw new AgentError(
          'insufficient_scope',
          `${serverUrl} wants other scopes each time, and refused the last ${fruitlessStepUps} tokens that had them. Nobody is asked for more.`,
          { missingScopes: scopesOf(challenge) ?? [], status: 403 },
        );
      const next = await tokens.stepUp(token, challenge, init?.signal ?? undefined);
      response = await send(url, init, next);
      // Nobody was asked for a token that was there already.
      if (next !== present) {
        refusedToken = next;
        fruitlessStepUps = response.status === 403 ? fruitlessStepUps + 1 : 0;
      }
      if (response.status === 403) {
        await response.body?.cancel();
        const missingScopes = scopesOf(readChallenge(response, serverUrl)) ?? [];
        throw new AgentError(
          'insufficient_scope',
          `${serverUrl} wants the scope ${missingScopes.join(' ')} even after it was asked for.`,
          {
            missingScopes,
            status: 403,
          },
        );
      }
    }
    return response;
  };
}

/** @throws {AgentError} `protocol_error` when it names a scope that is none */
function readChallenge(response: Response, serverUrl: string): Challenge {
  const { resourceMetadataUrl, scope: named } = extractWWWAuthenticateParams(response);
  const scope = named === undefined ? undefined : parseScopes([named], serverUrl).join(' ');
  const isProofRequired = /^dpop\b/i.test(response.headers.get('www-authenticate') ?? '');
  return { resourceMetadataUrl: resourceMetadataUrl?.href, scope, isProofRequired };
}

function unreachableMessage(serverUrl: string, error: unknown): string {
  const { hostname } = new URL(serverUrl);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const advice = local ? 'Start it in another terminal with "npm run server".' : 'Check the URL and the network.';
  return `The MCP server at ${serverUrl} does not answer (${networkReason(error)}). ${advice}`;
}
