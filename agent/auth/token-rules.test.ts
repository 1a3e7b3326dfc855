import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audienceOf } from './token-rules.ts';

const RESOURCE = 'https://tools.example/mcp';
const LOCAL = { kind: 'local-client', file: 'none' } as const;
const LOGIN = {
  kind: 'login',
  method: 'authorization-code',
  issuer: 'https://id.example',
  clientId: 'known',
  authentication: { kind: 'none' },
  audience: 'configured',
} as const;
const at = (issuer: string, endpoint: string) => ({ issuer, token_endpoint: endpoint });

test('the audience that is configured goes to the issuer that it is configured for', () => {
  assert.equal(audienceOf(LOGIN, at('https://id.example', 'https://id.example/token'), RESOURCE), 'configured');
  assert.equal(audienceOf(LOGIN, at('https://other.example', 'https://other.example/token'), RESOURCE), undefined);
  assert.equal(
    audienceOf(
      { ...LOGIN, issuer: undefined, clientId: undefined },
      at('https://other.example', 'https://other.example/token'),
      RESOURCE,
    ),
    'configured',
  );
});

test('the resource is the audience where the issuer does as Auth0 does, and nowhere else', () => {
  assert.equal(audienceOf(LOCAL, at('https://t.auth0.com/', 'https://t.auth0.com/oauth/token'), RESOURCE), RESOURCE);
  for (const [issuer, endpoint] of [
    ['https://id.example', 'https://id.example/oauth/token'],
    ['https://id.example/', 'https://id.example/token'],
    ['https://id.example/', 'https://other.example/oauth/token'],
  ] as const)
    assert.equal(audienceOf(LOCAL, at(issuer, endpoint), RESOURCE), undefined, `${issuer} ${endpoint}`);
});
