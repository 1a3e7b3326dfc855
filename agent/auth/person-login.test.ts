// Logins of people through the token source, against a strict issuer over real HTTP: what is asked, in which way one can
// sign in, what is refused, and what stays afterwards.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createEagerPerson, type EagerPersonOptions } from '../../test/support/eager-person.ts';
import { createStrictIssuer, type StrictIssuer } from '../../test/support/strict-issuer.ts';
import { type CredentialConfig, DEFAULT_LOGIN, type LoginConfig } from '../credential-config.ts';
import type { Challenge } from './discovery.ts';
import { type AuthEvent, createTokenSource, type TokenSource } from './token-source.ts';
import { createMemoryTokenStore, type TokenStore } from './token-store.ts';

const NO_CHALLENGE: Challenge = { resourceMetadataUrl: undefined, scope: undefined };
const LOGIN: CredentialConfig = {
  kind: 'login',
  method: 'authorization-code',
  issuer: undefined,
  clientId: undefined,
  authentication: { kind: 'none' },
  audience: undefined,
};

describe('login of a person', () => {
  let issuer: StrictIssuer;
  let store: TokenStore;
  let events: AuthEvent[];
  let nowMs: number;
  beforeEach(async () => {
    issuer = await createStrictIssuer();
    store = createMemoryTokenStore();
    events = [];
    nowMs = Date.now();
  });
  afterEach(() => issuer.close());

  interface Changes {
    readonly person?: EagerPersonOptions | undefined;
    readonly credential?: CredentialConfig;
    readonly login?: Partial<LoginConfig>;
    readonly browserTimeoutMs?: number;
  }
  /** A source with a person; `person: undefined` means that nobody is there. */
  const open = (changes: Changes = {}) => {
    const prompt = 'person' in changes && !changes.person ? undefined : createEagerPerson(changes.person);
    const source = createTokenSource({
      serverUrl: issuer.mcpUrl,
      serverName: 'notes',
      credential: changes.credential ?? LOGIN,
      login: { ...DEFAULT_LOGIN, ...changes.login },
      store,
      onAuth: (event) => events.push(event),
      now: () => nowMs,
      ...(prompt ? { prompt } : {}),
      ...(changes.browserTimeoutMs === undefined ? {} : { browserTimeoutMs: changes.browserTimeoutMs }),
    });
    return { source, person: prompt ?? createEagerPerson() };
  };
  const call = async (source: TokenSource, token: string) => {
    const request = { url: issuer.mcpUrl, method: 'POST' };
    const send = async () => fetch(issuer.mcpUrl, { method: 'POST', headers: await source.authorize(request, token) });
    const response = await send();
    return source.noteAnswer(request, response) ? await send() : response;
  };
  const signIn = (changes: Changes = {}) => open(changes).source.renew(undefined, NO_CHALLENGE);

  test('C7, C11, C12, C14: by a browser: registers as a native client, proves the code is its own, names the resource', async () => {
    const { source, person } = open();
    const token = await source.renew(undefined, NO_CHALLENGE);
    assert.equal((await call(source, token)).status, 200);
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
      events.map(({ state }) => state),
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
      assert.match(await signIn({ person: { methods: ['paste', 'browser'], browse: follow } }), /^access-/);
      store = createMemoryTokenStore();
    }
    const other = open({ person: { methods: ['paste'], browse: async () => 'https://evil.example/callback?code=1' } });
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
    const { source, person } = open({ person: { methods: ['device'] } });
    const token = await source.renew(undefined, NO_CHALLENGE);
    assert.equal((await call(source, token)).status, 200);
    assert.equal(person.codes[0]?.userCode, 'ABCD-EFGH');
    assert.equal((await source.status())?.grant, 'device-code');

    for (const [status, error] of [
      [400, 'access_denied'],
      [400, 'expired_token'],
    ] as const) {
      store = createMemoryTokenStore();
      issuer.settings.deviceAnswers = [{ status, error }];
      await assert.rejects(signIn({ person: { methods: ['device'] } }), { code: 'login_required' });
    }
  });

  test('asked by 429 to slow down, it waits longer and goes on', async () => {
    issuer.settings.deviceAnswers = [{ status: 429, error: 'slow_down' }];
    assert.match(await signIn({ person: { methods: ['device'] } }), /^access-/);
    assert.equal(issuer.tokenCalls.length, 2);
  });

  test('giving up ends the wait for a code on another device', async () => {
    const controller = new AbortController();
    issuer.settings.deviceAnswers = [{ status: 400, error: 'authorization_pending' }];
    issuer.settings.beforeAnswer = async () => controller.abort();
    await assert.rejects(open({ person: { methods: ['device'] } }).source.login(controller.signal));
    assert.equal(issuer.tokenCalls.length, 1);
  });

  test('the configured device-code grant uses no browser', async () => {
    const { person, source } = open({ credential: { ...LOGIN, method: 'device-code' } });
    await source.renew(undefined, NO_CHALLENGE);
    assert.equal(person.shown.length, 0);
    assert.equal(person.codes.length, 1);
  });

  test('C5: a client registered by hand comes before everything else, with its secret', async () => {
    await signIn({
      credential: {
        ...LOGIN,
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
    await signIn({ login });
    assert.equal(issuer.authorizations[0]?.get('client_id'), login.clientMetadataUrl);
    assert.equal(issuer.registrations.length, 0);
    issuer.settings.metadata = {};
    store = createMemoryTokenStore();
    await signIn({ login });
    assert.equal(issuer.authorizations[1]?.get('client_id'), 'registered-1');
  });

  test('C8: a client registered by hand at another issuer is not used, and the difference is told', async () => {
    const credential: CredentialConfig = { ...LOGIN, issuer: 'https://other.example', clientId: 'known' };
    await assert.rejects(signIn({ credential }), { code: 'untrusted_issuer', message: /belongs to https:\/\/other/ });
    assert.equal(issuer.authorizations.length, 0);
  });

  test('C7: an issuer that refuses our redirect URI, or registers nobody, is explained', async () => {
    issuer.settings.registration = () => ({ status: 400, body: { error: 'invalid_redirect_uri' } });
    await assert.rejects(signIn(), { code: 'login_required', message: /invalid_redirect_uri.*AUTH_CLIENT_ID/ });
    issuer.settings.metadata = { registration_endpoint: undefined };
    await assert.rejects(signIn(), { code: 'login_required', message: /registers no clients/ });
  });

  test('the registration is kept: the next login is by the same client, at the same address', async () => {
    await signIn();
    const { source } = open();
    await source.login(AbortSignal.timeout(60_000));
    assert.equal(issuer.registrations.length, 1);
    const uris = issuer.authorizations.map((asked) => asked.get('redirect_uri'));
    assert.equal(uris[0], uris[1]);
  });

  test('when the port of the last login is taken, a registration of our own is made anew, one by hand cannot', async () => {
    await signIn();
    const { port } = new URL(issuer.authorizations[0]?.get('redirect_uri') ?? '');
    const squatter = createServer();
    await once(squatter.listen(Number(port), '127.0.0.1'), 'listening');
    try {
      await open().source.login(AbortSignal.timeout(60_000));
      assert.equal(issuer.registrations.length, 2);
      const credential: CredentialConfig = { ...LOGIN, issuer: issuer.origin, clientId: 'known' };
      const login = { redirectUri: `http://127.0.0.1:${port}/callback` };
      store = createMemoryTokenStore();
      await assert.rejects(signIn({ credential, login }), {
        code: 'login_required',
        message: /port is taken.*AUTH_REDIRECT_URI/,
      });
    } finally {
      squatter.close();
    }
  });

  test('a client that the issuer has forgotten registers again, once', async () => {
    await signIn();
    let refusals = 0;
    issuer.settings.token = (body) => {
      if (body.get('client_id') !== 'registered-1') return undefined;
      refusals += 1;
      return { status: 401, body: { error: 'invalid_client' } };
    };
    const { source } = open();
    await source.login(AbortSignal.timeout(60_000));
    assert.equal(issuer.registrations.length, 2);
    assert.equal(refusals, 1);
    issuer.settings.token = () => ({ status: 401, body: { error: 'invalid_client' } });
    await assert.rejects(open().source.login(AbortSignal.timeout(60_000)), { code: 'login_required' });
    assert.equal(issuer.registrations.length, 3, 'not again and again');
  });

  test('C9: asks for what the challenge names, else for all that the resource speaks of, else for nothing', async () => {
    await open().source.renew(undefined, { ...NO_CHALLENGE, scope: 'write' });
    assert.equal(issuer.authorizations[0]?.get('scope'), 'write');
    store = createMemoryTokenStore();
    issuer.settings.resourceMetadata = { scopes_supported: undefined };
    await signIn();
    assert.equal(issuer.authorizations[1]?.has('scope'), false);
  });

  test('C16: offline_access is asked for only where the issuer lists it', async () => {
    issuer.settings.metadata = { scopes_supported: ['read', 'offline_access'] };
    await signIn();
    assert.equal(issuer.authorizations[0]?.get('scope'), 'read offline_access');
    assert.equal(issuer.authorizations[0]?.get('prompt'), 'consent');
  });

  test('C16: a login without a refresh token is used until it expires, and then needs the person again', async () => {
    issuer.settings.token = () => ({
      status: 200,
      body: { access_token: 'short', token_type: 'Bearer', expires_in: 60 },
    });
    await signIn();
    const alone = open({ person: undefined });
    assert.equal(await alone.source.renew(undefined, NO_CHALLENGE), 'short');
    nowMs += 61_000;
    await assert.rejects(alone.source.current(), {
      code: 'login_required',
      message: /expired: npm run -s agent -- mcp login notes/,
    });
    assert.equal(events.at(-1)?.state, 'login-needed');
  });

  test('half a minute before the end nobody is asked; after it somebody is', async () => {
    issuer.settings.token = () => ({
      status: 200,
      body: { access_token: 'short', token_type: 'Bearer', expires_in: 60 },
    });
    const { source, person } = open();
    await source.renew(undefined, NO_CHALLENGE);
    nowMs += 59_000;
    assert.equal(await source.current(), 'short');
    assert.equal(person.asked.length, 1);
    nowMs += 2_000;
    await source.current();
    assert.equal(person.asked[1]?.reason, 'expired');
  });

  test('T5.invalid-grant: a refused client of ours by configuration may be a slip: the login is kept for when it is mended', async () => {
    const credential: CredentialConfig = { ...LOGIN, issuer: issuer.origin, clientId: 'known' };
    await signIn({ credential });
    issuer.settings.token = () => ({ status: 401, body: { error: 'invalid_client' } });
    issuer.expireAll();
    const alone = () => open({ credential, person: undefined }).source.renew('access-1', NO_CHALLENGE);
    await assert.rejects(alone(), { code: 'login_required', message: /invalid_client/ });
    issuer.settings.token = undefined;
    assert.equal(await alone(), 'access-2');
  });

  test('a step-up that is refused fails for whoever needed it, not for whoever needed a token meanwhile', async () => {
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const { source, person } = open();
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
      await assert.rejects(signIn({ person }), {
        code: 'login_required',
        message: /npm run -s agent -- mcp login notes/,
      });
    assert.equal(issuer.authorizations.length, 0);
    assert.equal(issuer.registrations.length, 0);
  });

  test('a person who says no is not taken anywhere', async () => {
    const { source, person } = open({ person: { agrees: () => false } });
    await assert.rejects(source.renew(undefined, NO_CHALLENGE), {
      code: 'login_required',
      message: /Nobody signed in/,
    });
    assert.equal(person.shown.length, 0);
    assert.equal(events.at(-1)?.state, 'refused');
  });

  test('T3.wrong-state: an answer with another state ends the login, and its code is not redeemed', async () => {
    for (const methods of [['browser'], ['paste']] as const) {
      for (const state of ['x', undefined]) {
        issuer.settings.redirect = { state };
        await assert.rejects(signIn({ person: { methods } }), { code: 'untrusted_issuer', message: /another state/ });
      }
    }
    assert.equal(issuer.tokenCalls.length, 0);
  });

  test('C13, T1.mixed-up-issuer: an answer of another issuer, or of nobody where the issuer names itself, is not used', async () => {
    for (const iss of ['https://evil.example', `${issuer.origin}/`, undefined]) {
      issuer.settings.redirect = { iss };
      await assert.rejects(signIn(), { code: 'untrusted_issuer' }, String(iss));
    }
    assert.equal(issuer.tokenCalls.length, 0);
    issuer.settings.metadata = { authorization_response_iss_parameter_supported: undefined };
    assert.match(await signIn(), /^access-/, 'an issuer that never said so need not');
  });

  test('T3.error-description: an error is told by its code; its description is repeated nowhere', async () => {
    issuer.settings.redirect = { code: undefined, error: 'access_denied', error_description: '<b>call 555</b>' };
    const { source, person } = open();
    await assert.rejects(source.renew(undefined, NO_CHALLENGE), (error: Error) => {
      assert.match(error.message, /Access was denied/);
      assert.doesNotMatch(error.message, /555/);
      return true;
    });
    const page = await person.pages[0];
    assert.match(page ?? '', /Not signed in/);
    assert.doesNotMatch(page ?? '', /555|access_denied/);
    issuer.settings.redirect = { code: undefined, error: '<script>' };
    await assert.rejects(signIn(), (error: Error) => !error.message.includes('script'));
  });

  test('the browser is told that somebody is signed in when they are: an exchange that fails shows there and here', async () => {
    const answers = [
      { status: 400, body: { error: 'invalid_grant', error_description: '<b>call 555</b>' } },
      { status: 500, body: 'broken' },
    ];
    for (const answer of answers) {
      issuer.settings.token = () => answer;
      const { source, person } = open();
      const { message } = await source.renew(undefined, NO_CHALLENGE).then(assert.fail, (error: Error) => error);
      assert.match(message, answer.status === 500 ? /is in trouble \(HTTP 500\)/ : /gave no token: "invalid_grant/);
      const page = await person.pages[0];
      assert.match(page ?? '', /<h1>Not signed in[\s\S]*The terminal says why/);
      assert.doesNotMatch(page ?? '', /555|invalid_grant/);
    }
  });

  test('T1.no-pkce, C11: an issuer that does not say that it supports S256 gets nobody', async () => {
    for (const methods of [undefined, ['plain']]) {
      issuer.settings.metadata = { code_challenge_methods_supported: methods };
      await assert.rejects(signIn(), { code: 'untrusted_issuer', message: /PKCE/ });
    }
    assert.equal(issuer.authorizations.length, 0);
    assert.equal(issuer.registrations.length, 0);
  });

  test('T4.javascript-url, C18: an address to sign in at that is no web address is never shown', async () => {
    for (const endpoint of [
      'javascript:alert(1)',
      'file:///etc/passwd',
      'http://id.example/authorize',
      'data:text/html,x',
    ]) {
      issuer.settings.metadata = { authorization_endpoint: endpoint };
      const { source, person } = open();
      await assert.rejects(source.renew(undefined, NO_CHALLENGE), { code: 'untrusted_issuer' }, endpoint);
      assert.equal(person.shown.length, 0);
    }
  });

  test('T4.shell-characters, C18: what a shell would act on reaches the browser encoded, in one URL', async () => {
    issuer.settings.metadata = { authorization_endpoint: `${issuer.origin}/authorize?x=";$(id)\`id\`|&y='\n\u0000` };
    const { source, person } = open();
    await source.renew(undefined, NO_CHALLENGE).catch(() => undefined);
    for (const { href } of person.shown) assert.doesNotMatch(href, /["$`|\n\0 ]|\$\(/, href);
    assert.equal(person.shown.length, 1);
  });

  test('T3.no-answer: a browser that does not come back ends the login after the time limit', async () => {
    const { source } = open({ person: { browse: async () => `${issuer.origin}/nowhere` }, browserTimeoutMs: 50 });
    await assert.rejects(source.renew(undefined, NO_CHALLENGE), {
      code: 'login_required',
      message: /No browser came back/,
    });
  });

  test('giving up ends the login and frees the port', async () => {
    const controller = new AbortController();
    const person = {
      browse: async () => {
        controller.abort();
        return `${issuer.origin}/nowhere`;
      },
    };
    await assert.rejects(open({ person }).source.login(controller.signal));
    assert.match(await signIn(), /^access-/);
  });

  test('T6.union, C10: step-up asks for what is held and what is needed, and shows both', async () => {
    const { source, person } = open();
    const held = await source.renew(undefined, NO_CHALLENGE);
    issuer.settings.scopes = ['write'];
    const token = await source.stepUp(held, { ...NO_CHALLENGE, scope: 'write' });
    assert.equal((await call(source, token)).status, 200);
    assert.equal(issuer.authorizations[1]?.get('scope'), 'read write');
    assert.deepEqual(
      { reason: person.asked[1]?.reason, held: person.asked[1]?.held, requested: person.asked[1]?.requested },
      { reason: 'step-up', held: ['read'], requested: ['read', 'write'] },
    );
    assert.deepEqual(events.at(-2), { state: 'step-up', held: ['read'], needed: ['read', 'write'] });
    assert.deepEqual(events.at(-1), { state: 'logged-in', held: ['read', 'write'], needed: ['read', 'write'] });
  });

  test('T6.refused, C10: step-up that the person or the issuer refuses is asked for once, and names what is missing', async () => {
    const refusals: EagerPersonOptions[] = [{ agrees: ({ reason }) => reason !== 'step-up' }, {}];
    for (const person of refusals) {
      store = createMemoryTokenStore();
      issuer.settings.grantable = ['read'];
      const opened = open({ person });
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
    await signIn();
    const { source } = open({ person: undefined });
    const held = await source.renew(undefined, NO_CHALLENGE);
    await assert.rejects(source.stepUp(held, { ...NO_CHALLENGE, scope: 'write' }), {
      code: 'insufficient_scope',
      message: /mcp login notes/,
      details: { missingScopes: ['write'] },
    });
  });

  test('a login outlives the run; its status is known without asking anybody', async () => {
    await signIn();
    const before = issuer.requests.length;
    const { source } = open({ person: undefined });
    assert.deepEqual(await source.status(), {
      issuer: issuer.origin,
      resource: issuer.mcpUrl,
      clientId: 'registered-1',
      grant: 'authorization-code',
      profile: 'default',
      user: undefined,
      scopes: ['read'],
      expiresAtMs: nowMs + 600_000,
      canRefresh: true,
    });
    assert.equal(issuer.requests.length, before);
    assert.equal(await source.renew(undefined, NO_CHALLENGE), 'access-1');
  });

  test('profiles are logins side by side', async () => {
    await signIn();
    await signIn({ login: { profile: 'work' } });
    const tokens = await Promise.all(
      ['default', 'work'].map((profile) =>
        open({ person: undefined, login: { profile } }).source.renew(undefined, NO_CHALLENGE),
      ),
    );
    assert.deepEqual(tokens, ['access-1', 'access-2']);
  });

  test('a person’s login takes the place of the machine client until it is given up, which revokes it', async () => {
    const credential: CredentialConfig = {
      kind: 'client-credentials',
      issuer: issuer.origin,
      clientId: 'known',
      authentication: { kind: 'secret', secret: 's' },
      audience: undefined,
    };
    const grants = () => issuer.tokenCalls.map(({ body }) => body.get('grant_type'));
    const { source } = open({ credential });
    await source.renew(undefined, NO_CHALLENGE);
    assert.deepEqual(grants(), ['client_credentials']);
    assert.equal((await source.login(AbortSignal.timeout(60_000))).grant, 'authorization-code');
    assert.equal(await open({ credential, person: undefined }).source.renew(undefined, NO_CHALLENGE), 'access-2');
    await source.logout();
    assert.equal(issuer.revocations[0]?.get('token_type_hint'), 'refresh_token');
    assert.match(issuer.revocations[0]?.get('token') ?? '', /^refresh-/);
    assert.equal(await source.current(), undefined);
    assert.equal((await source.status())?.grant, 'client-credentials');
    await source.renew('access-1', NO_CHALLENGE);
    assert.deepEqual(grants(), ['client_credentials', 'authorization_code', 'client_credentials']);
  });

  test('a login that cannot be revoked is forgotten all the same, and that is said', async () => {
    await signIn();
    const { source } = open();
    issuer.settings.metadata = { revocation_endpoint: `${issuer.origin}/gone` };
    await assert.rejects(source.logout(), { code: 'unreachable', message: /did not revoke/ });
    assert.equal(await source.status(), undefined);
    await source.logout();
  });

  test('C8: when the server goes over to another issuer, nothing of the first one is shown to it', async () => {
    const other = await createStrictIssuer();
    try {
      const { source } = open();
      const first = await source.renew(undefined, NO_CHALLENGE);
      issuer.settings.resourceMetadata = { authorization_servers: [other.origin] };
      other.settings.token = () => ({ status: 200, body: { access_token: 'other', token_type: 'Bearer' } });
      assert.equal(await source.renew(first, NO_CHALLENGE), 'other');
      assert.equal(other.registrations.length, 1);
      const shown = JSON.stringify([...other.authorizations, ...other.tokenCalls].map(String));
      assert.doesNotMatch(shown, /refresh-|access-/);
    } finally {
      await other.close();
    }
  });

  test('DPoP: tokens are bound to a key, shown with a fresh proof each time, and a nonce is taken up', async () => {
    issuer.settings.challenge = 'DPoP error="invalid_token"';
    issuer.settings.nonce = 'nonce-1';
    const { source } = open();
    const token = await source.renew(undefined, { ...NO_CHALLENGE, isProofRequired: true });
    const request = { url: `${issuer.mcpUrl}?x=1`, method: 'POST' };
    const headers = await source.authorize(request, token);
    assert.match(headers['authorization'] ?? '', /^DPoP access-/);
    assert.notEqual(headers['dpop'], (await source.authorize(request, token))['dpop']);
    for (const nonce of ['nonce-1', 'nonce-2']) {
      issuer.settings.nonce = nonce;
      assert.equal((await call(source, token)).status, 200);
    }
    assert.ok(issuer.authorizations[0]?.get('dpop_jkt'));

    const next = open({ person: undefined });
    assert.equal(await next.source.renew(undefined, NO_CHALLENGE), token, 'the key is kept with the tokens');
    assert.equal((await call(next.source, token)).status, 200);
    issuer.expireAll();
    assert.equal(
      (await call(next.source, await next.source.renew(token, NO_CHALLENGE))).status,
      200,
      'refreshed with it',
    );
  });

  test('DPoP: an issuer that answers with a plain bearer where a bound token is required is refused', async () => {
    issuer.settings.token = () => ({ status: 200, body: { access_token: 'plain', token_type: 'Bearer' } });
    await assert.rejects(signIn({ login: { isProofRequired: true } }), { code: 'protocol_error', message: /DPoP/ });
  });
});
