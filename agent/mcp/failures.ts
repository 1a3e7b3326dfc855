// What the SDK throws → one of our errors, and what is known of the request that failed: whether it may be sent again
// depends on it. Pure.

import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { findAgentError } from '../auth/discovery.ts';
import { shownUrl } from '../credential-config.ts';
import { AgentError, type AgentErrorCode } from '../errors.ts';

/**
 * What became of a request that failed. `answered`: that was the answer. `refused`: it was not processed, since the server no
 * longer knows the session. `undelivered`: it has not reached the server. `lost`: nobody knows.
 */
export type Fate = 'answered' | 'refused' | 'undelivered' | 'lost';

/** Codes of the operating system and of undici for a connection that never came about. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Statuses of proxies and of servers that are overloaded or going down. */
const UNAVAILABLE = [429, 502, 503, 504];

/** @param hasSession whether the request named a session of the server */
export function fateOf(error: unknown, hasSession: boolean): Fate {
  const ours = findAgentError(error);
  if (ours) {
    if (ours.code !== 'unreachable') return 'answered';
    return NEVER_CONNECTED.has(systemCodeOf(ours)) ? 'undelivered' : 'lost';
  }
  if (error instanceof SdkHttpError) {
    if (hasSession && isSessionUnknown(error)) return 'refused';
    return UNAVAILABLE.includes(error.status) ? 'lost' : 'answered';
  }
  if (error instanceof SdkError) {
    if (error.code === SdkErrorCode.NotConnected) return 'undelivered';
    return error.code === SdkErrorCode.ConnectionClosed ? 'lost' : 'answered';
  }
  // The SDK says so in a plain Error where a request is made of a client that has been closed.
  if (error instanceof Error && error.message === 'Not connected') return 'undelivered';
  return error instanceof ProtocolError ? 'answered' : 'lost';
}

/**
 * Our error for what was thrown: `unreachable` for connections that broke and servers that are not up to it, `tool_failed` for
 * the server's own error in answer to a tool call, else `protocol_error`.
 */
export function translateFailure(
  error: unknown,
  server: { readonly name: string; readonly url: string },
  during: string,
) {
  const shown = shownUrl(server.url);
  const ours = findAgentError(error);
  if (ours) return withoutQuery(ours, server.url, shown);
  const text = (error instanceof Error ? error.message : String(error)).replaceAll(server.url, shown);
  const name = `The MCP server ${server.name}`;
  if (error instanceof SdkHttpError) {
    const code: AgentErrorCode = UNAVAILABLE.includes(error.status) ? 'unreachable' : 'protocol_error';
    return new AgentError(code, `${name} at ${shown} answered ${error.status} to ${during}: ${quote(text)}`, {
      status: error.status,
      cause: error,
    });
  }
  if (error instanceof ProtocolError && during.startsWith('tools/call'))
    return new AgentError('tool_failed', `${name} refused the call (${error.code}): ${text.slice(0, 2000)}`, {
      cause: error,
    });
  if (isClosed(error))
    return new AgentError(
      'unreachable',
      `The connection to the MCP server ${server.name} ended in the middle of ${during}. Whether it took effect is not known.`,
      { cause: error },
    );
  return new AgentError('protocol_error', `${name} at ${shown} answered with an error: ${text.slice(0, 2000)}`, {
    cause: error,
  });
}

/** What has a key in its address is not to be read in a message, a transcript or by a model. */
function withoutQuery(error: AgentError, url: string, shown: string): AgentError {
  if (url === shown || !error.message.includes(url)) return error;
  return new AgentError(error.code, error.message.replaceAll(url, shown), { ...error.details, cause: error });
}

function isClosed(error: unknown): boolean {
  if (error instanceof SdkError)
    return error.code === SdkErrorCode.ConnectionClosed || error.code === SdkErrorCode.NotConnected;
  return error instanceof Error && error.message === 'Not connected';
}

/** 404 by the specification; 400 with words about the session by the SDK's own examples, which many servers began as. */
function isSessionUnknown({ status, data }: SdkHttpError): boolean {
  return status === 404 || (status === 400 && typeof data.text === 'string' && /session/i.test(data.text));
}

function systemCodeOf(error: unknown): string {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (current instanceof AggregateError && current.errors.length > 0) return systemCodeOf(current.errors[0]);
    if (!(current instanceof AgentError) && 'code' in current && typeof current.code === 'string') return current.code;
  }
  return '';
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 300));
}
