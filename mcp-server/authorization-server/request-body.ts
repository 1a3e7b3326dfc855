// Reads a small body within a size and a time limit, and hands it on as if it had just arrived.

import { IncomingMessage, type ServerResponse } from 'node:http';
import { REQUEST_LIMITS } from './limits.ts';

export type BodyResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly status: 400 | 408 | 413; readonly reason: string };

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

/**
 * Reads the whole body as UTF-8. A body that is refused is drained until the answer is out, so that the answer can reach
 * the client, and then the connection ends.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limits: BodyLimits = REQUEST_LIMITS,
): Promise<BodyResult> {
  const { promise, resolve } = Promise.withResolvers<BodyResult>();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const finish = (result: BodyResult) => {
    clearTimeout(timer);
    if (!result.ok && !response.headersSent) response.setHeader('connection', 'close');
    request.off('data', take).resume();
    resolve(result);
  };
  const take = (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > limits.maxBodyBytes)
      finish({ ok: false, status: 413, reason: `The body is larger than ${limits.maxBodyBytes} bytes` });
    else chunks.push(chunk);
  };
  const timer = setTimeout(
    () => finish({ ok: false, status: 408, reason: 'The body did not arrive in time' }),
    limits.bodyTimeoutMs,
  );
  request
    .on('data', take)
    .once('end', () => finish({ ok: true, text: Buffer.concat(chunks).toString('utf8') }))
    .once('error', () => finish({ ok: false, status: 400, reason: 'The body could not be read' }))
    .once('close', () => finish({ ok: false, status: 400, reason: 'The connection was closed' }));
  return promise;
}

/**
 * The same request with another form body, unread. Setting `request.body` works as well, but oidc-provider then warns
 * on the console of a body that somebody else has parsed.
 */
export function withFormBody(request: IncomingMessage, form: string): IncomingMessage {
  return withBody(request, 'application/x-www-form-urlencoded', form);
}

/** The same with any media type. */
export function withBody(request: IncomingMessage, mediaType: string, text: string): IncomingMessage {
  const copy = new IncomingMessage(request.socket);
  const body = Buffer.from(text);
  const { 'transfer-encoding': _, ...headers } = request.headers;
  copy.headers = {
    ...headers,
    'content-type': mediaType,
    'content-length': String(body.length),
  };
  copy.method = request.method;
  copy.url = request.url;
  copy.httpVersion = request.httpVersion;
  copy.httpVersionMajor = request.httpVersionMajor;
  copy.httpVersionMinor = request.httpVersionMinor;
  copy.push(body);
  copy.push(null);
  copy.complete = true;
  return copy;
}
