// Logins of people through the token source, against a strict issuer over real HTTP: what is asked, in which way one can
// sign in, and by which client. What is refused and what stays afterwards is in files of their own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { BROWSER_LOGIN } from '../../test/support/browser-login.ts';
import type { EagerPersonOptions } from '../../test/support/eager-person.ts';
import { createLogins, type Logins, NO_CHALLENGE } from '../../test/support/logins.ts';
import type { StrictIssuer } from '../../test/support/strict-issuer.ts';
import type { CredentialConfig } from '../credential-config.ts';
import { createMemoryTokenStore } from './token-store.ts';

describe('login of a person', () => {
  let logins: Logins;
  let issuer: StrictIssuer;
  beforeEach(async () => {
    logins = await createLogins();
    issuer = logins.issuer;
  });
  afterEach(() => issuer.close());

  test('C7, C11, C12, C14: by a browser: registers as a native client, proves the code is its own, names the resource', async () => {
    const { source, person } = logins.open();
    const token = await source.renew(undefined, NO_CHALLENGE);
    assert.equal((await logins.call(source, token)).status, 200);
    const [registration] = issuer.registrations;
    assert.equal(registration?.['application_type'], 'native');
    assert.equal(registration?.['token_endpoint_auth_method'], 'none');
    assert.ok(String(registration?.['grant_types']).includes('refresh_token'));
    const [asked] = issuer.authorizations;
    assert.match(asked?.get('redirect_uri') ?? '', /^http:\/\/127\.0\.0\.1:\d+\/callback\/[\w-]{43}$/);
    assert.equal(asked?.get('code_challenge_method'), 'S256');
    assert.equal(asked?.get('resource'), issuer.mcpUrl);
    assert.equal(issuer.tokenCalls[0]?.body.get('resource'), issuer.mcpUrl);
    assert.ok((asked?.get('state') ?? '').length >= 40);
    const page = await person.pages[0];
    assert.match(page ?? '', /<h1>Signed in[\s\S]*You can close this tab/);
    assert.doesNotMatch(page ?? '', /code|state|access-/);
    assert.deepEqual(
      logins.events.map(({ state }) => state),
      ['login-needed', 'logged-in'],
    );
    assert.deepEqual(person.asked[0], {
      server: 'notes',
      serverUrl: issuer.mcpUrl,
      issuer: issuer.origin,
      reason: 'first-login',
      isRequested: false,
      held: [],
      requested: ['read'],
    });
  });

  test('by pasting the address that a browser elsewhere ended at, whole or from its question mark', async () => {
    for (const part of [(url: string) => url, (url: string) => new URL(url).search]) {
      const follow = async (url: URL) => part((await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '');
      assert.match(await logins.signIn({ person: { methods: ['paste', 'browser'], browse: follow } }), /^access-/);
      logins.store = createMemoryTokenStore();
    }
    const other = logins.open({
      person: { methods: ['paste'], browse: async () => 'https://evil.example/callback?code=1' },
    });
    await assert.rejects(other.source.renew(undefined, NO_CHALLENGE), {
      code: 'login_required',
      message: /not the address/,
    });
  });

  test('by a code on another device; 403 and 429 while waiting are Auth0’s way of saying so', async () => {
    issuer.settings.deviceAnswers = [
      { status: 400, error: 'authorization_pending' },
      { status: 403, error: 'authorization_pending' },
    ];
    const { source, person } = logins.open({ person: { methods: ['device'] } });
    const token = await source.renew(undefined, NO_CHALLENGE);
    assert.equal((await logins.call(source, token)).status, 200);
    assert.equal(person.codes[0]?.userCode, 'ABCD-EFGH');
    assert.equal((await source.status())?.grant, 'device-code');

    for (const [status, error] of [
      [400, 'access_denied'],
      [400, 'expired_token'],
    ] as const) {
      logins.store = createMemoryTokenStore();
      issuer.settings.deviceAnswers = [{ status, error }];
      await assert.rejects(logins.signIn({ person: { methods: ['device'] } }), { code: 'login_required' });
    }
  });

  test('asked by 429 to slow down, it waits longer and goes on', async () => {
    issuer.settings.deviceAnswers = [{ status: 429, error: 'slow_down' }];
    assert.match(await logins.signIn({ person: { methods: ['device'] } }), /^access-/);
    assert.equal(issuer.tokenCalls.length, 2);
  });

  test('giving up ends the wait for a code on another device', async () => {
    const controller = new AbortController();
    issuer.settings.deviceAnswers = [{ status: 400, error: 'authorization_pending' }];
    issuer.settings.beforeAnswer = async () => controller.abort();
    await assert.rejects(logins.open({ person: { methods: ['device'] } }).source.login(controller.signal));
    assert.equal(issuer.tokenCalls.length, 1);
  });

  test('the configured device-code grant uses no browser', async () => {
    const { person, source } = logins.open({ credential: { ...BROWSER_LOGIN, method: 'device-code' } });
    await source.renew(undefined, NO_CHALLENGE);
    assert.equal(person.shown.length, 0);
    assert.equal(person.codes.length, 1);
  });

  test('C5: a client registered by hand comes before everything else, with its secret', async () => {
    await logins.signIn({
      credential: {
        ...BROWSER_LOGIN,
        issuer: issuer.origin,
        clientId: 'known',
        authentication: { kind: 'secret', secret: 's' },
      },
      login: { clientMetadataUrl: 'https://agent.example/client.json' },
    });
    assert.equal(issuer.registrations.length, 0);
    assert.equal(issuer.authorizations[0]?.get('client_id'), 'known');
    assert.equal(issuer.tokenCalls[0]?.body.get('client_secret'), 's');
  });

  test('C6: a client id metadata document is used where the issuer takes one, and only there', async () => {
    const login = { clientMetadataUrl: 'https://agent.example/client.json' };
    issuer.settings.metadata = { client_id_metadata_document_supported: true };
    issuer.settings.token = () => ({ status: 200, body: { access_token: 'a', token_type: 'Bearer' } });
    await logins.signIn({ login });
    assert.equal(issuer.authorizations[0]?.get('client_id'), login.clientMetadataUrl);
    assert.equal(issuer.registrations.length, 0);
    issuer.settings.metadata = {};
    logins.store = createMemoryTokenStore();
    await logins.signIn({ login });
    assert.equal(issuer.authorizations[1]?.get('client_id'), 'registered-1');
  });

  test('C8: a client registered by hand at another issuer is not used, and the difference is told', async () => {
    const credential: CredentialConfig = { ...BROWSER_LOGIN, issuer: 'https://other.example', clientId: 'known' };
    await assert.rejects(logins.signIn({ credential }), {
      code: 'untrusted_issuer',
      message: /belongs to https:\/\/other/,
    });
    assert.equal(issuer.authorizations.length, 0);
  });

  test('C7: an issuer that refuses our redirect URI, or registers nobody, is explained', async () => {
    issuer.settings.registration = () => ({ status: 400, body: { error: 'invalid_redirect_uri' } });
    await assert.rejects(logins.signIn(), { code: 'login_required', message: /invalid_redirect_uri.*AUTH_CLIENT_ID/ });
    issuer.settings.metadata = { registration_endpoint: undefined };
    await assert.rejects(logins.signIn(), { code: 'login_required', message: /registers no clients/ });
  });

  test('the registration is kept: the next login is by the same client, at the same address', async () => {
    await logins.signIn();
    const { source } = logins.open();
    await source.login(AbortSignal.timeout(60_000));
    assert.equal(issuer.registrations.length, 1);
    const uris = issuer.authorizations.map((asked) => asked.get('redirect_uri'));
    assert.equal(uris[0], uris[1]);
  });

  test('when the port of the last login is taken, a registration of our own is made anew, one by hand cannot', async () => {
    await logins.signIn();
    const { port } = new URL(issuer.authorizations[0]?.get('redirect_uri') ?? '');
    const squatter = createServer();
    await once(squatter.listen(Number(port), '127.0.0.1'), 'listening');
    try {
      await logins.open().source.login(AbortSignal.timeout(60_000));
      assert.equal(issuer.registrations.length, 2);
      const credential: CredentialConfig = { ...BROWSER_LOGIN, issuer: issuer.origin, clientId: 'known' };
      const login = { redirectUri: `http://127.0.0.1:${port}/callback` };
      logins.store = createMemoryTokenStore();
      await assert.rejects(logins.signIn({ credential, login }), {
        code: 'login_required',
        message: /port is taken.*AUTH_REDIRECT_URI/,
      });
    } finally {
      squatter.close();
    }
  });

  test('a client that the issuer has forgotten registers again, once', async () => {
    await logins.signIn();
    let refusals = 0;
    issuer.settings.token = (body) => {
      if (body.get('client_id') !== 'registered-1') return undefined;
      refusals += 1;
      return { status: 401, body: { error: 'invalid_client' } };
    };
    const { source } = logins.open();
    await source.login(AbortSignal.timeout(60_000));
    assert.equal(issuer.registrations.length, 2);
    assert.equal(refusals, 1);
    issuer.settings.token = () => ({ status: 401, body: { error: 'invalid_client' } });
    await assert.rejects(logins.open().source.login(AbortSignal.timeout(60_000)), { code: 'login_required' });
    assert.equal(issuer.registrations.length, 3, 'not again and again');
  });

  test('C9: asks for what the challenge names, else for all that the resource speaks of, else for nothing', async () => {
    await logins.open().source.renew(undefined, { ...NO_CHALLENGE, scope: 'write' });
    assert.equal(issuer.authorizations[0]?.get('scope'), 'write');
    logins.store = createMemoryTokenStore();
    issuer.settings.resourceMetadata = { scopes_supported: undefined };
    await logins.signIn();
    assert.equal(issuer.authorizations[1]?.has('scope'), false);
  });

  test('C16: offline_access is asked for only where the issuer lists it', async () => {
    issuer.settings.metadata = { scopes_supported: ['read', 'offline_access'] };
    await logins.signIn();
    assert.equal(issuer.authorizations[0]?.get('scope'), 'read offline_access');
    assert.equal(issuer.authorizations[0]?.get('prompt'), 'consent');
  });

  test('C16: a login without a refresh token is used until it expires, and then needs the person again', async () => {
    issuer.settings.token = () => ({
      status: 200,
      body: { access_token: 'short', token_type: 'Bearer', expires_in: 60 },
    });
    await logins.signIn();
    const alone = logins.open({ person: undefined });
    assert.equal(await alone.source.renew(undefined, NO_CHALLENGE), 'short');
    logins.nowMs += 61_000;
    await assert.rejects(alone.source.current(), {
      code: 'login_required',
      message: /expired: npm run -s agent -- mcp login notes/,
    });
    assert.equal(logins.events.at(-1)?.state, 'login-needed');
  });

  test('half a minute before the end nobody is asked; after it somebody is', async () => {
    issuer.settings.token = () => ({
      status: 200,
      body: { access_token: 'short', token_type: 'Bearer', expires_in: 60 },
    });
    const { source, person } = logins.open();
    await source.renew(undefined, NO_CHALLENGE);
    logins.nowMs += 59_000;
    assert.equal(await source.current(), 'short');
    assert.equal(person.asked.length, 1);
    logins.nowMs += 2_000;
    await source.current();
    assert.equal(person.asked[1]?.reason, 'expired');
  });

  test('T5.invalid-grant: a refused client of ours by configuration may be a slip: the login is kept for when it is mended', async () => {
    const credential: CredentialConfig = { ...BROWSER_LOGIN, issuer: issuer.origin, clientId: 'known' };
    await logins.signIn({ credential });
    issuer.settings.token = () => ({ status: 401, body: { error: 'invalid_client' } });
    issuer.expireAll();
    const alone = () => logins.open({ credential, person: undefined }).source.renew('access-1', NO_CHALLENGE);
    await assert.rejects(alone(), { code: 'login_required', message: /invalid_client/ });
    issuer.settings.token = undefined;
    assert.equal(await alone(), 'access-2');
  });

  test('a step-up that is refused fails for whoever needed it, not for whoever needed a token meanwhile', async () => {
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const { source, person } = logins.open();
    const held = await source.renew(undefined, NO_CHALLENGE);
    person.confirm = async () => {
      asked.resolve();
      await answer.promise;
      return false;
    };
    const stepUp = source.stepUp(held, { ...NO_CHALLENGE, scope: 'write' });
    await asked.promise;
    const renewal = source.renew(held, NO_CHALLENGE);
    const controller = new AbortController();
    const impatient = source.renew(held, NO_CHALLENGE, controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(impatient, /enough/);
    answer.resolve();
    await assert.rejects(stepUp, { code: 'insufficient_scope' });
    assert.equal(await renewal, 'access-2');
  });

  test('T5.no-prompt: without anybody to ask it says which command signs in, and opens nothing', async () => {
    for (const person of [undefined, { methods: [] }])
      await assert.rejects(logins.signIn({ person }), {
        code: 'login_required',
        message: /npm run -s agent -- mcp login notes/,
      });
    assert.equal(issuer.authorizations.length, 0);
    assert.equal(issuer.registrations.length, 0);
  });

  test('a person who says no is not taken anywhere', async () => {
    const { source, person } = logins.open({ person: { agrees: () => false } });
    await assert.rejects(source.renew(undefined, NO_CHALLENGE), {
      code: 'login_required',
      message: /Nobody signed in/,
    });
    assert.equal(person.shown.length, 0);
    assert.equal(logins.events.at(-1)?.state, 'refused');
  });

  test('T6.union, C10: step-up asks for what is held and what is needed, and shows both', async () => {
    const { source, person } = logins.open();
    const held = await source.renew(undefined, NO_CHALLENGE);
    issuer.settings.scopes = ['write'];
    const token = await source.stepUp(held, { ...NO_CHALLENGE, scope: 'write' });
    assert.equal((await logins.call(source, token)).status, 200);
    assert.equal(issuer.authorizations[1]?.get('scope'), 'read write');
    assert.deepEqual(
      { reason: person.asked[1]?.reason, held: person.asked[1]?.held, requested: person.asked[1]?.requested },
      { reason: 'step-up', held: ['read'], requested: ['read', 'write'] },
    );
    assert.deepEqual(logins.events.at(-2), { state: 'step-up', held: ['read'], needed: ['read', 'write'] });
    assert.deepEqual(logins.events.at(-1), { state: 'logged-in', held: ['read', 'write'], needed: ['read', 'write'] });
  });

  test('T6.refused, C10: step-up that the person or the issuer refuses is asked for once, and names what is missing', async () => {
    const refusals: EagerPersonOptions[] = [{ agrees: ({ reason }) => reason !== 'step-up' }, {}];
    for (const person of refusals) {
      logins.store = createMemoryTokenStore();
      issuer.settings.grantable = ['read'];
      const opened = logins.open({ person });
      const held = await opened.source.renew(undefined, NO_CHALLENGE);
      for (let attempt = 0; attempt < 3; attempt += 1)
        await assert.rejects(opened.source.stepUp(held, { ...NO_CHALLENGE, scope: 'write' }), {
          code: 'insufficient_scope',
          details: { missingScopes: ['write'] },
        });
      assert.equal(opened.person.asked.length, 2);
    }
  });

  test('T6.headless: step-up without anybody to ask names the scope and the command', async () => {
    await logins.signIn();
    const { source } = logins.open({ person: undefined });
    const held = await source.renew(undefined, NO_CHALLENGE);
    await assert.rejects(source.stepUp(held, { ...NO_CHALLENGE, scope: 'write' }), {
      code: 'insufficient_scope',
      message: /mcp login notes/,
      details: { missingScopes: ['write'] },
    });
  });
});
