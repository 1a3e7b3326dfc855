// Which request targets get to the application: paths, as clients send them. The long form with scheme and host is for
// proxies; it may carry a user and a password, and would stand against the Host header that is checked later.

import type { RequestListener } from 'node:http';
import type { Log } from './log.ts';

/**
 * `handle` for targets in origin-form, 400 for all others.
 *
 * @see RFC 9112 §3.2.1, §3.2.2
 */
export function acceptPathsOnly(handle: RequestListener, log: Log): RequestListener {
  return (request, response) => {
    if (request.url?.startsWith('/')) return handle(request, response);
    log.warn('request-refused', { reason: 'request_target' });
    const body = { error: 'invalid_request', error_description: 'The request target must be a path' };
    response.writeHead(400, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
  };
}
