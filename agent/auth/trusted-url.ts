// Which addresses may be talked to, and which a server may send us to. What somebody else names is judged here before the
// first byte goes there.

import { BlockList, isIP } from 'node:net';
import { isSecureUrl } from '../credential-config.ts';
import { AgentError } from '../errors.ts';

/** Loopback, link-local (cloud metadata lives there), private and shared ranges, and the unspecified address. */
const LOCAL_RANGES = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  LOCAL_RANGES.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  LOCAL_RANGES.addSubnet(network, prefix, 'ipv6');

/** Whether the host of a URL is an address of this machine or of a private network, or a name that can be nothing else. */
export function isLocalHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const version = isIP(host);
  // BlockList looks into IPv4-mapped addresses by itself.
  if (version !== 0) return LOCAL_RANGES.check(host, version === 4 ? 'ipv4' : 'ipv6');
  return /(^|\.)(localhost|local|internal)\.?$/.test(host);
}

/**
 * Refuses what a server on the open network must not make us ask: plain http beyond loopback, other schemes, and addresses
 * inside our own network.
 *
 * @param what names the address in the message
 * @param text chosen by `saidBy`
 * @param saidBy the URL of whoever named it
 * @throws {AgentError} `untrusted_issuer`
 * @see MCP security best practices, "Server-Side Request Forgery"
 */
export function assertMayBeAsked(what: string, text: string, saidBy: string): void {
  if (!isSecureUrl(text))
    throw new AgentError(
      'untrusted_issuer',
      `${saidBy} names ${what} ${quote(text)}, expected an https URL (plain http is for loopback only). Nothing was sent there.`,
    );
  if (isLocalHost(new URL(text).hostname) && !isLocalHost(new URL(saidBy).hostname))
    throw new AgentError(
      'untrusted_issuer',
      `${saidBy} names ${what} ${quote(text)}, an address inside this network. Nothing was sent there.`,
    );
}

/** A value from the network in a message: quoted and cut short. */
export function quote(value: string): string {
  return JSON.stringify(value.slice(0, 120));
}
