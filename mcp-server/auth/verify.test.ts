import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { base64url, exportJWK, generateKeyPair, type JSONWebKeySet, type JWTHeaderParameters, SignJWT } from 'jose';
import { createLog } from '../log.ts';
import { TOKEN_PROFILES, type TokenProfile } from '../token-profiles.ts';
import { createKeySource } from './keys.ts';
import { createVerifier } from './verify.ts';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'http://localhost:8000/mcp';
const NOW_SECONDS = 1_800_000_000;
const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 's',
  client_id: 'c',
  azp: 'c',
  cid: 'c',
  jti: 'j',
  iat: NOW_SECONDS,
  exp: NOW_SECONDS + 300,
};

describe('the verifier', () => {
  let privateKey: CryptoKey;
  let keySet: JSONWebKeySet;
  before(async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    privateKey = pair.privateKey;
    keySet = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }] };
  });

  function createTestVerifier(profile: TokenProfile = 'rfc9068', keys: unknown = keySet) {
    const issuer = {
      issuer: ISSUER,
      audiences: [AUDIENCE],
      toleratedAudiences: [],
      profile,
      jwksUri: `${ISSUER}/keys`,
      introspection: undefined,
    } as const;
    const { getKey } = createKeySource(issuer, {
      log: createLog({ sink: { write: () => true } }),
      fetch: async () => Response.json(keys),
    });
    return createVerifier({ issuers: [{ issuer, keys: getKey }], now: () => NOW_SECONDS * 1_000 });
  }
  const sign = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
    // A header may be wrong on purpose.
    new SignJWT({ ...CLAIMS, ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'k', ...header } as JWTHeaderParameters)
      .sign(privateKey);
  const faultOf = async (token: string, verify = createTestVerifier()) => {
    const verdict = await verify(token);
    return verdict.ok ? undefined : verdict.fault;
  };

  test('R2.expired, R2.nbf, R2.iat: holds the tolerance of five seconds to the second', async () => {
    for (const [claims, fault] of [
      [{ exp: NOW_SECONDS - 5 }, 'expired'],
      [{ exp: NOW_SECONDS - 4 }, undefined],
      [{ nbf: NOW_SECONDS + 6 }, 'not_yet_valid'],
      [{ nbf: NOW_SECONDS + 5 }, undefined],
      [{ iat: NOW_SECONDS + 6 }, 'not_yet_valid'],
      [{ iat: NOW_SECONDS + 5 }, undefined],
    ] as const)
      assert.equal(await faultOf(await sign(claims)), fault, JSON.stringify(claims));
  });

  test('R2.id-token: refuses an ID token in every profile, also in those that take typ JWT', async () => {
    for (const profile of TOKEN_PROFILES)
      for (const [claims, fault] of [
        [{ aud: 'c' }, 'audience'],
        [{ aud: ['c', AUDIENCE] }, 'audience'],
        [{ nonce: 'n' }, 'type'],
        [{ at_hash: 'h' }, 'type'],
        [{ c_hash: 'h' }, 'type'],
      ] as const) {
        const token = await sign(claims, { typ: profile === 'rfc9068' ? 'at+jwt' : 'JWT' });
        assert.equal(await faultOf(token, createTestVerifier(profile)), fault, `${profile} ${JSON.stringify(claims)}`);
      }
  });

  test('R7.short-rsa, R7.enc: a published key that cannot verify is said to be the reason, and nothing is thrown', async () => {
    const [key = {}] = keySet.keys;
    for (const changes of [{ n: 'AQAB' }, { n: undefined }, { use: 'enc' }, { key_ops: ['encrypt'] }]) {
      const keys = { keys: [{ ...key, ...changes }] };
      assert.equal(
        await faultOf(await sign(), createTestVerifier('rfc9068', keys)),
        'unknown_key',
        JSON.stringify(changes),
      );
    }
    assert.equal(await faultOf(await sign()), undefined);
  });

  test('throws for no header and no payload that JSON can write, and accepts none without a signature', async () => {
    const verify = createTestVerifier();
    const name = fc.constantFrom(
      'alg',
      'kid',
      'typ',
      'crit',
      'b64',
      'jwk',
      'jku',
      'x5c',
      'x5u',
      'enc',
      'zip',
      'cty',
      'epk',
    );
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('RS256', 'none', 'HS256', 'ES256', 'k', 'at+jwt', 'JWT'));
    const header = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(name, value).map((changes) => ({ alg: 'RS256', typ: 'at+jwt', kid: 'k', ...changes })),
    );
    const claim = fc.constantFrom(...Object.keys(CLAIMS), 'nbf', 'cnf', 'scope', '__proto__', 'constructor');
    const payload = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(claim, fc.jsonValue()).map((changes) => ({ ...CLAIMS, ...changes })),
    );
    const encode = (part: unknown) => base64url.encode(JSON.stringify(part) ?? '');
    const signature = fc.constantFrom('', 'AAAA', 'A'.repeat(342), '.', '.a.b');
    await fc.assert(
      fc.asyncProperty(header, payload, signature, async (head, body, end) => {
        assert.equal((await verify(`${encode(head)}.${encode(body)}.${end}`)).ok, false);
      }),
      { numRuns: 1_000 },
    );
  });

  test('takes no signed claims of a wrong shape, in any profile, and throws for none', async () => {
    const shapes = fc.oneof(fc.constantFrom(null, true, 0, '', [], {}), fc.jsonValue());
    const required = fc.constantFrom('iss', 'aud', 'sub', 'exp', 'iat');
    for (const profile of TOKEN_PROFILES) {
      const verify = createTestVerifier(profile);
      assert.equal((await verify(await sign())).ok, true, profile);
      await fc.assert(
        fc.asyncProperty(required, shapes, async (claim, shape) => {
          // What happens to be right is not wrong: a text as subject, a number as time.
          fc.pre(!(claim === 'sub' && typeof shape === 'string' && shape !== ''));
          fc.pre(!(['iat', 'exp'].includes(claim) && typeof shape === 'number'));
          assert.equal((await verify(await sign({ [claim]: shape }))).ok, false, `${profile} ${claim}`);
        }),
        { numRuns: 60 },
      );
    }
  });
});
