// Logins that end because of what came back: answers of somebody else, issuers that nobody should sign in at, and no answer.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createLogins, type Logins, NO_CHALLENGE } from '../../test/support/logins.ts';
import type { StrictIssuer } from '../../test/support/strict-issuer.ts';

describe('login of a person', () => {
  let logins: Logins;
  let issuer: StrictIssuer;
  beforeEach(async () => {
    logins = await createLogins();
    issuer = logins.issuer;
  });
  afterEach(() => issuer.close());

  test('T3.wrong-state: an answer with another state ends the login, and its code is not redeemed', async () => {
    for (const methods of [['browser'], ['paste']] as const) {
      for (const state of ['x', undefined]) {
        issuer.settings.redirect = { state };
        await assert.rejects(logins.signIn({ person: { methods } }), {
          code: 'untrusted_issuer',
          message: /another state/,
        });
      }
    }
    assert.equal(issuer.tokenCalls.length, 0);
  });

  test('C13, T1.mixed-up-issuer: an answer of another issuer, or of nobody where the issuer names itself, is not used', async () => {
    for (const iss of ['https://evil.example', `${issuer.origin}/`, undefined]) {
      issuer.settings.redirect = { iss };
      await assert.rejects(logins.signIn(), { code: 'untrusted_issuer' }, String(iss));
    }
    assert.equal(issuer.tokenCalls.length, 0);
    issuer.settings.metadata = { authorization_response_iss_parameter_supported: undefined };
    assert.match(await logins.signIn(), /^access-/, 'an issuer that never said so need not');
  });

  test('T3.error-description: an error is told by its code; its description is repeated nowhere', async () => {
    issuer.settings.redirect = { code: undefined, error: 'access_denied', error_description: '<b>call 555</b>' };
    const { source, person } = logins.open();
    await assert.rejects(source.renew(undefined, NO_CHALLENGE), (error: Error) => {
      assert.match(error.message, /Access was denied/);
      assert.doesNotMatch(error.message, /555/);
      return true;
    });
    const page = await person.pages[0];
    assert.match(page ?? '', /Not signed in/);
    assert.doesNotMatch(page ?? '', /555|access_denied/);
    issuer.settings.redirect = { code: undefined, error: '<script>' };
    await assert.rejects(logins.signIn(), (error: Error) => !error.message.includes('script'));
  });

  test('the browser is told that somebody is signed in when they are: an exchange that fails shows there and here', async () => {
    const answers = [
      { status: 400, body: { error: 'invalid_grant', error_description: '<b>call 555</b>' } },
      { status: 500, body: 'broken' },
    ];
    for (const answer of answers) {
      issuer.settings.token = () => answer;
      const { source, person } = logins.open();
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
      await assert.rejects(logins.signIn(), { code: 'untrusted_issuer', message: /PKCE/ });
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
      const { source, person } = logins.open();
      await assert.rejects(source.renew(undefined, NO_CHALLENGE), { code: 'untrusted_issuer' }, endpoint);
      assert.equal(person.shown.length, 0);
    }
  });

  test('T4.shell-characters, C18: what a shell would act on reaches the browser encoded, in one URL', async () => {
    issuer.settings.metadata = { authorization_endpoint: `${issuer.origin}/authorize?x=";$(id)\`id\`|&y='\n\u0000` };
    const { source, person } = logins.open();
    await source.renew(undefined, NO_CHALLENGE).catch(() => undefined);
    for (const { href } of person.shown) assert.doesNotMatch(href, /["$`|\n\0 ]|\$\(/, href);
    assert.equal(person.shown.length, 1);
  });

  test('T3.no-answer: a browser that does not come back ends the login after the time limit', async () => {
    const { source } = logins.open({
      person: { browse: async () => `${issuer.origin}/nowhere` },
      browserTimeoutMs: 50,
    });
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
    await assert.rejects(logins.open({ person }).source.login(controller.signal));
    assert.match(await logins.signIn(), /^access-/);
  });
});
