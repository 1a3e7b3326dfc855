// The page where a person types the code that a device shows, before oidc-provider sees the request: a code in the link only
// fills in the form, and guessing is stopped.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { createAttemptLimiter } from './attempt-limiter.ts';
import { DEVICE_LIMITS } from './limits.ts';
import { sendErrorPage } from './page-response.ts';

export interface DevicePageOptions {
  readonly log: Log;
  /** Clock in milliseconds. */
  readonly now: () => number;
  readonly hasSession: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
  /** Where a request goes on that nothing is wrong with. */
  readonly next: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export interface DevicePage {
  answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
  /** The code that came with the link of this request. */
  prefilledCode(request: IncomingMessage): string | undefined;
}

/** @see RFC 8628 §3.3.1 (codes in links), §5.1 (guessing) */
export function createDevicePage({ log, now, hasSession, next }: DevicePageOptions): DevicePage {
  const tries = createAttemptLimiter({
    maxAttempts: DEVICE_LIMITS.maxTriesPerWindow,
    windowMs: DEVICE_LIMITS.windowMs,
    now,
  });
  const prefilledCodes = new WeakMap<IncomingMessage, string>();

  return {
    prefilledCode: (request) => prefilledCodes.get(request),
    answer: async (request, response, url) => {
      if (request.method === 'GET') {
        // oidc-provider would answer a code in the link with a page that posts itself by a script.
        const code = url.searchParams.get('user_code');
        if (code !== null) prefilledCodes.set(request, code.slice(0, 20));
        request.url = url.pathname;
        return await next(request, response);
      }
      // Nobody without a session was shown the form; a page elsewhere, whose posts bring no cookie, shall use up no tries.
      if (!(await hasSession(request, response)))
        return sendErrorPage(
          response,
          {
            title: 'This page has expired',
            explanation: 'It was opened long ago, or this browser takes no cookies. Open it again and type the code.',
            code: undefined,
          },
          400,
        );
      const taken = tries.take(request.socket.remoteAddress ?? '');
      if (taken.ok) return await next(request, response);
      log.warn('device-code-refused', { reason: 'too many tries', address: request.socket.remoteAddress });
      response.setHeader('retry-after', String(taken.retryAfterSeconds));
      sendErrorPage(
        response,
        {
          title: 'Too many tries',
          explanation: 'Wait a few minutes, then start again on the device.',
          code: undefined,
        },
        429,
      );
    },
  };
}
