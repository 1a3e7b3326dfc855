// What this resource says about itself: the protected-resource metadata, under the name by which the caller knows it.

import { PROOF_ALGORITHMS } from './auth/dpop.ts';
import { SCOPES } from './auth/scopes.ts';
import type { ServerConfig } from './config.ts';

/** Where the document is, at the root and in front of the path of the resource. */
export const WELL_KNOWN_PATH = '/.well-known/oauth-protected-resource';

/** The resource as this caller addresses it: a loopback alias from the closed list, or the canonical name. */
export function resourceAt(config: Pick<ServerConfig, 'resource' | 'resourceAliases'>, requestUrl: string): string {
  const { host } = new URL(requestUrl);
  return config.resourceAliases.find((alias) => new URL(alias).host === host) ?? config.resource;
}

/** Where the metadata of `resource` is: the well-known name goes between host and path (RFC 9728 §3.1). */
export function resourceMetadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}${WELL_KNOWN_PATH}${pathname.replace(/\/$/, '')}`;
}

/** @see RFC 9728 §2 */
export function resourceMetadata(resource: string, issuers: readonly string[], name: string): Record<string, unknown> {
  return {
    resource,
    authorization_servers: issuers,
    scopes_supported: SCOPES.map((scope) => scope.name),
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    resource_name: name,
  };
}
