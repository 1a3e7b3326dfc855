// The page where a person sees what can act for them and takes it back. It uses the same browser session as sign-in; who
// has none is sent through sign-in by an authorization request of the server's own, whose code nobody redeems.

import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientMetadata, Provider, Session } from 'oidc-provider';
import type { Log } from '../log.ts';
import type { Accounts } from './accounts.ts';
import { type BrowserSecrets, createFormToken, isFormToken } from './browser-secrets.ts';
import type { Connection, Connections } from './connections.ts';
import type { ScopeInWords } from './interactions.ts';
import { sendErrorPage, sendPage } from './page-response.ts';
import { connectionsPage, messagePage } from './pages.ts';
import { readBody } from './request-body.ts';
import { OPENID_SCOPE } from './scope-rules.ts';

export const CONNECTIONS_PATH = '/connections';
/** This page in the role of a client. */
export const CONNECTIONS_CLIENT_ID = 'connections-page';

const FORM_STEP = 'connections';

export interface ConnectionsPageOptions {
  readonly issuer: string;
  readonly provider: Provider;
  readonly accounts: Accounts;
  readonly connections: Connections;
  readonly scopes: readonly ScopeInWords[];
  readonly secrets: BrowserSecrets;
  readonly log: Log;
  /** Clock in milliseconds. */
  readonly now: () => number;
}

export function connectionsClient(issuer: string): ClientMetadata {
  return {
    client_id: CONNECTIONS_CLIENT_ID,
    client_name: 'The page of your connections',
    application_type: 'web',
    // Nobody knows this secret: the code that brings the browser back cannot be redeemed, by us or by anybody.
    token_endpoint_auth_method: 'client_secret_basic',
    client_secret: randomBytes(32).toString('base64url'),
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [new URL(CONNECTIONS_PATH, issuer).href],
    scope: OPENID_SCOPE,
  };
}

/** Answers a request for `/connections`. */
export function createConnectionsPage(options: ConnectionsPageOptions) {
  const { issuer, provider, accounts, connections, secrets, log, now } = options;
  const target = new URL(CONNECTIONS_PATH, issuer).href;

  const signedIn = async (request: IncomingMessage, response: ServerResponse) => {
    const session = await provider.Session.get(provider.createContext(request, response));
    const person = session.accountId === undefined ? undefined : accounts.find(session.accountId);
    return person && { session, person };
  };

  const sendToSignIn = (response: ServerResponse) => {
    const url = new URL('/authorize', issuer);
    for (const [name, value] of Object.entries({
      client_id: CONNECTIONS_CLIENT_ID,
      response_type: 'code',
      redirect_uri: target,
      scope: OPENID_SCOPE,
      // The verifier is thrown away: the code only brings the browser back.
      code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
      code_challenge_method: 'S256',
    }))
      url.searchParams.set(name, value);
    response.writeHead(303, { location: url.href, 'cache-control': 'no-store' }).end();
  };

  const show = async (response: ServerResponse, session: Session, accountName: string, revoked: boolean) => {
    const list = connections.list(session.accountId ?? '').filter(({ clientId }) => clientId !== CONNECTIONS_CLIENT_ID);
    sendPage(
      response,
      connectionsPage({
        action: CONNECTIONS_PATH,
        formToken: createFormToken(secrets, session.uid, FORM_STEP),
        accountName,
        revoked,
        connections: await Promise.all(list.map(toLine)),
      }),
    );
  };

  const toLine = async ({ grantId, clientId, scopes, lastUsedAt }: Connection) => ({
    grantId,
    clientId,
    clientName: (await nameOf(clientId)) ?? clientId,
    scopes: options.scopes.filter(({ name }) => scopes.includes(name)),
    lastUsed: { at: new Date(lastUsedAt * 1_000).toISOString(), ago: timeAgo(Math.floor(now() / 1_000) - lastUsedAt) },
  });

  /** A client that is a document on the web may be out of reach; its connection is shown all the same. */
  const nameOf = async (clientId: string): Promise<string | undefined> => {
    if (clientId.startsWith('https://')) return new URL(clientId).host;
    return (await provider.Client.find(clientId))?.clientName;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readBody(request, response);
    const who = await signedIn(request, response);
    const refuse = (status: number, explanation: string) =>
      sendErrorPage(response, { title: 'Nothing was changed', explanation, code: undefined }, status);
    if (!body.ok) return refuse(body.status, body.reason);
    if (!who) return refuse(403, 'You are not signed in any more.');
    const form = new URLSearchParams(body.text);
    if (!isFormToken(secrets, who.session.uid, FORM_STEP, form.get('form_token') ?? ''))
      return refuse(403, 'The answer did not come from the page that was shown to you.');
    switch (form.get('answer')) {
      case 'revoke':
        if (!connections.revoke(who.person.accountId, form.get('grant') ?? ''))
          return refuse(404, 'There is no such connection any more.');
        log.info('connection-revoked', { subject: who.person.accountId });
        return void response.writeHead(303, { location: `${target}?revoked`, 'cache-control': 'no-store' }).end();
      case 'sign-out':
        await who.session.destroy();
        log.info('signed-out', { subject: who.person.accountId });
        return sendPage(response, SIGNED_OUT);
      default:
        return refuse(400, 'The form has no such answer.');
    }
  };

  return async (request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> => {
    if (request.method === 'POST') return answer(request, response);
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET, POST');
      return sendErrorPage(response, { title: 'Not here', explanation: 'No such method.', code: undefined }, 405);
    }
    const error = query.get('error');
    if (error !== null)
      return sendErrorPage(
        response,
        { title: 'Not signed in', explanation: 'Without signing in there is nothing to show.', code: undefined },
        403,
      );
    // The code in the address is of no use to anybody; it leaves the address bar all the same.
    const who = await signedIn(request, response);
    if (!who) return query.has('code') ? cookiesNeeded(response) : sendToSignIn(response);
    if (query.has('code')) return void response.writeHead(303, { location: target, 'cache-control': 'no-store' }).end();
    await show(response, who.session, who.person.name, query.has('revoked'));
  };
}

const SIGNED_OUT = messagePage({ title: 'Signed out', text: 'What you have connected stays connected.' });

/** Else a browser without cookies would go round in circles. */
function cookiesNeeded(response: ServerResponse): void {
  sendErrorPage(response, { title: 'Not signed in', explanation: 'This page needs cookies.', code: undefined }, 400);
}

function timeAgo(seconds: number): string {
  const units = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ] as const;
  for (const [length, unit] of units) {
    const count = Math.floor(seconds / length);
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}
