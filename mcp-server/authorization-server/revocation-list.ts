// Where resource servers read what has been revoked. For programs on this machine only: the list holds no secret, but
// whoever reads it learns when people change their minds.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendError } from './page-response.ts';
import type { Revocations } from './revocations.ts';

export const REVOCATION_LIST_PATH = '/oauth/revocations';

export function answerRevocationList(
  request: IncomingMessage,
  response: ServerResponse,
  revocations: Pick<Revocations, 'read'>,
): void {
  const { forwarded, 'x-forwarded-for': forwardedFor } = request.headers;
  // A proxy on this machine speaks for somebody else.
  const isForUs = isLocal(request.socket.remoteAddress) && forwarded === undefined && forwardedFor === undefined;
  if (!isForUs) sendError(response, 403, 'access_denied', 'The list is for programs on this machine');
  else if (request.method !== 'GET') {
    response.setHeader('allow', 'GET');
    sendError(response, 405, 'invalid_request', 'No such method');
  } else {
    const { body, tag } = revocations.read();
    const headers = { etag: tag, 'cache-control': 'no-cache', 'content-type': 'application/json' };
    if (request.headers['if-none-match'] === tag) response.writeHead(304, headers).end();
    else response.writeHead(200, headers).end(body);
  }
}

function isLocal(address: string | undefined): boolean {
  return address !== undefined && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address);
}
