// Attacks on codes, verifiers and refresh tokens that need more than one sign-in.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { OVERLAP_SECONDS } from './limits.ts';
import { codeRequest, createBrowser, obtainCode } from './test-browser.ts';
import { postForm, REDIRECT_URI, startTestServer } from './test-support.ts';

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

test('A2.stripped: a verifier in the request does not stand in for a challenge that somebody took out', async (t) => {
  const { issuer } = await startTestServer(t);
  for (const changes of [
    { code_challenge: undefined, code_challenge_method: undefined, code_verifier: 'v'.repeat(43) },
    { code_challenge: '', code_verifier: 'v'.repeat(43) },
    { code_challenge: undefined },
  ]) {
    const { location = '' } = await createBrowser(issuer).visit(codeRequest(issuer, changes).url);
    assert.equal(new URL(location).searchParams.get('error'), 'invalid_request', JSON.stringify(changes));
  }
});

test('A2.short, A2.verifier: a verifier of less than 43 characters is refused although it fits, and so is the challenge in its place', async (t) => {
  const server = await startTestServer(t);
  for (const [verifier, status] of [
    ['v'.repeat(42), 400],
    ['v'.repeat(129), 400],
    [`${'v'.repeat(43)} `, 400],
    ['v'.repeat(43), 200],
  ] as const) {
    const { form } = await obtainCode(server, { code_challenge: challengeOf(verifier) });
    const answer = await postForm(server, { ...form, code_verifier: verifier });
    assert.equal(answer.status, status, String(verifier.length));
  }
  const { form, verifier } = await obtainCode(server);
  assert.equal(
    (await postForm(server, { ...form, code_verifier: challengeOf(verifier) })).body['error'],
    'invalid_grant',
  );
});

test('A2.reuse: the verifier of one sign-in does not redeem the code of another', async (t) => {
  const server = await startTestServer(t);
  const [mine, injected] = [await obtainCode(server), await obtainCode(server)];
  const swapped = await postForm(server, { ...mine.form, code: injected.code });
  assert.deepEqual([swapped.status, swapped.body['error']], [400, 'invalid_grant']);
  assert.equal((await postForm(server, mine.form)).status, 200);
});

test('A4.public: every use of a public client’s refresh token gives another one, and none lives on', async (t) => {
  const server = await startTestServer(t);
  const response = await fetch(`${server.issuer}/oidc/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [REDIRECT_URI] }),
  });
  const { client_id: registered } = await response.json();
  for (const client_id of ['local-cli', registered]) {
    const seen: string[] = [];
    let { body } = await postForm(server, (await obtainCode(server, { client_id })).form);
    for (let i = 0; i < 4; i += 1) {
      const refresh_token = body['refresh_token'] ?? '';
      assert.equal(seen.includes(refresh_token), false, 'it is a new one');
      seen.push(refresh_token);
      server.advance(OVERLAP_SECONDS + 1);
      const next = await postForm(server, { grant_type: 'refresh_token', client_id, refresh_token });
      assert.equal(next.status, 200);
      body = next.body;
    }
    server.advance(OVERLAP_SECONDS + 1);
    for (const refresh_token of seen)
      assert.equal(
        (await postForm(server, { grant_type: 'refresh_token', client_id, refresh_token })).body['error'],
        'invalid_grant',
      );
  }
});
