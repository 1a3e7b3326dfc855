// Looks at where a request says it is going before anything else sees it. oidc-provider builds the URLs in its metadata
// from the Host header: whoever may choose that header chooses the token endpoint that others read (and, with DNS
// rebinding, a web page may choose it).

import type { IncomingMessage } from 'node:http';

const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'];

export type HostVerdict =
  | { readonly ok: true; readonly isAlias: boolean }
  | { readonly ok: false; readonly status: 400 | 421; readonly reason: string };

export interface HostGuard {
  /**
   * Accepts the issuer's own host and, when it is on loopback, the other loopback names with the same port. From then
   * on the request carries the issuer's host, so that metadata always names the issuer, whatever name was dialled.
   */
  readonly check: (request: IncomingMessage) => HostVerdict;
}

export function isLoopbackHostname(hostname: string): boolean {
  return LOOPBACK_HOSTNAMES.includes(hostname);
}

export function createHostGuard(issuer: string): HostGuard {
  const { host: issuerHost, hostname, port } = new URL(issuer);
  const aliases = isLoopbackHostname(hostname)
    ? LOOPBACK_HOSTNAMES.filter((name) => name !== hostname).map((name) => (port === '' ? name : `${name}:${port}`))
    : [];
  return {
    check(request) {
      // An absolute request target outranks the Host header (RFC 9112 §3.2.2) and would poison the metadata as well.
      if (!request.url?.startsWith('/')) return { ok: false, status: 400, reason: 'The request target must be a path' };
      // Which of two would count is a matter of taste, and a proxy may have another. RFC 9112 §3.2
      // Names stand at the even places; Node itself keeps the first of two.
      if (request.rawHeaders.filter((name, place) => place % 2 === 0 && name.toLowerCase() === 'host').length > 1)
        return { ok: false, status: 400, reason: 'There must be one Host header' };
      const host = request.headers.host?.toLowerCase();
      if (host !== issuerHost && (host === undefined || !aliases.includes(host)))
        return { ok: false, status: 421, reason: `This is the authorization server ${issuer} and no other` };
      request.headers.host = issuerHost;
      return { ok: true, isAlias: host !== issuerHost };
    },
  };
}
