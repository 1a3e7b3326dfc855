// A loopback proxy that adds a bearer token, for counterparts that cannot send one. Everything else passes through as it
// is, an evil Host or Origin included. Imports neither half.

import { request as httpRequest } from 'node:http';
import { serve } from './ports.ts';

export interface BearerProxy {
  /** The same path at the proxy. */
  readonly url: string;
  close(): Promise<void>;
}

export async function createBearerProxy(target: string, token: string): Promise<BearerProxy> {
  const { host, port, pathname } = new URL(target);
  const proxy = await serve((request, response) => {
    const ownPort = new URL(proxy.origin).port;
    const isOwnHost = [`localhost:${ownPort}`, `127.0.0.1:${ownPort}`].includes(request.headers.host ?? '');
    const headers = {
      ...request.headers,
      authorization: request.headers.authorization ?? `Bearer ${token}`,
      ...(isOwnHost ? { host } : {}),
    };
    const forwarded = httpRequest(
      { host: '127.0.0.1', port, method: request.method, path: request.url, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(response);
      },
    );
    forwarded.on('error', (error) => response.destroy(error));
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  });
  return { url: `http://localhost:${new URL(proxy.origin).port}${pathname}`, close: proxy.close };
}
