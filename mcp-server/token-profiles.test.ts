// A token of each vendor as its documents describe it: accepted in its own profile, with client and scopes in their place,
// and refused in the standard one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createKeySource } from './auth/keys.ts';
import { createVerifier } from './auth/verify.ts';
import { createLog } from './log.ts';
import { profileOf, type TokenProfile } from './token-profiles.ts';

const RESOURCE = 'https://tools.example/mcp';

interface Dialect {
  readonly profile: TokenProfile;
  readonly issuer: string;
  readonly audience: string;
  readonly tolerated?: readonly string[];
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly client: string;
  readonly scopes: readonly string[];
}

const DIALECTS: readonly Dialect[] = [
  {
    profile: 'auth0',
    issuer: 'https://tenant.eu.auth0.com/',
    audience: RESOURCE,
    header: { typ: 'JWT' },
    claims: {
      azp: 'abc',
      gty: 'client-credentials',
      sub: 'abc@clients',
      scope: 'read:add',
      permissions: ['read:notes'],
    },
    client: 'abc',
    scopes: ['read:add', 'read:notes'],
  },
  {
    profile: 'keycloak',
    issuer: 'https://id.example/realms/tools',
    audience: RESOURCE,
    header: { typ: 'JWT' },
    claims: { typ: 'Bearer', azp: 'agent', jti: 'x', scope: 'profile read:add', realm_access: { roles: ['r'] } },
    client: 'agent',
    scopes: ['profile', 'read:add'],
  },
  {
    profile: 'entra',
    issuer: 'https://login.microsoftonline.com/8a0f/v2.0',
    audience: 'a1b2',
    header: { typ: 'JWT' },
    claims: { azp: 'c3d4', tid: '8a0f', ver: '2.0', oid: 'o', roles: ['read:add'] },
    client: 'c3d4',
    scopes: ['read:add'],
  },
  {
    profile: 'okta',
    issuer: 'https://dev.okta.com/oauth2/aus1',
    audience: RESOURCE,
    header: { typ: undefined },
    claims: { cid: '0oa1', ver: 1, jti: 'AT.x', scp: ['read:add'] },
    client: '0oa1',
    scopes: ['read:add'],
  },
  {
    profile: 'workos',
    issuer: 'https://app.authkit.app',
    audience: RESOURCE,
    header: { typ: 'JWT' },
    claims: { client_id: 'client_1', sid: 's', org_id: 'org_1', permissions: ['read:add'] },
    client: 'client_1',
    scopes: ['read:add'],
  },
  {
    profile: 'stytch',
    issuer: 'https://project.customers.stytch.com',
    audience: RESOURCE,
    tolerated: ['project-live-1'],
    header: { typ: 'JWT' },
    claims: { aud: ['project-live-1', RESOURCE], client_id: 'connected-app-1', jti: 'x', scope: 'openid read:add' },
    client: 'connected-app-1',
    scopes: ['openid', 'read:add'],
  },
];

async function verifyAs(
  profile: TokenProfile,
  { issuer, audience, tolerated = [], header, claims }: Dialect,
  change = {},
) {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const trusted = {
    issuer,
    audiences: [audience],
    toleratedAudiences: tolerated,
    profile,
    jwksUri: 'https://keys.example/jwks',
    introspection: undefined,
  };
  const { getKey } = createKeySource(trusted, {
    log: createLog({ sink: { write: () => true } }),
    fetch: async () => Response.json({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] }),
  });
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: issuer, aud: audience, sub: 'someone', iat: now, exp: now + 3600, ...claims, ...change };
  // The header is the vendor's, `typ` may be missing.
  const token = await new SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', kid: 'k', ...header } as never)
    .sign(privateKey);
  return createVerifier({ issuers: [{ issuer: trusted, keys: getKey }] })(token);
}

describe('token profiles', () => {
  for (const dialect of DIALECTS) {
    const { profile, issuer, client, scopes } = dialect;
    test(`a token of ${profile} is understood, and is known by its issuer`, async () => {
      assert.equal(profileOf(issuer), profile);
      const verdict = await verifyAs(profile, dialect);
      assert.ok(verdict.ok, JSON.stringify(verdict));
      assert.equal(verdict.principal.clientId, client);
      assert.deepEqual(verdict.principal.scopes, scopes);
    });

    test(`a token of ${profile} is refused by the standard profile, for another API, and as an ID token`, async () => {
      assert.equal((await verifyAs('rfc9068', dialect)).ok, false);
      const foreign = await verifyAs(profile, dialect, { aud: 'https://other.example' });
      assert.deepEqual([foreign.ok, !foreign.ok && foreign.fault], [false, 'audience']);
      const idToken = await verifyAs(profile, dialect, { nonce: 'n' });
      assert.deepEqual([idToken.ok, !idToken.ok && idToken.fault], [false, 'type']);
    });
  }

  test('an audience that may stand beside ours is not enough by itself', async () => {
    const [stytch] = DIALECTS.filter(({ profile }) => profile === 'stytch');
    assert.ok(stytch);
    assert.equal((await verifyAs('stytch', stytch, { aud: ['project-live-1'] })).ok, false);
  });

  test('every other issuer gets the standard profile, look-alikes too', () => {
    for (const issuer of [
      'https://id.example',
      'https://auth0.com.evil.example/',
      'https://evilokta.com',
      'http://localhost:8001',
    ])
      assert.equal(profileOf(issuer), 'rfc9068', issuer);
  });
});
