// Several calls of one turn that lack a scope at the same time, as LangGraph runs them: a person is asked once, and a no
// counts for all.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTokenSource } from '../agent/auth/token-source.ts';
import { createMemoryTokenStore } from '../agent/auth/token-store.ts';
import { DEFAULT_LOGIN } from '../agent/credential-config.ts';
import { BROWSER_LOGIN } from './support/browser-login.ts';
import { createEagerPerson, type EagerPersonOptions } from './support/eager-person.ts';
import { createStrictIssuer, type StrictIssuer } from './support/strict-issuer.ts';

const NO_CHALLENGE = { resourceMetadataUrl: undefined, scope: undefined };

describe('step-up of parallel calls', () => {
  let issuer: StrictIssuer;
  beforeEach(async () => {
    issuer = await createStrictIssuer();
  });
  afterEach(() => issuer.close());

  const signedIn = async (options: EagerPersonOptions = {}) => {
    const person = createEagerPerson(options);
    const source = createTokenSource({
      serverUrl: issuer.mcpUrl,
      serverName: 'notes',
      credential: BROWSER_LOGIN,
      login: DEFAULT_LOGIN,
      store: createMemoryTokenStore(),
      prompt: person,
    });
    const held = await source.renew(undefined, NO_CHALLENGE);
    const stepUp = () => source.stepUp(held, { ...NO_CHALLENGE, scope: 'write' });
    return { person, stepUp: () => Promise.allSettled(Array.from({ length: 10 }, stepUp)) };
  };

  test('a person is asked once, and all go on with the one new token', async () => {
    const { person, stepUp } = await signedIn();
    const tokens = (await stepUp()).map((result) => (result.status === 'fulfilled' ? result.value : result.reason));
    assert.equal(new Set(tokens).size, 1);
    assert.match(String(tokens[0]), /^access-/);
    assert.deepEqual(
      person.asked.map(({ reason }) => reason),
      ['first-login', 'step-up'],
    );
  });

  test('a no counts for all of them', async () => {
    const { person, stepUp } = await signedIn({ agrees: ({ reason }) => reason !== 'step-up' });
    for (const result of await stepUp()) {
      assert.ok(result.status === 'rejected');
      assert.equal(result.reason.code, 'insufficient_scope');
      assert.deepEqual(result.reason.details.missingScopes, ['write']);
    }
    assert.equal(person.asked.length, 2);
  });
});
