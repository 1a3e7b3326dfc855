// The agent's login in the running system: a person signs in at the embedded authorization server in a browser, tools are
// called with what they granted, and the machine client comes back when the login is given up.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createTokenSource, type TokenSource } from '../agent/auth/token-source.ts';
import { createMemoryTokenStore, type TokenStore } from '../agent/auth/token-store.ts';
import type { CredentialConfig } from '../agent/credential-config.ts';
import { connect } from '../agent/mcp/connection.ts';
import { createBrowser } from './support/browser.ts';
import { createEagerPerson } from './support/eager-person.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { serve } from './support/ports.ts';

const NO_CHALLENGE = { resourceMetadataUrl: undefined, scope: undefined };

/** Through the pages of the embedded authorization server, pressing these buttons. */
const browseWith =
  (...answers: string[]) =>
  async (url: URL): Promise<string> => {
    const browser = createBrowser(url.searchParams.get('redirect_uri') ?? '');
    let page = await browser.visit(url.href);
    for (const answer of answers) page = await browser.submit(page, answer);
    return page.url;
  };

/** The server as a configuration file would give it. */
function serverAt(url: string) {
  const trust = { isTrusted: true, isDisabled: false, approval: undefined };
  return { transport: 'http' as const, name: 'local', url, headers: {}, auth: undefined, ...trust };
}

async function add(url: string, tokens: TokenSource): Promise<string> {
  const connection = await connect(serverAt(url), { tokens });
  try {
    return JSON.stringify(await connection.callTool('add', { a: 2, b: 40 }));
  } finally {
    await connection.close();
  }
}

describe('a login at the local server', () => {
  let server: TestServer;
  let store: TokenStore;
  /** Addresses that were asked about tokens. */
  const asked: string[] = [];
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());
  beforeEach(() => {
    store = createMemoryTokenStore();
  });

  const credential = (): CredentialConfig => ({
    kind: 'local-client',
    file: join(server.dataDir, 'agent-client.json'),
  });
  const open = (...answers: string[]) =>
    createTokenSource({
      serverUrl: server.url,
      serverName: 'local',
      credential: credential(),
      store,
      prompt: createEagerPerson({ browse: browseWith(...answers) }),
      fetch: (url, init) => {
        asked.push(url);
        return fetch(url, init);
      },
    });
  const callers = () =>
    server
      .log()
      .filter(({ event }) => event === 'tool-call')
      .map(({ subject, client_id }) => ({ subject, client_id }));

  test('T5.logout: a person signs in, calls a tool, refreshes, and signs out; then the machine client is used again', async () => {
    const source = open('sign-in', 'allow');
    assert.match(await add(server.url, source), /42/);
    assert.equal((await source.status())?.grant, 'client-credentials');

    const status = await source.login(AbortSignal.timeout(60_000));
    assert.equal(status.grant, 'authorization-code');
    assert.equal(status.canRefresh, true);
    assert.notEqual(status.user, undefined);
    assert.match(await add(server.url, source), /42/);
    const person = callers().at(-1);
    assert.equal(person?.client_id, status.clientId);
    assert.notEqual(person?.subject, callers()[0]?.subject);

    const token = await source.current();
    const renewed = await source.renew(token, NO_CHALLENGE);
    assert.notEqual(renewed, token);
    assert.match(await add(server.url, source), /42/);

    await source.logout();
    assert.equal(
      asked.some((url) => /revo/.test(url)),
      true,
    );
    assert.notEqual((await source.status())?.grant, 'authorization-code');
    assert.match(await add(server.url, source), /42/);
    assert.deepEqual(callers().at(-1), callers()[0]);
  });

  test('a person who presses deny is taken at their word', async () => {
    await assert.rejects(open('sign-in', 'deny').login(AbortSignal.timeout(60_000)), {
      code: 'login_required',
      message: /Access was denied/,
    });
  });
});

describe('a server that leads elsewhere', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  test('T7.redirect: the token does not follow a redirect to another origin', async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(404).end();
    });
    const server = await serve((_request, response) => {
      response.writeHead(307, { location: `${elsewhere.origin}/mcp` }).end();
    });
    closers.push(elsewhere.close, server.close);
    const url = `${server.origin}/mcp`;
    const tokens = createTokenSource({ serverUrl: url, credential: { kind: 'bearer', token: 'the-token' } });
    await assert.rejects(connect(serverAt(url), { tokens }));
    assert.deepEqual(seen.filter(Boolean), []);
  });
});
