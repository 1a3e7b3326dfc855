// Who the agent is when a person signs in at the local server: its own client there, and only there; else one that it
// registers.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createEagerPerson } from '../../test/support/eager-person.ts';
import { createStrictIssuer, type StrictIssuer } from '../../test/support/strict-issuer.ts';
import type { CredentialConfig } from '../credential-config.ts';
import type { LoginMethod } from './login-prompt.ts';
import { createTokenSource } from './token-source.ts';

describe('the client for logins that the local server keeps', () => {
  let issuer: StrictIssuer;
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'login-client-'));
  });
  after(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    issuer = await createStrictIssuer();
    file = join(folder, `${new URL(issuer.origin).port}.json`);
  });
  afterEach(() => issuer.close());

  const content = (changes: Record<string, unknown> = {}) =>
    JSON.stringify({
      issuer: issuer.origin,
      client_id: 'local',
      client_secret: 'the-secret',
      login_client_id: 'known',
      ...changes,
    });
  const signIn = async (
    methods: readonly LoginMethod[],
    credential: CredentialConfig = { kind: 'local-client', file },
  ) => {
    const prompt = createEagerPerson({ methods });
    const source = createTokenSource({ serverUrl: issuer.mcpUrl, serverName: 'local', credential, prompt });
    return await source.login(AbortSignal.timeout(30_000));
  };

  test('is who signs in, by browser, paste and code, with no secret and no registration', async () => {
    await writeFile(file, content(), { mode: 0o600 });
    for (const method of ['browser', 'paste', 'device'] as const)
      assert.equal((await signIn([method])).clientId, 'known', method);
    assert.equal(issuer.registrations.length, 0);
    for (const { body, authorization } of issuer.tokenCalls)
      assert.doesNotMatch(`${body} ${authorization}`, /the-secret/);
  });

  test('is that of a login which the configuration asks for as well, unless it names a client', async () => {
    await writeFile(file, content(), { mode: 0o600 });
    const login = {
      kind: 'login',
      method: 'authorization-code',
      authentication: { kind: 'none' },
      audience: undefined,
      localClientFile: file,
    } as const;
    assert.equal((await signIn(['browser'], { ...login, issuer: undefined, clientId: undefined })).clientId, 'known');
    const named = signIn(['browser'], { ...login, issuer: issuer.origin, clientId: 'another' });
    await assert.rejects(named, { code: 'login_required' });
    assert.equal(issuer.authorizations.at(-1)?.get('client_id'), 'another');
  });

  test('of another issuer is not shown to this one', async () => {
    await writeFile(file, content({ issuer: 'http://localhost:9' }), { mode: 0o600 });
    assert.notEqual((await signIn(['browser'])).clientId, 'known');
    assert.equal(issuer.registrations.length, 1);
  });

  test('without such a file, an older one, or one that is not to be trusted, the agent registers itself', async () => {
    const register = async () => {
      const before = issuer.registrations.length;
      assert.notEqual((await signIn(['browser'])).clientId, 'known');
      assert.equal(issuer.registrations.length, before + 1);
    };
    await register();
    await writeFile(file, content({ login_client_id: undefined }), { mode: 0o600 });
    await register();
    await writeFile(file, '{', { mode: 0o600 });
    await register();
    file = `${file}.open`;
    await writeFile(file, content(), { mode: 0o644 });
    await register();
  });

  test('an issuer that takes no secret of strangers, and lists no other way, is asked once more without one', async () => {
    issuer.settings.metadata = { token_endpoint_auth_methods_supported: ['client_secret_post'] };
    issuer.settings.registration = ({ token_endpoint_auth_method: method }) =>
      method === 'none'
        ? { status: 201, body: { client_id: 'known', token_endpoint_auth_method: 'none' } }
        : { status: 400, body: { error: 'invalid_client_metadata' } };
    assert.equal((await signIn(['browser'])).clientId, 'known');
    assert.deepEqual(
      issuer.registrations.map(({ token_endpoint_auth_method }) => token_endpoint_auth_method),
      ['client_secret_post', 'none'],
    );
    issuer.settings.registration = () => ({ status: 400, body: { error: 'invalid_client_metadata' } });
    await assert.rejects(signIn(['browser']), { code: 'login_required', message: /does not register us/ });
    assert.equal(issuer.registrations.length, 4);
  });

  test('a registration that may not have codes for other devices says what else there is', async () => {
    const granted = ['authorization_code', 'refresh_token'];
    issuer.settings.registration = () => ({ status: 201, body: { client_id: 'known', grant_types: granted } });
    await assert.rejects(signIn(['device']), {
      code: 'login_required',
      message: /browser, here or elsewhere \(--paste\)/,
    });
    assert.equal(issuer.tokenCalls.length, 0);
    assert.equal((await signIn(['paste', 'device'])).clientId, 'known');
  });
});
