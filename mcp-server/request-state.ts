// State that a tool leaves with the client between the rounds of one call (MCP 2026-07-28, "Multi Round-Trip Requests").
// It comes back from the client, so it is signed, and good for the principal and the method it was made for, for ten
// minutes, in this process.

import { createRequestStateCodec, type RequestStateCodec } from '@modelcontextprotocol/server';
import { principalKey } from './admitted-request.ts';

const KEY_BYTES = 32;
/** A person has to read a question and answer it. */
const TTL_SECONDS = 600;

/**
 * Builds the codec of one process. Signed is not encrypted: the client can read what is in there. A tool that asks
 * several things puts its own name and arguments in the state, since nothing else ties it to them.
 */
export function createRequestState(): RequestStateCodec {
  return createRequestStateCodec({
    key: crypto.getRandomValues(new Uint8Array(KEY_BYTES)),
    ttlSeconds: TTL_SECONDS,
    bind: ({ http, mcpReq }) => `${mcpReq.method} ${http?.authInfo ? principalKey(http.authInfo) : ''}`,
  });
}
