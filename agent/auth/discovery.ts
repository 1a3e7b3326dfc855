// MCP URL → protected-resource metadata → the issuer it names → issuer metadata, each step checked before the next one.

import * as oauth from 'openid-client';
import * as z from 'zod';
import { AgentError } from '../errors.ts';
import type { Fetch } from './bounded-fetch.ts';

/** What a server said in the `WWW-Authenticate` header of a 401 or 403. Untrusted until checked here. */
export interface Challenge {
  readonly resourceMetadataUrl: string | undefined;
  readonly scope: string | undefined;
}

/** A protected resource, as its own checked metadata describes it. */
export interface ProtectedResource {
  /** Resource identifier to name in every token request (RFC 8707). */
  readonly resource: string;
  /** Issuers of the tokens that the resource accepts; at least one. */
  readonly issuers: readonly string[];
  /** All scopes the resource speaks of; `undefined` when it does not say. */
  readonly scopes: readonly string[] | undefined;
}

/** A machine client at one issuer. */
export interface MachineClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'];

const resourceMetadataSchema = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.string()).min(1),
  scopes_supported: z.array(z.string()).optional(),
});

/**
 * Finds and checks the metadata of the MCP server at `serverUrl`: first where the challenge says, then at the two
 * well-known places.
 *
 * @throws {AgentError} `protocol_error` when there is no usable document, `untrusted_issuer` when the document is not
 *   this server's, `unreachable`
 * @see RFC 9728 §3; MCP 2026-07-28, "Protected Resource Metadata Discovery Requirements"
 */
export async function discoverResource(
  serverUrl: string,
  challenge: Challenge,
  fetch: Fetch,
): Promise<ProtectedResource> {
  const { origin, pathname } = new URL(serverUrl);
  const stated = challenge.resourceMetadataUrl;
  // A server that sends us to another origin could make us fetch from inside our network, or vouch for somebody else.
  if (stated !== undefined && (!URL.canParse(stated) || new URL(stated).origin !== origin))
    throw new AgentError(
      'untrusted_issuer',
      `${serverUrl} names its metadata on another origin: ${quote(stated)}. Nothing was sent there.`,
    );

  const candidates =
    stated === undefined
      ? [`${origin}${WELL_KNOWN}${pathname.replace(/\/$/, '')}`, `${origin}${WELL_KNOWN}`]
      : [stated];
  for (const url of new Set(candidates)) {
    const response = await fetch(url, { headers: { accept: 'application/json' } });
    if (response.status === 404) continue;
    if (response.status !== 200)
      throw new AgentError('protocol_error', `${url} answered ${response.status}, expected 200.`);
    return checkResource(serverUrl, url, await response.text());
  }
  throw new AgentError(
    'protocol_error',
    `${serverUrl} asks for a token but publishes no protected-resource metadata (RFC 9728); looked at ${candidates.join(' and ')}.`,
  );
}

function checkResource(serverUrl: string, metadataUrl: string, text: string): ProtectedResource {
  const parsed = resourceMetadataSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new AgentError(
      'protocol_error',
      `${metadataUrl} is not protected-resource metadata: ${z.prettifyError(parsed.error)}`,
    );
  const { resource, authorization_servers: issuers, scopes_supported: scopes } = parsed.data;
  if (!covers(resource, serverUrl))
    throw new AgentError(
      'untrusted_issuer',
      `${metadataUrl} describes the resource ${quote(resource)}, expected ${serverUrl}. No token was requested. Use the server under the URL it calls itself.`,
    );
  return { resource, issuers, scopes };
}

/** Whether `resource` is the server itself or a path above it on the same origin (RFC 9728 §3.3, RFC 8707 §2). */
function covers(resource: string, serverUrl: string): boolean {
  if (!URL.canParse(resource)) return false;
  const [named, used] = [new URL(resource), new URL(serverUrl)];
  const folder = named.pathname.endsWith('/') ? named.pathname : `${named.pathname}/`;
  return named.origin === used.origin && `${used.pathname}/`.startsWith(folder);
}

/**
 * Loads the metadata of the client's own issuer, RFC 8414 first, then OpenID Connect.
 *
 * @throws {AgentError} `untrusted_issuer` when the document names another issuer or plain http, `protocol_error`,
 *   `unreachable`
 * @see RFC 8414 §3; MCP 2026-07-28, "Authorization Server Metadata Discovery"
 */
export async function discoverIssuer(client: MachineClient, fetch: Fetch): Promise<oauth.Configuration> {
  const issuer = new URL(client.issuer);
  const insecure = issuer.protocol === 'http:' && LOOPBACK_HOSTNAMES.includes(issuer.hostname);
  let failure: unknown;
  for (const algorithm of ['oauth2', 'oidc'] as const) {
    try {
      const configuration = await oauth.discovery(issuer, client.clientId, undefined, authenticateBy(client), {
        algorithm,
        // Its options are fetch's own, but for members that it sets to undefined.
        [oauth.customFetch]: (url, init) => fetch(url, init as RequestInit),
        execute: insecure ? [oauth.allowInsecureRequests] : [],
      });
      const named = configuration.serverMetadata().issuer;
      // The library compares URLs; RFC 8414 §3.3 wants identical strings, and a slash makes another issuer.
      if (named !== client.issuer)
        throw new AgentError(
          'untrusted_issuer',
          `The metadata of ${client.issuer} names the issuer ${quote(named)}. Write the issuer exactly so, or do not trust it.`,
        );
      return configuration;
    } catch (error) {
      if (error instanceof AgentError) throw error;
      const agentError = findAgentError(error);
      if (agentError) throw agentError;
      failure = error;
    }
  }
  throw new AgentError(
    'protocol_error',
    `${client.issuer} has no usable authorization-server metadata: ${describe(failure)}.`,
    { cause: failure },
  );
}

/** `client_secret_post` where the issuer offers it or says nothing, since Auth0 documents that; else `client_secret_basic`. */
function authenticateBy({ clientSecret }: MachineClient): oauth.ClientAuth {
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported;
    const post = !methods || methods.includes('client_secret_post');
    const authenticate = post ? oauth.ClientSecretPost(clientSecret) : oauth.ClientSecretBasic(clientSecret);
    return authenticate(server, client, body, headers);
  };
}

/** Our own error, wherever a library has wrapped it. */
export function findAgentError(error: unknown): AgentError | undefined {
  for (let current: unknown = error; current instanceof Error; current = current.cause)
    if (current instanceof AgentError) return current;
  return undefined;
}

/** A library's error in one line, with the reason it carries inside. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/** A value from the network in a message: quoted and cut short. */
function quote(value: string): string {
  return JSON.stringify(value.slice(0, 120));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
