import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerAuth } from './server-auth.ts';

function parse(auth: Readonly<Record<string, unknown>>, variables: Readonly<Record<string, string>> = {}) {
  const faults: string[] = [];
  return { auth: parseServerAuth(auth, variables, (key, expected) => faults.push(`${key}: ${expected}`)), faults };
}

test('a server can have a machine client of its own', () => {
  const { auth, faults } = parse({ issuer: 'https://id.example.com', client_id: 'ci', client_secret: 's3cret' });
  assert.deepEqual(faults, []);
  assert.deepEqual(auth, {
    credential: {
      kind: 'client-credentials',
      issuer: 'https://id.example.com',
      clientId: 'ci',
      authentication: { kind: 'secret', secret: 's3cret' },
      audience: undefined,
    },
    login: {},
  });
});

test('a profile alone leaves the client as it is everywhere', () => {
  assert.deepEqual(parse({ profile: 'alice' }).auth, { credential: undefined, login: { profile: 'alice' } });
  assert.deepEqual(parse({ dpop: 'required' }).auth, { credential: undefined, login: { isProofRequired: true } });
});

test('a person can be asked to sign in, with or without a client that is registered', () => {
  assert.equal(parse({ grant: 'authorization-code' }).auth?.credential?.kind, 'login');
  const device = parse({ grant: 'device-code', issuer: 'https://id.example.com', client_id: 'cli' });
  assert.deepEqual([device.faults, device.auth?.credential?.kind], [[], 'login']);
});

test("without an issuer it changes what the environment says, and the secret stays with the environment's issuer", () => {
  const ours = { AUTH_ISSUER: 'https://env.example', AUTH_CLIENT_ID: 'env', AUTH_CLIENT_SECRET: 's3cret' };
  const { auth, faults } = parse({ audience: 'https://b.example/api' }, ours);
  assert.deepEqual(faults, []);
  assert.deepEqual(auth?.credential, {
    kind: 'client-credentials',
    issuer: 'https://env.example',
    clientId: 'env',
    authentication: { kind: 'secret', secret: 's3cret' },
    audience: 'https://b.example/api',
  });
  const auth0 = {
    AUTH0_DOMAIN: 'tenant.eu.auth0.com',
    AUTH0_AUDIENCE: 'http://localhost:8000/mcp',
    AUTH0_CLIENT_ID: 'id',
    AUTH0_CLIENT_SECRET: 's3cret',
  };
  const tenant = parse({ audience: 'https://b.example/api' }, auth0).auth?.credential;
  assert.ok(tenant?.kind === 'client-credentials');
  assert.deepEqual([tenant.issuer, tenant.audience], ['https://tenant.eu.auth0.com/', 'https://b.example/api']);
  const own = parse({ issuer: 'https://id.example', client_id: 'own', client_secret: 'other' }, ours).auth?.credential;
  assert.doesNotMatch(JSON.stringify(own), /env|s3cret/);
});

test('each fault names the key of the file and what was expected, never the secret that came', () => {
  const cases: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ clientid: 'x' }, /^clientid: one of grant, issuer, client_id/],
    [{ issuer: 'http://id.example.com' }, /^issuer: an https URL/],
    [{ client_id: 'ci', client_secret: 's3cret' }, /^issuer: a value, because client_id, client_secret are set/],
    [{ grant: 'password' }, /^grant: one of client-credentials/],
    [{ grant: 'client-credentials' }, /^issuer: the issuer for grant=client-credentials/],
    [{ redirect_uri: 'https://evil.example/callback' }, /^redirect_uri: an http URL on loopback/],
    [{ profile: '../x' }, /^profile: a name of letters/],
    [{ client_secret: ['s3cret'] }, /^client_secret: /],
  ];
  for (const [auth, expected] of cases) {
    const { auth: parsed, faults } = parse(auth);
    assert.equal(parsed, undefined);
    assert.match(faults.join('\n'), expected);
    assert.doesNotMatch(faults.join('\n'), /s3cret/);
  }
});
