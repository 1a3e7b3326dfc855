// What stands for one server and no other in what is kept about it. Without credentials: they end up in files and in lists.

import { createHash } from 'node:crypto';
import { shownUrl } from '../credential-config.ts';
import type { McpServerConfig } from '../mcp-file.ts';

/**
 * What a person's approval is kept for: this server and no other. A query may hold a key, and a command may be another program
 * elsewhere; both are in the hash.
 */
export function identityOf(server: McpServerConfig): string {
  const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);
  if (server.transport === 'stdio') return `${server.name} ${hashOf(`${server.url} ${server.approval}`)}`;
  const { search } = new URL(server.url);
  return `${server.name} ${shownUrl(server.url)}${search === '' ? '' : ` ${hashOf(server.url)}`}`;
}

/** Under which its tools are kept as they were approved: whatever it is called, it is the same server. */
export function approvalKeyOf(server: McpServerConfig): string {
  return server.transport === 'stdio' ? `${server.url} ${server.approval}` : server.url;
}
