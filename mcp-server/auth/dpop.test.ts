import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { createProofCheck } from './dpop.ts';

const URL_OF_RESOURCE = 'http://localhost:8000/mcp';
const TOKEN = 'header.payload.signature';
const NOW_SECONDS = 1_800_000_000;

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly thumbprint: string;
}

async function createKey(): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

function sign(key: Key, claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
  return new SignJWT({
    jti: randomUUID(),
    htm: 'POST',
    htu: URL_OF_RESOURCE,
    iat: NOW_SECONDS,
    ath: createHash('sha256').update(TOKEN).digest('base64url'),
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.jwk, ...header })
    .sign(key.privateKey);
}

describe('the check of DPoP proofs', () => {
  let key: Key;
  let other: Key;
  before(async () => {
    [key, other] = await Promise.all([createKey(), createKey()]);
  });
  const request = (proof: string | null, changes: Record<string, string> = {}) => ({
    proof,
    method: 'POST',
    url: URL_OF_RESOURCE,
    token: TOKEN,
    keyThumbprint: key.thumbprint,
    ...changes,
  });

  test('a proof of the right key for this request and token is good, once', async () => {
    const check = createProofCheck(() => NOW_SECONDS * 1_000);
    const proof = await sign(key, { htu: `${URL_OF_RESOURCE}?session=1#x` });
    assert.deepEqual(await check(request(proof)), { ok: true });
    assert.match(JSON.stringify(await check(request(proof))), /used before/);
  });

  test('of several uses of one proof at the same time one is good', async () => {
    const check = createProofCheck(() => NOW_SECONDS * 1_000);
    const proof = await sign(key);
    const verdicts = await Promise.all([1, 2, 3, 4].map(() => check(request(proof))));
    assert.equal(verdicts.filter(({ ok }) => ok).length, 1);
  });

  test('a proof that is wrong in one way is refused for that', async () => {
    const check = createProofCheck(() => NOW_SECONDS * 1_000);
    const { jwk, privateKey } = key;
    const cases: [RegExp, string | null, Record<string, string>?][] = [
      [/no DPoP header/, null],
      [/./, 'nonsense'],
      [/./, `${await sign(key)}, ${await sign(key)}`],
      [/longer than/, 'x'.repeat(5_000)],
      [/another key/, await sign(other)],
      [/signature/, await sign({ ...other, jwk })],
      [/htm/, await sign(key, { htm: 'GET' })],
      [/htm/, await sign(key), { method: 'DELETE' }],
      [/htu/, await sign(key, { htu: 'http://localhost:8000/other' })],
      [/htu/, await sign(key, { htu: 'https://localhost:8000/mcp' })],
      [/htu/, await sign(key, { htu: 'http://evil.test/mcp' })],
      [/htu/, await sign(key, { htu: 'mcp' })],
      [/htu/, await sign(key, { htu: undefined })],
      [/ath/, await sign(key, { ath: undefined })],
      [/ath/, await sign(key), { token: 'another.access.token' }],
      [/jti/, await sign(key, { jti: undefined })],
      [/jti/, await sign(key, { jti: 'x'.repeat(300) })],
      [/iat/, await sign(key, { iat: NOW_SECONDS - 61 })],
      [/iat/, await sign(key, { iat: NOW_SECONDS + 61 })],
      [/iat/, await sign(key, { iat: undefined })],
      [/typ/, await sign(key, {}, { typ: 'JWT' })],
      [/./, await sign(key, {}, { jwk: undefined })],
      [/./, await sign({ ...key, jwk: await exportJWK(privateKey) })],
    ];
    for (const [reason, proof, changes] of cases) {
      const verdict = await check(request(proof, changes));
      assert.equal(verdict.ok, false, String(reason));
      assert.match(verdict.ok ? '' : verdict.reason, reason);
    }
  });

  test('a flood of proofs costs memory of a fixed size, and lets none be used twice', async () => {
    let nowMs = NOW_SECONDS * 1_000;
    const check = createProofCheck(() => nowMs, 3);
    const first = await sign(key);
    assert.equal((await check(request(first))).ok, true);
    nowMs += 2_000;
    for (let i = 0; i < 3; i += 1)
      assert.equal((await check(request(await sign(key, { iat: NOW_SECONDS + 2 })))).ok, true);
    assert.match(JSON.stringify(await check(request(first))), /flood/);
    assert.equal((await check(request(await sign(key, { iat: NOW_SECONDS + 2 })))).ok, true);
  });

  test('a key that is none is refused, whatever the crypto library makes of it, and nothing is thrown', async () => {
    const check = createProofCheck(() => NOW_SECONDS * 1_000);
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('EC', 'RSA', 'OKP', 'P-256', 'Ed25519', 'X25519', 'AQAB', 'x'.repeat(43), 'sig', 'ES256'),
    );
    const member = fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'd', 'alg', 'use', 'key_ops', 'ext', 'k');
    const jwk = fc.oneof(fc.jsonValue(), fc.dictionary(member, value));
    const alg = fc.constantFrom('ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256', 'none', 'HS256');
    // Found by an attack: WebCrypto's own exception came through.
    const known = [
      { kty: 'OKP', crv: 'Ed25519', x: 'AQAB' },
      { kty: 'EC', crv: 'X25519', x: 'ES256', y: 'x' },
    ];
    const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const verdictOf = (key: unknown, algorithm: string) =>
      check(request(`${encode({ alg: algorithm, typ: 'dpop+jwt', jwk: key })}.${encode({})}.AAAA`));
    for (const key of known)
      for (const algorithm of ['ES256', 'EdDSA', 'Ed25519']) assert.equal((await verdictOf(key, algorithm)).ok, false);
    await fc.assert(
      fc.asyncProperty(jwk, alg, async (key, algorithm) => assert.equal((await verdictOf(key, algorithm)).ok, false)),
      { numRuns: 500 },
    );
  });
});
