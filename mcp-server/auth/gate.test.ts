import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createLog } from '../log.ts';
import { admit, authInfoOf } from './gate.ts';
import { createKeySource } from './keys.ts';
import { createVerifier } from './verify.ts';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'http://localhost:8000/mcp';

async function setUp() {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const foreign = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' };
  const trusted = {
    issuer: ISSUER,
    audiences: [AUDIENCE],
    toleratedAudiences: [],
    profile: 'rfc9068',
    jwksUri: `${ISSUER}/keys`,
    introspection: undefined,
  } as const;
  const { getKey } = createKeySource(trusted, {
    log: createLog({ sink: { write: () => true } }),
    fetch: async () => Response.json({ keys: [jwk] }),
  });
  const verify = createVerifier({ issuers: [{ issuer: trusted, keys: getKey }] });
  const sign = (claims: Record<string, unknown>, header: Record<string, unknown> = {}, key = privateKey) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'k', ...header }).sign(key);
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 's',
    client_id: 'c',
    jti: 'j',
    iat: now,
    exp: now + 300,
    scope: '',
  };
  return { verify, sign, claims, good: await sign(claims), foreignKey: foreign.privateKey };
}

const request = (authorization: string) => {
  const headers = new Headers();
  // What a header may not hold cannot arrive in one.
  try {
    headers.set('authorization', authorization);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return undefined;
  }
  return new Request(AUDIENCE, { headers });
};

describe('the gate', () => {
  test('lets the correct token in', async () => {
    const { verify, good } = await setUp();
    assert.equal(
      (await admit(new Request(AUDIENCE, { headers: { authorization: `Bearer ${good}` } }), verify)).ok,
      true,
    );
  });

  test('R9.tool, S4: gives tools the principal and never the token', async () => {
    const { verify, good } = await setUp();
    const admission = await admit(new Request(AUDIENCE, { headers: { authorization: `Bearer ${good}` } }), verify);
    assert.ok(admission.ok);
    const authInfo = authInfoOf(admission, AUDIENCE, `${AUDIENCE}/metadata`, 'request-1');
    assert.equal(authInfo.token, '');
    assert.doesNotMatch(JSON.stringify(authInfo), /eyJ/);
  });

  test('no generated Authorization header gets past, none crashes it', async () => {
    const { verify, good } = await setUp();
    const pieces = good.split('.');
    const token = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.base64String(),
      fc
        .array(fc.constantFrom(...pieces, '', 'e30', good.slice(5)), { minLength: 1, maxLength: 6 })
        .map((parts) => parts.join('.')),
      fc
        .tuple(fc.nat(good.length - 1), fc.constantFrom('A', 'b', '_', '-'))
        .map(([at, character]) => good.slice(0, at) + character + good.slice(at + 1)),
    );
    const header = fc.oneof(
      fc.string(),
      token.map((text) => `Bearer ${text}`),
      token.map((text) => `bearer  ${text}`),
    );
    await fc.assert(
      fc.asyncProperty(header, async (text) => {
        fc.pre(text.replace(/^bearer +/i, '') !== good);
        const sent = request(text);
        // The last bits of a base64url signature are padding: another spelling of the very same bytes is the same token.
        fc.pre(!sent || !isSameSignature(text, good));
        if (sent) assert.equal((await admit(sent, verify)).ok, false);
      }),
      { numRuns: 500 },
    );
  });

  test('no generated claims or header get past when anything that matters is off', async () => {
    const { verify, sign, claims, foreignKey } = await setUp();
    const wrong = fc.oneof(
      fc.record({ iss: fc.jsonValue() }),
      fc.record({ aud: fc.jsonValue() }),
      fc.record({ exp: fc.oneof(fc.string(), fc.constant(null), fc.integer({ max: 1_000_000 })) }),
      fc.record({ sub: fc.constantFrom(null, 0, '', [], {}) }),
      fc.record({ client_id: fc.constantFrom(null, 0, '', [], {}) }),
      fc.record({ scope: fc.oneof(fc.array(fc.string()), fc.integer(), fc.dictionary(fc.string(), fc.string())) }),
    );
    await fc.assert(
      fc.asyncProperty(wrong, async (change) => {
        const changed: Record<string, unknown> = { ...claims, ...change };
        fc.pre(changed['iss'] !== ISSUER || changed['aud'] !== AUDIENCE || !('iss' in change || 'aud' in change));
        const verdict = await verify(await sign(changed));
        assert.equal(verdict.ok, false);
      }),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (extra) => {
        assert.equal((await verify(await sign({ ...extra, ...claims }, {}, foreignKey))).ok, false);
        const unsigned = [
          { alg: 'none', ...extra },
          { ...claims, ...extra },
        ].map((part) => base64url.encode(JSON.stringify(part)));
        assert.equal((await verify(`${unsigned.join('.')}.`)).ok, false);
      }),
      { numRuns: 100 },
    );
  });
});

function isSameSignature(header: string, good: string): boolean {
  const bytes = (token: string) => Buffer.from(token.split('.')[2] ?? '', 'base64url');
  const token = header.replace(/^bearer +/i, '');
  const head = (text: string) => text.split('.').slice(0, 2).join('.');
  return head(token) === head(good) && bytes(token).equals(bytes(good));
}
