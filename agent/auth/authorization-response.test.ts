// Every way in which the address that a browser comes back with can be wrong, one at a time. The way there and back:
// person-login.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAuthorizationResponse } from './authorization-response.ts';

const ISSUER = 'https://id.example';
const GOOD = `code=c&state=s&iss=${encodeURIComponent(ISSUER)}`;
const HTML = encodeURIComponent('<img src=x onerror=alert(1)>');

function check(query: string, isIssuerAnnounced = true): void {
  checkAuthorizationResponse(new URLSearchParams(query), { issuer: ISSUER, state: 's', isIssuerAnnounced });
}

test('an answer as it should be is taken, with what it says besides', () => {
  check(GOOD);
  check(`${GOOD}&session_state=x&scope=a&error_description=${HTML}`);
  check('code=c&state=s', false);
});

test('T3.wrong-state, C13, C14: what is wrong in one way is not', () => {
  for (const [query, code] of [
    ['', 'untrusted_issuer'],
    [GOOD.replace('state=s', 'state='), 'untrusted_issuer'],
    [GOOD.replace('&state=s', ''), 'untrusted_issuer'],
    [GOOD.replace('state=s', 'state=S'), 'untrusted_issuer'],
    [GOOD.replace('state=s', 'state=s%00'), 'untrusted_issuer'],
    [GOOD.replace('state=s', 'State=s'), 'untrusted_issuer'],
    [`${GOOD}&state=s`, 'protocol_error'],
    [`state=evil&${GOOD}`, 'protocol_error'],
    [GOOD.replace(/&iss=.*/, ''), 'untrusted_issuer'],
    [GOOD.replace(/iss=.*/, 'iss='), 'untrusted_issuer'],
    [`${GOOD}/`, 'untrusted_issuer'],
    [`${GOOD}.evil.test`, 'untrusted_issuer'],
    [GOOD.replace('id.example', 'ID.example'), 'untrusted_issuer'],
    [`${GOOD}&iss=https://evil.example`, 'protocol_error'],
    [`${GOOD}&iss=${encodeURIComponent(ISSUER)}`, 'protocol_error'],
    [`${GOOD}&code=other`, 'protocol_error'],
    [GOOD.replace('code=c', 'code='), 'protocol_error'],
    [GOOD.replace('code=c&', ''), 'protocol_error'],
    [`${GOOD}&error=access_denied`, 'login_required'],
    [`${GOOD}&error=`, 'login_required'],
    [`${GOOD}&error=a&error=b`, 'protocol_error'],
  ] as const)
    assert.throws(() => check(query), { code }, query);
  // Named by an issuer that does not announce it, it has to be the right one all the same.
  assert.throws(() => check(GOOD.replace('id.example', 'evil.example'), false), { code: 'untrusted_issuer' });
});

test('T3.error-description: nothing that somebody wrote into it is repeated', () => {
  for (const query of [
    `${GOOD}&error=access_denied&error_description=${HTML}`,
    `${GOOD}&error=${HTML}`,
    `${GOOD.replace('state=s', `state=${HTML}`)}`,
    `${GOOD}${HTML}`,
    `${GOOD}&code=${HTML}`,
  ])
    assert.throws(
      () => check(query),
      ({ message }: Error) => !/img|onerror|alert/.test(message),
      query,
    );
});
