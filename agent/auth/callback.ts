// The loopback listener that a browser comes back to: one redirect in, one page out, which waits until it is known how the
// login ended. Bound to loopback only, for one login, and gone as soon as that has ended.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AgentError } from '../errors.ts';
import { isSame } from './authorization-response.ts';
import { type LoginEnd, refuse, showPage } from './callback-page.ts';
import { hasErrorCode } from './private-file.ts';

export interface CallbackListener {
  /** What to name as `redirect_uri`; with the port that is really listened at. */
  readonly redirectUri: string;
  /**
   * The address that the browser came with. Only the first request to the path counts.
   *
   * @throws {AgentError} what `check` throws; and the reason of `signal` when it aborts
   */
  readonly redirect: Promise<URL>;
  /** Tells the browser that waits how the login ended. Until then it shows nothing: a code is no login yet. */
  show(end: LoginEnd): void;
  close(): Promise<void>;
}

export interface CallbackOptions {
  /** Loopback address to listen at; without a port, any free one. */
  readonly redirectUri: string;
  /** Judges the redirect before a page is shown; throws to refuse it. */
  readonly check: (parameters: URLSearchParams) => void;
  /** Ends the wait: the time limit, and the person who gives up. */
  readonly signal: AbortSignal;
}

/** Only what a browser needs to send a redirect; long ones are not ours. */
const MAX_HEADER_BYTES = 16 * 1024;
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  '127.0.0.1': ['127.0.0.1'],
  '[::1]': ['::1'],
  // Which of the two a browser takes is up to it.
  localhost: ['127.0.0.1', '::1'],
};

/**
 * Listens for one redirect.
 *
 * @throws {AgentError} `login_required` when the port is taken
 * @see RFC 8252 §7.3, §8.3
 */
export async function openCallback({ redirectUri, check, signal }: CallbackOptions): Promise<CallbackListener> {
  signal.throwIfAborted();
  const wanted = new URL(redirectUri);
  const { promise, resolve, reject } = Promise.withResolvers<URL>();
  // Whoever opens the listener may fail before waiting for it.
  promise.catch(() => undefined);
  let actual = wanted;
  let isAnswered = false;
  let pageSent: Promise<unknown> | undefined;
  /** The browser that waits for its page. */
  let waiting: ServerResponse | undefined;
  const show = (end: LoginEnd) => {
    if (waiting) showPage(waiting, end);
    waiting = undefined;
  };

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    // As a path of ours whatever it says: `//` or another host in it would make another address, or none.
    const target = `${actual.origin}${request.url ?? '/'}`;
    if (!request.url?.startsWith('/') || !URL.canParse(target)) return refuse(response, 400, 'This is not an address.');
    const url = new URL(target);
    if (request.headers.host !== actual.host) return refuse(response, 421, 'This is not the address of this page.');
    if (!isSame(url.pathname, actual.pathname)) return refuse(response, 404, 'There is nothing here.');
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET');
      return refuse(response, 405, 'There is nothing to send here.');
    }
    // A page that looks for the listener by pictures, frames or scripts is nobody who signs in.
    if (!['document', undefined].includes(request.headers['sec-fetch-dest']?.toString()))
      return refuse(response, 403, 'This is a page to go to.');
    if (isAnswered) return refuse(response, 410, 'This login has ended already. You can close this tab.');
    isAnswered = true;
    pageSent = new Promise((done) => response.once('close', done));
    try {
      check(url.searchParams);
      waiting = response;
      resolve(url);
    } catch (error) {
      showPage(response, 'refused');
      reject(error);
    }
  };

  const servers: Server[] = [];
  const close = async () => {
    signal.removeEventListener('abort', abort);
    show('unknown');
    // The page has to reach the browser; connections that it only keeps open do not matter.
    await pageSent;
    await Promise.all(
      servers.map(async (server) => {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }),
    );
  };
  const abort = () => {
    reject(signal.reason);
    if (waiting) show('unknown');
    else for (const server of servers) server.closeAllConnections();
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (const address of ADDRESSES[wanted.hostname] ?? ['127.0.0.1']) {
      const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, answer);
      if (!(await listen(server, Number(actual.port), address, servers.length > 0))) continue;
      servers.push(server);
      const bound = server.address();
      actual = new URL(wanted);
      if (typeof bound === 'object' && bound !== null) actual.port = String(bound.port);
    }
  } catch (error) {
    await close();
    if (hasErrorCode(error, 'EADDRINUSE') || hasErrorCode(error, 'EACCES'))
      throw new AgentError(
        'login_required',
        `Cannot listen at ${wanted.origin} for the end of the login: the port is taken. Free it, or set AUTH_REDIRECT_URI to another address that the issuer knows.`,
        { cause: error },
      );
    throw error;
  }
  return { redirectUri: actual.href, redirect: promise, show, close };
}

/** Port 80 is never meant: a loopback address without a port means any. Without IPv6 one address has to do. */
async function listen(server: Server, port: number, address: string, isOptional: boolean): Promise<boolean> {
  try {
    await once(server.listen({ port, host: address, exclusive: true }), 'listening');
    return true;
  } catch (error) {
    if (isOptional && (hasErrorCode(error, 'EADDRNOTAVAIL') || hasErrorCode(error, 'EAFNOSUPPORT'))) return false;
    throw error;
  }
}
