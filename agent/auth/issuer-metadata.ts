// Issuer identifier → the issuer's own metadata, checked: found where the specifications say, naming exactly that issuer,
// with endpoints that may be asked.

import * as oauth from 'openid-client';
import * as z from 'zod';
import { AgentError } from '../errors.ts';
import type { Fetch } from './bounded-fetch.ts';
import { assertMayBeAsked, isLocalHost, quote } from './trusted-url.ts';

const metadataSchema = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.string().optional(),
  token_endpoint: z.string(),
  registration_endpoint: z.string().optional(),
  revocation_endpoint: z.string().optional(),
  device_authorization_endpoint: z.string().optional(),
  scopes_supported: z.array(z.string()).optional(),
  grant_types_supported: z.array(z.string()).optional(),
  code_challenge_methods_supported: z.array(z.string()).optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  dpop_signing_alg_values_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  client_id_metadata_document_supported: z.boolean().optional(),
});
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
  'device_authorization_endpoint',
] as const;

export type IssuerMetadata = z.output<typeof metadataSchema>;

/**
 * Loads the metadata of an issuer.
 *
 * @throws {AgentError} `untrusted_issuer` when the document names another issuer or an endpoint that must not be asked,
 *   `protocol_error` when there is none, `unreachable`
 * @see RFC 8414 §3; MCP 2026-07-28, "Authorization Server Metadata Discovery"
 */
export async function loadIssuerMetadata(issuer: string, fetch: Fetch): Promise<IssuerMetadata> {
  const attempts: string[] = [];
  for (const url of metadataUrlsOf(issuer)) {
    const response = await fetch(url, { headers: { accept: 'application/json' } });
    if (response.status >= 500)
      throw new AgentError('unreachable', `${url} is in trouble (HTTP ${response.status}). Try again later.`, {
        status: response.status,
      });
    if (response.status !== 200) {
      attempts.push(`${url} answered ${response.status}`);
      continue;
    }
    const parsed = metadataSchema.safeParse(parseJson(await response.text()));
    if (parsed.success) return checkMetadata(issuer, url, parsed.data);
    attempts.push(`${url} is no metadata: ${z.prettifyError(parsed.error)}`);
  }
  throw new AgentError(
    'protocol_error',
    `${issuer} has no usable authorization-server metadata: ${attempts.join('; ')}.`,
  );
}

/** RFC 8414 with the path inserted, OpenID Connect with the path inserted, OpenID Connect with the path before. */
function metadataUrlsOf(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
  ];
  return path === '' ? urls : [...urls, `${origin}${path}/.well-known/openid-configuration`];
}

function checkMetadata(issuer: string, url: string, metadata: IssuerMetadata): IssuerMetadata {
  // RFC 8414 §3.3 wants identical strings; a slash makes another issuer.
  if (metadata.issuer !== issuer)
    throw new AgentError(
      'untrusted_issuer',
      `The metadata of ${issuer} names the issuer ${quote(metadata.issuer)}. Write the issuer exactly so, or do not trust it.`,
    );
  for (const endpoint of ENDPOINTS) {
    const address = metadata[endpoint];
    if (address !== undefined) assertMayBeAsked(`the ${endpoint}`, address, url);
  }
  return metadata;
}

/**
 * Refuses an issuer whose authorization codes could be stolen on the way back.
 *
 * @throws {AgentError} `untrusted_issuer`
 * @see MCP 2026-07-28, "Authorization Code Protection"
 */
export function assertCodesAreProtected(metadata: IssuerMetadata): void {
  if (metadata.code_challenge_methods_supported?.includes('S256')) return;
  throw new AgentError(
    'untrusted_issuer',
    `${metadata.issuer} does not say that it supports PKCE with S256 (code_challenge_methods_supported), so nobody was sent there to sign in.`,
  );
}

/** openid-client's view of the issuer and our client there; every request goes through `fetch`. */
export function createConfiguration(
  metadata: IssuerMetadata,
  clientId: string,
  authentication: oauth.ClientAuth,
  fetch: Fetch,
): oauth.Configuration {
  // Of the members that the library reads, those that matter here have been checked above.
  const server = metadata as oauth.ServerMetadata;
  const configuration = new oauth.Configuration(server, clientId, undefined, authentication);
  // Its options are fetch's own, but for members that it sets to undefined.
  configuration[oauth.customFetch] = (url, init) => fetch(url, init as RequestInit);
  // Plain http reaches this line on loopback only.
  if (isLocalHost(new URL(metadata.token_endpoint).hostname)) oauth.allowInsecureRequests(configuration);
  return configuration;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
