// A login that is asked for with scopes beside those that the server names, and the advice that leads to it.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { BROWSER_LOGIN } from '../../test/support/browser-login.ts';
import { createEagerPerson } from '../../test/support/eager-person.ts';
import { createStrictIssuer, type StrictIssuer } from '../../test/support/strict-issuer.ts';
import type { LoginPrompt } from './login-prompt.ts';
import { withScopes } from './token-rules.ts';
import { createTokenSource } from './token-source.ts';
import { createMemoryTokenStore, type TokenStore } from './token-store.ts';

const NO_CHALLENGE = { resourceMetadataUrl: undefined, scope: undefined };
const SIGNAL = () => AbortSignal.timeout(30_000);

describe('scopes that a person asks for', () => {
  let issuer: StrictIssuer;
  let store: TokenStore;
  beforeEach(async () => {
    issuer = await createStrictIssuer();
    issuer.settings.resourceMetadata = { scopes_supported: ['read'] };
    store = createMemoryTokenStore();
  });
  afterEach(() => issuer.close());

  const open = (prompt?: LoginPrompt) =>
    createTokenSource({
      serverUrl: issuer.mcpUrl,
      serverName: 'notes',
      credential: BROWSER_LOGIN,
      store,
      ...(prompt ? { prompt } : {}),
    });

  test('are asked for beside the server’s and those of the login before, without a question', async () => {
    const person = createEagerPerson();
    await open(person).login(SIGNAL(), ['write']);
    const { scopes } = await open(person).login(SIGNAL(), ['delete']);
    assert.deepEqual([...scopes].sort(), ['delete', 'read', 'write']);
    assert.deepEqual(
      person.asked.map(({ isRequested, reason }) => ({ isRequested, reason })),
      Array.from({ length: 2 }, () => ({ isRequested: true, reason: 'first-login' })),
    );
  });

  test('and are not granted are named, and the login is kept with what was', async () => {
    issuer.settings.grantable = ['read'];
    const source = open(createEagerPerson());
    await assert.rejects(source.login(SIGNAL(), ['write']), {
      code: 'insufficient_scope',
      message: /lacks the scope write: .* did not grant it\. You are signed in/,
    });
    assert.deepEqual((await source.status())?.scopes, ['read']);
  });

  test('a login that lacks a scope names it with the command that gets it', async () => {
    await open(createEagerPerson()).login(SIGNAL());
    const alone = open();
    const token = await alone.renew(undefined, NO_CHALLENGE);
    const before = issuer.tokenCalls.length;
    const challenge = { ...NO_CHALLENGE, scope: 'read write' };
    for (let count = 0; count < 3; count += 1)
      await assert.rejects(alone.stepUp(token, challenge), {
        code: 'insufficient_scope',
        details: { missingScopes: ['write'] },
        message: /npm run -s agent -- mcp login notes --scope "write"$/,
      });
    assert.equal(issuer.tokenCalls.length, before, 'nobody asks the issuer in vain');
  });

  test('no scope with a credential in its name is asked for, of a person or an issuer, whoever names it', async () => {
    const person = createEagerPerson();
    const noted: string[] = [];
    const redact = (text: string) => noted.reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
    const source = createTokenSource({
      serverUrl: issuer.mcpUrl,
      credential: BROWSER_LOGIN,
      store,
      prompt: person,
      secrets: { note: (secret) => void noted.push(secret), redact },
    });
    await source.login(SIGNAL());
    const token = (await source.current()) ?? assert.fail();
    const before = issuer.tokenCalls.length;
    await assert.rejects(source.stepUp(token, { ...NO_CHALLENGE, scope: `write x:${token}` }), {
      code: 'insufficient_scope',
      details: { missingScopes: ['write'] },
      message: /the name of a credential of yours\. Nobody was asked for it\./,
    });
    assert.deepEqual([person.asked.length, issuer.tokenCalls.length], [1, before]);
    issuer.settings.resourceMetadata = { scopes_supported: ['read', token] };
    await source.logout();
    await source.login(SIGNAL());
    assert.deepEqual(
      person.asked.map(({ requested }) => requested),
      [['read'], ['read']],
    );
    assert.deepEqual(
      person.shown.map(({ searchParams }) => searchParams.get('scope')),
      ['read', 'read'],
    );
  });

  test('signed in as another client, the tokens of the one before are gone from the store', async () => {
    await open(createEagerPerson()).login(SIGNAL());
    const first = await open().status();
    assert.ok(first);
    const { issuer: of, resource, clientId, profile } = first;
    const key = { issuer: of, resource, clientId, profile };
    assert.ok(await store.load(key));
    await store.records.update(['registration', of], async () => ({ kind: 'forget' }));
    await open(createEagerPerson()).login(SIGNAL());
    assert.notEqual((await open().status())?.clientId, clientId);
    assert.equal(await store.load(key), undefined);
  });
});

test('scopes that a shell could take for its own are not put into a command', () => {
  assert.equal(withScopes('login', []), 'login');
  assert.equal(
    withScopes('login', ['read:notes', 'https://id.example/a.b']),
    'login --scope "read:notes https://id.example/a.b"',
  );
  for (const scope of ['$(id)', '`id`', 'a"b', "a'b", 'a;b', 'a\\b', 'a!b', 'a\nb'])
    assert.equal(withScopes('login', ['read', scope]), 'login', scope);
});
