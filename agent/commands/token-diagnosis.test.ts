// Tokens that are wrong in one way each, and what is said about it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnoseToken, type Expectation } from './token-diagnosis.ts';

const NOW_SECONDS = 1_800_000_000;
const EXPECTED: Expectation = {
  resource: 'http://localhost:8000/mcp',
  issuers: ['https://id.example'],
  scopes: ['read:add'],
  nowMs: NOW_SECONDS * 1000,
  grant: 'authorization-code',
  loginCommand: 'npm run -s agent -- mcp login local',
};
const GOOD = {
  iss: 'https://id.example',
  aud: 'http://localhost:8000/mcp',
  iat: NOW_SECONDS - 60,
  exp: NOW_SECONDS + 600,
  scope: 'read:add',
  sub: 'somebody-in-particular',
};

function tokenOf(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part({ ...GOOD, ...claims })}.signature`;
}

function diagnose(token: string, expected = EXPECTED): string {
  return diagnoseToken(token, expected)
    .map(({ state, text }) => `${state}: ${text}`)
    .join('\n');
}

test('a token that is right is called so', () => {
  assert.match(diagnose(tokenOf({})), /^ok: issuer, audience and times/);
  assert.match(diagnose(tokenOf({ aud: ['other', GOOD.aud] })), /^ok/);
});

test('each misconfiguration is named', () => {
  const cases: readonly [Record<string, unknown>, RegExp][] = [
    [{ iss: 'https://id.example/' }, /problem: its issuer is .* a slash at the end makes another issuer/],
    [{ iss: 'https://evil.example' }, /problem: its issuer is "https:\/\/evil.example"/],
    [{ iss: undefined }, /problem: it names no issuer/],
    [{ aud: undefined }, /problem: it names no audience/],
    [{ aud: 'http://localhost:8000/mcp/' }, /problem: its audience is .* a slash at the end/],
    [{ aud: 'http://127.0.0.1:8000/mcp' }, /problem: .* the same machine, another name/],
    [{ aud: 'https://id.example/userinfo' }, /problem: .* the issuer itself/],
    [{ aud: 'https://api.example' }, /problem: .* ignored the resource that was asked for/],
    [{ exp: NOW_SECONDS - 300 }, /problem: it expired 5 min ago/],
    [{ exp: undefined }, /warning: it says of no time/],
    [{ iat: NOW_SECONDS + 600 }, /problem: it was issued 10 min from now/],
    [{ nbf: NOW_SECONDS + 45 }, /problem: it was issued 45 s from now/],
    [{ scope: '', permissions: ['read:add'] }, /warning: read:add stand in permissions, not in scope/],
    [{ scope: 'other' }, /warning: it lacks read:add/],
  ];
  for (const [claims, expected] of cases) assert.match(diagnose(tokenOf(claims)), expected, JSON.stringify(claims));
});

test('a lack of scopes comes with the way to them, by who holds the token', () => {
  const adviceFor = (grant: Expectation['grant'], scope = 'write:notes') =>
    diagnoseToken(tokenOf({}), { ...EXPECTED, scopes: ['read:add', scope], grant })
      .map(({ advice }) => advice)
      .join('');
  const command = /npm run -s agent -- mcp login local --scope "write:notes"$/;
  assert.match(adviceFor('authorization-code'), /^Sign in for them too: /);
  assert.match(adviceFor('authorization-code'), command);
  assert.match(adviceFor('client-credentials'), /^The issuer is asked for them when a tool needs them\. .* sign in: /);
  assert.match(adviceFor('client-credentials'), command);
  // It takes the place of a login: first it has to go.
  assert.match(
    adviceFor('pre-issued'),
    /^Set MCP_BEARER_TOKEN to a token that carries them, or unset it and sign in: /,
  );
  assert.match(adviceFor('pre-issued'), command);
  // The server's word, and people copy the line into a shell.
  assert.match(adviceFor('authorization-code', '$(reboot)'), /mcp login local$/);
});

test('small differences of clocks are not worth a word', () => {
  assert.match(diagnose(tokenOf({ iat: NOW_SECONDS + 20 })), /^ok/);
});

test('problems come before warnings', () => {
  const [first] = diagnoseToken(tokenOf({ scope: '', exp: NOW_SECONDS - 1 }), EXPECTED);
  assert.equal(first?.state, 'problem');
});

test('a token that cannot be read is called opaque, and one that is encrypted so', () => {
  assert.match(diagnose('AbCdEf123456'), /warning: the issuer gave an opaque token/);
  assert.match(diagnose('a.b.c.d.e'), /warning: the issuer gave an encrypted token/);
  assert.match(diagnose('a.b.c'), /opaque/);
});

test('no part of a token stands in what is said about it', () => {
  for (const token of [tokenOf({ iss: 'https://evil.example', aud: 'x' }), 'opaque-secret-token']) {
    const said = JSON.stringify(diagnoseToken(token, EXPECTED));
    for (const part of [...token.split('.'), 'somebody-in-particular']) assert.ok(!said.includes(part), part);
  }
});
