// What an issuer can answer that no honest one does, over real HTTP: each answer is wrong in one way, and ends the login with
// a message or does no harm.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { BROWSER_LOGIN } from '../../test/support/browser-login.ts';
import { createEagerPerson } from '../../test/support/eager-person.ts';
import { serve } from '../../test/support/ports.ts';
import { createStrictIssuer, type StrictIssuer } from '../../test/support/strict-issuer.ts';
import { DEFAULT_LOGIN } from '../credential-config.ts';
import { createMemoryRecords } from './private-records.ts';
import { createTokenSource } from './token-source.ts';
import { createTokenStore } from './token-store.ts';

const NO_CHALLENGE = { resourceMetadataUrl: undefined, scope: undefined };

describe('an answer that no honest issuer gives', () => {
  let issuer: StrictIssuer;
  let nowMs: number;
  beforeEach(async () => {
    issuer = await createStrictIssuer();
    nowMs = Date.now();
  });
  afterEach(() => issuer.close());

  const open = (methods: readonly ('browser' | 'device')[] = ['browser'], isProofRequired = false) => {
    const prompt = createEagerPerson({ methods });
    const source = createTokenSource({
      serverUrl: issuer.mcpUrl,
      credential: BROWSER_LOGIN,
      login: { ...DEFAULT_LOGIN, isProofRequired },
      store: createTokenStore(createMemoryRecords()),
      prompt,
      now: () => nowMs,
    });
    return { source, prompt, signIn: () => source.renew(undefined, NO_CHALLENGE) };
  };
  const tokens = (changes: Record<string, unknown>) => {
    const body = { access_token: 'token', token_type: 'Bearer', expires_in: 600, refresh_token: 'refresh', ...changes };
    issuer.settings.token = () => ({ status: 200, body });
  };

  test('a token of another type than was asked for is not used', async () => {
    for (const token_type of ['mac', 'N_A', 'DPoP', '', 5, undefined]) {
      tokens({ token_type });
      await assert.rejects(open().signIn(), { code: 'protocol_error' }, String(token_type));
    }
    tokens({ token_type: 'bEaReR' });
    assert.equal(await open().signIn(), 'token');
  });

  test('a token that is no header is not used, and not repeated', async () => {
    const bad = ['half\nother', 'half\r\nx-header: y', 'half\0', 'with space', 'ünïcode', 'half\u2028', 5, ''];
    for (const name of ['access_token', 'refresh_token'])
      for (const value of bad) {
        // Nobody puts a refresh token into a header.
        if (name === 'refresh_token' && value === 'with space') continue;
        tokens({ [name]: value });
        await assert.rejects(open().signIn(), (error: Error & { code?: string }) => {
          assert.equal(error.code, 'protocol_error', JSON.stringify(value));
          assert.doesNotMatch(error.message, /half|ünï|with space/);
          return true;
        });
      }
  });

  test('a life that is no time is refused, and one without end is ten years', async () => {
    for (const expires_in of [-1, 'soon', null, []]) {
      tokens({ expires_in });
      await assert.rejects(open().signIn(), { code: 'protocol_error' }, JSON.stringify(expires_in));
    }
    for (const expires_in of [1e300, Number.MAX_VALUE, 1e15]) {
      tokens({ expires_in });
      const { source, signIn } = open();
      await signIn();
      assert.equal((await source.status())?.expiresAtMs, nowMs + 315_360_000_000);
    }
    tokens({ expires_in: undefined });
    const { source, signIn } = open();
    await signIn();
    assert.equal((await source.status())?.expiresAtMs, undefined);
  });

  test('an ID token that is none ends the login', async () => {
    for (const id_token of ['nonsense', 'a.b.c', 5, 'eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.']) {
      tokens({ id_token });
      await assert.rejects(open().signIn(), { code: 'protocol_error' }, String(id_token));
    }
  });

  test('an issuer that never has enough of nonces is asked twice', async () => {
    let serial = 0;
    issuer.settings.token = () => {
      serial += 1;
      return { status: 400, body: { error: 'use_dpop_nonce' }, headers: { 'dpop-nonce': `nonce-${serial}` } };
    };
    await assert.rejects(open(['browser'], true).signIn(), { code: 'login_required' });
    assert.equal(serial, 2);
  });

  test('a code for another device that lasts for ever is waited for all the same, and for a day at most', async () => {
    for (const expires_in of [3_000_000, 5_000_000, 1e300]) {
      issuer.settings.device = { expires_in };
      const { signIn, prompt } = open(['device']);
      assert.match(await signIn(), /^access-/);
      assert.equal(prompt.codes[0]?.expiresInSeconds, 86_400);
    }
  });

  test('a code for another device with times that are none, or a page that is no web page, is not shown', async () => {
    for (const [device, code] of [
      [{ expires_in: -1 }, 'protocol_error'],
      [{ expires_in: 'soon' }, 'protocol_error'],
      [{ interval: -3 }, 'protocol_error'],
      [{ interval: 'often' }, 'protocol_error'],
      [{ user_code: '' }, 'protocol_error'],
      [{ verification_uri: 'javascript:alert(1)' }, 'untrusted_issuer'],
      [{ verification_uri: 'http://evil.example/' }, 'untrusted_issuer'],
      [{ verification_uri_complete: 'file:///etc/passwd' }, 'untrusted_issuer'],
    ] as const) {
      issuer.settings.device = device;
      const { signIn, prompt } = open(['device']);
      await assert.rejects(signIn(), { code }, JSON.stringify(device));
      assert.deepEqual(prompt.codes, []);
    }
  });

  test('a registration that names another address, or a secret that has ended, changes nothing about this login', async () => {
    for (const answer of [
      { redirect_uris: ['https://evil.example/callback'] },
      { client_secret: 'secret', client_secret_expires_at: 1 },
      { client_secret: 'secret', client_secret_expires_at: Number.MAX_VALUE },
    ]) {
      issuer.settings.registration = (body) => ({ status: 201, body: { ...body, client_id: 'known', ...answer } });
      assert.match(await open().signIn(), /^access-/);
      assert.match(issuer.authorizations.at(-1)?.get('redirect_uri') ?? '', /^http:\/\/127\.0\.0\.1:\d+\/callback\//);
    }
  });

  test('T1.redirect, T2.redirect: no endpoint sends a code, a refresh token or a registration elsewhere', async () => {
    const heard: string[] = [];
    const evil = await serve((request, response) => {
      heard.push(request.url ?? '');
      response.end('{}');
    });
    const hop = await serve((request, response) =>
      response.writeHead(307, { location: `${evil.origin}${request.url}` }).end(),
    );
    try {
      for (const name of ['registration', 'token', 'revocation']) {
        const { source, signIn } = open();
        issuer.settings.metadata = { [`${name}_endpoint`]: `${hop.origin}/${name}` };
        const ended = name === 'revocation' ? signIn().then(() => source.logout()) : signIn();
        await assert.rejects(ended, { name: 'AgentError' }, name);
      }
      issuer.settings.metadata = { device_authorization_endpoint: `${hop.origin}/device` };
      await assert.rejects(open(['device']).signIn(), { name: 'AgentError' });
      assert.deepEqual(heard, []);
    } finally {
      await Promise.all([hop.close(), evil.close()]);
    }
  });
});
