// What stays of a login: across runs, profiles and other issuers, until it is given up; and the key that its tokens are bound to.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createLogins, type Logins, NO_CHALLENGE } from '../../test/support/logins.ts';
import { createStrictIssuer, type StrictIssuer } from '../../test/support/strict-issuer.ts';
import type { CredentialConfig } from '../credential-config.ts';

describe('login of a person', () => {
  let logins: Logins;
  let issuer: StrictIssuer;
  beforeEach(async () => {
    logins = await createLogins();
    issuer = logins.issuer;
  });
  afterEach(() => issuer.close());

  test('a login outlives the run; its status is known without asking anybody', async () => {
    await logins.signIn();
    const before = issuer.requests.length;
    const { source } = logins.open({ person: undefined });
    assert.deepEqual(await source.status(), {
      issuer: issuer.origin,
      resource: issuer.mcpUrl,
      clientId: 'registered-1',
      grant: 'authorization-code',
      profile: 'default',
      user: undefined,
      scopes: ['read'],
      expiresAtMs: logins.nowMs + 600_000,
      canRefresh: true,
    });
    assert.equal(issuer.requests.length, before);
    assert.equal(await source.renew(undefined, NO_CHALLENGE), 'access-1');
  });

  test('profiles are logins side by side', async () => {
    await logins.signIn();
    await logins.signIn({ login: { profile: 'work' } });
    const tokens = await Promise.all(
      ['default', 'work'].map((profile) =>
        logins.open({ person: undefined, login: { profile } }).source.renew(undefined, NO_CHALLENGE),
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
    const { source } = logins.open({ credential });
    await source.renew(undefined, NO_CHALLENGE);
    assert.deepEqual(grants(), ['client_credentials']);
    assert.equal((await source.login(AbortSignal.timeout(60_000))).grant, 'authorization-code');
    assert.equal(
      await logins.open({ credential, person: undefined }).source.renew(undefined, NO_CHALLENGE),
      'access-2',
    );
    await source.logout();
    assert.equal(issuer.revocations[0]?.get('token_type_hint'), 'refresh_token');
    assert.match(issuer.revocations[0]?.get('token') ?? '', /^refresh-/);
    assert.equal(await source.current(), undefined);
    assert.equal((await source.status())?.grant, 'client-credentials');
    await source.renew('access-1', NO_CHALLENGE);
    assert.deepEqual(grants(), ['client_credentials', 'authorization_code', 'client_credentials']);
  });

  test('a login that cannot be revoked is forgotten all the same, and that is said', async () => {
    await logins.signIn();
    const { source } = logins.open();
    issuer.settings.metadata = { revocation_endpoint: `${issuer.origin}/gone` };
    await assert.rejects(source.logout(), { code: 'unreachable', message: /did not revoke/ });
    assert.equal(await source.status(), undefined);
    await source.logout();
  });

  test('C8: when the server goes over to another issuer, nothing of the first one is shown to it', async () => {
    const other = await createStrictIssuer();
    try {
      const { source } = logins.open();
      const first = await source.renew(undefined, NO_CHALLENGE);
      issuer.settings.resourceMetadata = { authorization_servers: [other.origin] };
      other.settings.token = () => ({ status: 200, body: { access_token: 'other', token_type: 'Bearer' } });
      assert.equal(await source.renew(first, NO_CHALLENGE), 'other');
      assert.equal(other.registrations.length, 1);
      const shown = JSON.stringify([...(await other.authorizations), ...other.tokenCalls].map(String));
      assert.doesNotMatch(shown, /refresh-|access-/);
    } finally {
      await other.close();
    }
  });

  test('DPoP: tokens are bound to a key, shown with a fresh proof each time, and a nonce is taken up', async () => {
    issuer.settings.challenge = 'DPoP error="invalid_token"';
    issuer.settings.nonce = 'nonce-1';
    const { source } = logins.open();
    const token = await source.renew(undefined, { ...NO_CHALLENGE, isProofRequired: true });
    const request = { url: `${issuer.mcpUrl}?x=1`, method: 'POST' };
    const headers = await source.authorize(request, token);
    assert.match(headers['authorization'] ?? '', /^DPoP access-/);
    assert.notEqual(headers['dpop'], (await source.authorize(request, token))['dpop']);
    for (const nonce of ['nonce-1', 'nonce-2']) {
      issuer.settings.nonce = nonce;
      assert.equal((await logins.call(source, token)).status, 200);
    }
    assert.ok(issuer.authorizations[0]?.get('dpop_jkt'));

    const next = logins.open({ person: undefined });
    assert.equal(await next.source.renew(undefined, NO_CHALLENGE), token, 'the key is kept with the tokens');
    assert.equal((await logins.call(next.source, token)).status, 200);
    issuer.expireAll();
    assert.equal(
      (await logins.call(next.source, await next.source.renew(token, NO_CHALLENGE))).status,
      200,
      'refreshed with it',
    );
  });

  test('DPoP: an issuer that answers with a plain bearer where a bound token is required is refused', async () => {
    issuer.settings.token = () => ({ status: 200, body: { access_token: 'plain', token_type: 'Bearer' } });
    await assert.rejects(logins.signIn({ login: { isProofRequired: true } }), {
      code: 'protocol_error',
      message: /DPoP/,
    });
  });
});
