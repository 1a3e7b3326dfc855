// Authorization code with PKCE, walked as a client and a person walk it: 401 → metadata → sign-in → consent → code → token
// → bearer call → result. The client is openid-client, the browser only follows links and presses buttons.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as oauth from 'openid-client';
import { createBrowser } from './support/browser.ts';
import { callTool, startTestServer, type TestServer } from './support/mcp-server.ts';

const REDIRECT_URI = 'http://127.0.0.1:49152/callback';

describe('authorization code with PKCE', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  /** Everything from the 401 on is learnt from the server. */
  async function discover() {
    const refused = await callTool(server.url, undefined, 'add', { a: 2, b: 40 });
    assert.equal(refused.status, 401);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
    const scope = /scope="([^"]+)"/.exec(challenge)?.[1] ?? '';
    const { resource, authorization_servers } = await (await fetch(metadataUrl)).json();
    const configuration = await oauth.discovery(
      new URL(authorization_servers[0]),
      'local-cli',
      undefined,
      oauth.None(),
      {
        algorithm: 'oauth2',
        execute: [oauth.allowInsecureRequests],
      },
    );
    return { configuration, resource: String(resource), scope };
  }

  async function authorize(answers: readonly string[]) {
    const { configuration, resource, scope } = await discover();
    const verifier = oauth.randomPKCECodeVerifier();
    const state = oauth.randomState();
    const url = oauth.buildAuthorizationUrl(configuration, {
      redirect_uri: REDIRECT_URI,
      scope,
      resource,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const browser = createBrowser(REDIRECT_URI);
    let page = await browser.visit(url.href);
    for (const answer of answers) {
      assert.ok(page.form?.answers.includes(answer), `${answer} is on ${page.text}`);
      page = await browser.submit(page, answer);
    }
    const checks = { pkceCodeVerifier: verifier, expectedState: state };
    return { configuration, resource, callback: new URL(page.url), checks };
  }

  test('ends with a token of the person who consented, good for the tool', async () => {
    const { configuration, resource, callback, checks } = await authorize(['sign-in', 'allow']);
    assert.equal(callback.searchParams.get('iss'), server.issuer);
    const tokens = await oauth.authorizationCodeGrant(configuration, callback, checks, { resource });
    const response = await callTool(server.url, tokens.access_token, 'add', { a: 2, b: 40 });
    assert.match(await response.text(), /"result":42/);
    const { client_id, subject } = server.log().findLast(({ event }) => event === 'tool-call') ?? {};
    assert.equal(client_id, 'local-cli');
    assert.notEqual(subject, 'local-cli');

    const refreshed = await oauth.refreshTokenGrant(configuration, tokens.refresh_token ?? '', { resource });
    assert.equal((await callTool(server.url, refreshed.access_token, 'add', { a: 2, b: 40 })).status, 200);
  });

  test('a code is good once, and with its own verifier only', async () => {
    const { configuration, resource, callback, checks } = await authorize(['sign-in', 'allow']);
    const wrong = { ...checks, pkceCodeVerifier: oauth.randomPKCECodeVerifier() };
    await assert.rejects(oauth.authorizationCodeGrant(configuration, callback, wrong, { resource }), {
      error: 'invalid_grant',
    });
    const second = await authorize(['sign-in', 'allow']);
    await oauth.authorizationCodeGrant(second.configuration, second.callback, second.checks, { resource });
    await assert.rejects(
      oauth.authorizationCodeGrant(second.configuration, second.callback, second.checks, { resource }),
      { error: 'invalid_grant' },
    );
  });

  test('a person who says no is taken at their word', async () => {
    const { callback } = await authorize(['sign-in', 'deny']);
    assert.equal(callback.searchParams.get('error'), 'access_denied');
    assert.equal(callback.searchParams.has('code'), false);
  });
});
