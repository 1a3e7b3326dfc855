// MCP URL → protected-resource metadata → the issuers it names, each step checked before the next one.

import * as z from 'zod';
import { AgentError } from '../errors.ts';
import type { Fetch } from './bounded-fetch.ts';
import { parseJson } from './issuer-metadata.ts';
import { knownScopes } from './scope-token.ts';
import { assertMayBeAsked, quote } from './trusted-url.ts';

/** What a server said in the `WWW-Authenticate` header of a 401 or 403. Untrusted until checked here. */
export interface Challenge {
  readonly resourceMetadataUrl: string | undefined;
  readonly scope: string | undefined;
  /** Whether the server wants the token with a proof of possession (scheme `DPoP`, RFC 9449 §7.1); default no. */
  readonly isProofRequired?: boolean;
}

/** A protected resource, as its own checked metadata describes it. */
export interface ProtectedResource {
  /** Resource identifier to name in every token request (RFC 8707). */
  readonly resource: string;
  /** Issuers of the tokens that the resource accepts; at least one. */
  readonly issuers: readonly string[];
  /** All scopes the resource speaks of; `undefined` when it does not say. */
  readonly scopes: readonly string[] | undefined;
  /** Whether it takes no token without a proof of possession. */
  readonly isProofRequired: boolean;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

const resourceMetadataSchema = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.string()).min(1),
  scopes_supported: z.array(z.string()).optional(),
  dpop_bound_access_tokens_required: z.boolean().optional(),
});

/**
 * Finds and checks the metadata of the MCP server at `serverUrl`: where the challenge says, else at the two well-known
 * places. A server without any is one of 2025-03-26, whose issuer is its own origin.
 *
 * @throws {AgentError} `protocol_error` when the document is unusable, `untrusted_issuer` when it is not this server's,
 *   `unreachable`
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

  const wellKnown = [`${origin}${WELL_KNOWN}${pathname.replace(/\/$/, '')}`, `${origin}${WELL_KNOWN}`];
  for (const url of new Set(stated === undefined ? wellKnown : [stated, ...wellKnown])) {
    const response = await fetch(url, { headers: { accept: 'application/json' } });
    if (response.status === 404) continue;
    if (response.status >= 500)
      throw new AgentError('unreachable', `${url} is in trouble (HTTP ${response.status}). Try again later.`, {
        status: response.status,
      });
    if (response.status !== 200)
      throw new AgentError('protocol_error', `${url} answered ${response.status}, expected 200.`);
    return checkResource(serverUrl, url, await response.text());
  }
  return { resource: canonicalUrl(serverUrl), issuers: [origin], scopes: undefined, isProofRequired: false };
}

/** RFC 8707 §2 and MCP's "Canonical Server URI": no fragment, no slash at the end of a bare origin. */
function canonicalUrl(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.hash = '';
  return url.pathname === '/' && url.search === '' ? url.origin : url.href;
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
  return {
    resource,
    issuers,
    scopes: scopes && knownScopes(scopes),
    isProofRequired: parsed.data.dpop_bound_access_tokens_required === true,
  };
}

/** Whether `resource` is the server itself or a path above it on the same origin (RFC 9728 §3.3, RFC 8707 §2). */
function covers(resource: string, serverUrl: string): boolean {
  if (!URL.canParse(resource)) return false;
  const [named, used] = [new URL(resource), new URL(serverUrl)];
  const folder = named.pathname.endsWith('/') ? named.pathname : `${named.pathname}/`;
  return named.origin === used.origin && `${used.pathname}/`.startsWith(folder);
}

/**
 * The issuer to turn to when none is configured: the first one that may be asked.
 *
 * @throws {AgentError} `untrusted_issuer` when there is none
 */
export function selectIssuer(serverUrl: string, { issuers }: ProtectedResource): string {
  const [issuer = ''] = issuers;
  assertMayBeAsked('the issuer', issuer, serverUrl);
  return issuer;
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
