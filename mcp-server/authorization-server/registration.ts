// Dynamic client registration, RFC 7591, as far as strangers may have it: looked at before oidc-provider sees it, so that
// what the library would accept by its own lights (any grant, any URL to fetch, a thousand redirect URIs) never reaches it.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { judgeDescription } from './anonymous-clients.ts';
import type { AttemptLimiter } from './attempt-limiter.ts';
import { parseJsonObject } from './json-object.ts';
import { CLIENT_LIMITS, REQUEST_LIMITS } from './limits.ts';
import { sendError } from './page-response.ts';
import { readBody, withBody } from './request-body.ts';
import { bodyFormat } from './token-request.ts';

export interface RegistrationOptions {
  /** By remote address. */
  readonly limiter: AttemptLimiter;
  readonly log: Log;
  /** Hands the request on, with a body that has been judged. */
  readonly next: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** Answers what goes to the registration endpoint or below it. */
export function createRegistration({ limiter, log, next }: RegistrationOptions) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Reading and deleting a registration need its own token and carry no description.
    if (request.method !== 'POST' && request.method !== 'PUT') return next(request, response);
    const refuse = (status: number, error: string, reason: string) => {
      log.warn('registration-refused', { error, reason });
      sendError(response, status, error, reason);
    };
    // A web page may post anything else to this machine without asking (CORS), and use up the limit below. RFC 7591 §3.1
    if (bodyFormat(request) !== 'json')
      return refuse(415, 'invalid_client_metadata', 'The body must be application/json');
    const verdict = limiter.take(request.socket.remoteAddress ?? '');
    if (!verdict.ok) {
      response.setHeader('retry-after', String(verdict.retryAfterSeconds));
      return refuse(429, 'temporarily_unavailable', 'Too many registrations from this address');
    }
    const body = await readBody(request, response, { ...REQUEST_LIMITS, maxBodyBytes: CLIENT_LIMITS.maxBodyBytes });
    if (!body.ok) return refuse(body.status, 'invalid_client_metadata', body.reason);
    const description = parseJsonObject(body.text);
    if (!description) return refuse(400, 'invalid_client_metadata', 'The body must be a JSON object');
    // An update repeats the id that it is about; oidc-provider compares it. RFC 7592 §2.2
    const { client_id, ...rest } = description;
    const judged = judgeDescription(request.method === 'PUT' ? rest : description);
    if (!judged.ok) return refuse(400, judged.error, judged.reason);
    const metadata = request.method === 'PUT' ? { client_id, ...judged.metadata } : judged.metadata;
    await next(withBody(request, 'application/json', JSON.stringify(metadata)), response);
  };
}
