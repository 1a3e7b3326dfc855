// An issuer of opaque tokens for machines, which can be stopped and come back on the same port, and forget what it issued.
// Imports neither half.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';

export interface TokenIssuer {
  readonly issuer: string;
  readonly tokenSeconds: number;
  /** How many tokens were asked for. */
  requests(): number;
  isGood(token: string): boolean;
  /** No token that was issued so far is good any more. */
  revokeAll(): void;
  /** Scopes that it grants of those that it is asked for; `undefined` grants all. */
  grantable: readonly string[] | undefined;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function createTokenIssuer(): Promise<TokenIssuer> {
  const good = new Set<string>();
  let requests = 0;
  let port = 0;
  let http: Server | undefined;
  const issuer: TokenIssuer = {
    get issuer() {
      return `http://127.0.0.1:${port}`;
    },
    tokenSeconds: 600,
    requests: () => requests,
    isGood: (token) => good.has(token),
    revokeAll: () => good.clear(),
    grantable: undefined,
    stop: async () => {
      const stopping = http;
      http = undefined;
      if (!stopping) return;
      stopping.closeAllConnections();
      await once(stopping.close(), 'close');
      // Clients in this process are to learn of it before their next request.
      for (let turn = 0; turn < 5; turn += 1) await setImmediate();
    },
    start: async () => {
      http = createServer(async (request, response) => {
        const answer = (body: unknown) =>
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
        if (request.url !== '/token') {
          answer({
            issuer: issuer.issuer,
            token_endpoint: `${issuer.issuer}/token`,
            token_endpoint_auth_methods_supported: ['client_secret_post'],
          });
          return;
        }
        requests += 1;
        const token = crypto.randomUUID();
        good.add(token);
        const asked = form.get('scope')?.split(' ') ?? [];
        const scope = asked.filter((one) => !issuer.grantable || issuer.grantable.includes(one)).join(' ');
        answer({ access_token: token, token_type: 'Bearer', expires_in: issuer.tokenSeconds, scope });
      });
      await once(http.listen(port, '127.0.0.1'), 'listening');
      port = (http.address() as AddressInfo).port;
    },
  };
  await issuer.start();
  return issuer;
}
