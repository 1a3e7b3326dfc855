// Who may address this server, by Host and Origin: the defence against DNS rebinding and against web pages that send
// requests of their own.

import { originValidationResponse, validateHostHeader } from '@modelcontextprotocol/server';
import type { ServerConfig } from './config.ts';

export type HostVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly hint: string; readonly response: Response };

/**
 * Checks the two headers, each for itself. A missing Origin is fine: only browsers send one.
 *
 * @see MCP 2026-07-28, Streamable HTTP, "Security & Endpoint"
 */
export function checkHost(
  request: Request,
  config: Pick<ServerConfig, 'allowedHostnames' | 'allowedOriginHostnames'>,
): HostVerdict {
  // The URL is built from the Host header by the HTTP adapter; in a Request without one the URL is all there is.
  const host = request.headers.get('host') ?? new URL(request.url).host;
  const checked = validateHostHeader(host, [...config.allowedHostnames]);
  if (!checked.ok) {
    const body = { error: 'forbidden', error_description: 'This server does not answer for that Host' };
    return { ok: false, reason: checked.errorCode, hint: host, response: Response.json(body, { status: 403 }) };
  }
  const origin = request.headers.get('origin');
  if (origin === null) return { ok: true };
  const response = isOrigin(origin)
    ? originValidationResponse(request, [...config.allowedOriginHostnames])
    : forbidden();
  if (!response) return { ok: true };
  const hint = URL.canParse(origin) ? new URL(origin).host : 'no URL';
  return { ok: false, reason: 'invalid_origin', hint, response };
}

/** Exactly as a browser writes an origin; the SDK looks at the host name alone, and at nothing in an empty header. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function forbidden(): Response {
  return Response.json({ error: 'forbidden', error_description: 'Not a valid Origin' }, { status: 403 });
}
