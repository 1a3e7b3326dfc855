// The names and addresses of this machine, which stand for one another and need no TLS. Stands alone so that configuration and
// its schema agree on them.

export const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'] as const;
export const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'] as const;

/** @param host a host name or an address, IPv6 with or without brackets */
export function isLoopback(host: string): boolean {
  return [...LOOPBACK_HOSTNAMES, ...LOOPBACK_ADDRESSES].some((name) => name === host);
}

/** The other loopback spellings of `url`, or none when it is not on loopback. */
export function loopbackAliases(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { hostname } = new URL(url);
  if (!isLoopback(hostname)) return [];
  return LOOPBACK_HOSTNAMES.filter((name) => name !== hostname).map((name) =>
    url.replace(`//${hostname}`, `//${name}`),
  );
}
