// A token wrong in exactly one way for each check, over real HTTP, against an issuer that is not ours.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { base64url, CompactEncrypt, generateKeyPair, importJWK, SignJWT } from 'jose';
import { callTool, startTestServer, type TestServer } from './support/mcp-server.ts';
import { createSigningIssuer, type SigningIssuer } from './support/signing-issuer.ts';

const AUDIENCE = 'http://localhost:8000/mcp';
const nowSeconds = () => Math.floor(Date.now() / 1000);

describe('the MCP server takes a token of a configured third-party issuer', () => {
  let issuer: SigningIssuer;
  let server: TestServer;

  before(async () => {
    issuer = await createSigningIssuer(AUDIENCE);
    server = await startTestServer({ AUTH_ISSUER: issuer.issuer, AUTH_AUDIENCE: AUDIENCE });
  });
  after(async () => {
    await server.close();
    await issuer.close();
  });

  const call = (token: string | undefined, headers?: Record<string, string>) =>
    callTool(server.url, token, 'add', { a: 2, b: 40 }, headers);
  const lastRefusal = () => server.log().findLast(({ event }) => event === 'request-refused');
  const assertRefused = async (token: string, reason: string) => {
    const response = await call(token);
    assert.equal(response.status, 401);
    const challenge = response.headers.get('www-authenticate') ?? '';
    assert.match(
      challenge,
      /^Bearer error="invalid_token", error_description="[^"]+", scope="read:add", resource_metadata="/,
    );
    assert.deepEqual(Object.keys(await response.json()), ['error', 'error_description']);
    assert.equal(lastRefusal()?.['reason'], reason);
  };

  test('accepts the correct one and answers 42', async () => {
    const response = await call(await issuer.sign());
    assert.equal(response.status, 200);
    assert.match(await response.text(), /"structuredContent":\{"result":42\}/);
  });

  test('accepts the other loopback spellings of its audience', async () => {
    for (const host of ['127.0.0.1', '[::1]'])
      assert.equal((await call(await issuer.sign({ aud: `http://${host}:8000/mcp` }))).status, 200);
  });

  test('accepts an audience array of the resource and the issuer’s userinfo', async () => {
    assert.equal((await call(await issuer.sign({ aud: [AUDIENCE, `${issuer.issuer}/userinfo`] }))).status, 200);
  });

  test('R1.foreign-key: refuses a signature by another key under the same kid', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    await assertRefused(await issuer.sign({}, {}, privateKey), 'signature');
  });

  test('R1.tampered: refuses a payload that was changed after signing', async () => {
    const [header, , signature] = (await issuer.sign({ scope: '' })).split('.');
    const [, changed] = (await issuer.sign()).split('.');
    await assertRefused(`${header}.${changed}.${signature}`, 'signature');
  });

  test('R1.truncated: refuses a token cut short, at any place', async () => {
    const token = await issuer.sign();
    await assertRefused(token.slice(0, -4), 'signature');
    await assertRefused(token.slice(0, token.lastIndexOf('.')), 'not_a_jwt');
    await assertRefused(token.slice(0, 40), 'not_a_jwt');
  });

  test('R1.none: refuses alg none in any spelling, with and without a signature', async () => {
    const [, payload, signature] = (await issuer.sign()).split('.');
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      const header = base64url.encode(JSON.stringify({ alg, typ: 'at+jwt' }));
      for (const end of ['', signature]) {
        // A token without any signature part is no JWT; one with an algorithm that is none is refused for that.
        await assertRefused(`${header}.${payload}.${end}`, alg === '' ? 'not_a_jwt' : 'algorithm');
      }
    }
  });

  test('R1.confusion: refuses HS256 with the public key as the secret', async () => {
    const [, payload] = (await issuer.sign()).split('.');
    const claims = JSON.parse(new TextDecoder().decode(base64url.decode(payload ?? '')));
    const key = createPublicKey({ key: issuer.publicJwk(), format: 'jwk' });
    const secrets = [
      JSON.stringify(issuer.publicJwk()),
      String(key.export({ type: 'spki', format: 'pem' })),
      String(key.export({ type: 'pkcs1', format: 'pem' })),
      key.export({ type: 'spki', format: 'der' }),
      issuer.publicJwk().n ?? '',
    ];
    for (const secret of secrets)
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        const confused = await new SignJWT(claims)
          .setProtectedHeader({ alg, typ: 'at+jwt', kid: issuer.publicJwk().kid ?? '' })
          .sign(Buffer.from(secret));
        await assertRefused(confused, 'algorithm');
      }
  });

  test('R1.crit: refuses a critical header that it does not know', async () => {
    await assertRefused(await issuer.signCritical(), 'not_a_jwt');
  });

  test('R1.key-header: does not follow jku, x5u and jwk', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const { exportJWK } = await import('jose');
    const before = issuer.requests().length;
    const jwk = { ...(await exportJWK(publicKey)), kid: 'own' };
    for (const header of [
      { jwk },
      { jku: `${issuer.issuer}/evil-keys` },
      { x5u: `${issuer.issuer}/evil-cert` },
      { x5c: ['MIIBevil'], 'x5t#S256': 'evil' },
    ]) {
      await assertRefused(await issuer.sign({}, header, privateKey), 'signature');
      await assertRefused(await issuer.sign({}, { ...header, kid: 'own' }, privateKey), 'unknown_key');
    }
    assert.deepEqual(
      issuer
        .requests()
        .slice(before)
        .filter((path) => path.includes('evil')),
      [],
    );
  });

  test('R1.jwe: refuses an encrypted token', async () => {
    const key = await importJWK({ ...issuer.publicJwk(), alg: 'RSA-OAEP-256', use: 'enc' });
    const encrypted = await new CompactEncrypt(new TextEncoder().encode(await issuer.sign()))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT' })
      .encrypt(key);
    await assertRefused(encrypted, 'not_a_jwt');
  });

  test('R1.nested: refuses a token inside a token', async () => {
    await assertRefused(await issuer.signText(await issuer.sign()), 'not_a_jwt');
  });

  test('R1.size: refuses a token over 8 KB before it is parsed', async () => {
    await assertRefused(await issuer.sign({ padding: 'x'.repeat(8_192) }), 'too_large');
  });

  test('R1.non-ascii: refuses characters outside of the grammar', async () => {
    const good = await issuer.sign();
    for (const token of ['a,b', 'a b', '"a"', 'a%20b', 'a;b', 'té', `${good}é`, `${good}\u00a0`, `${good}\u0080`]) {
      const response = await call(token);
      assert.equal(response.status, 400, token.slice(0, 10));
      assert.match(
        response.headers.get('www-authenticate') ?? '',
        /^Bearer error="invalid_request", error_description="[^"]+", scope="read:add", resource_metadata="/,
      );
    }
    assert.throws(() => new Headers({ authorization: 'Bearer t\u0000' }), 'what a header cannot hold cannot come');
  });

  test('R2.issuer: refuses another issuer, also one that differs by a slash only', async () => {
    for (const iss of ['https://issuer.example', `${issuer.issuer}/`, issuer.issuer.toUpperCase(), '', undefined])
      await assertRefused(await issuer.sign({ iss }), 'issuer');
  });

  test('R2.audience, S3: refuses another audience', async () => {
    for (const aud of ['https://api.example', 'http://localhost:8000', AUDIENCE.toUpperCase(), [], ''])
      await assertRefused(await issuer.sign({ aud }), 'audience');
  });

  test('R2.audience-prefix: refuses an audience that begins like ours', async () => {
    for (const aud of [`${AUDIENCE}/`, `${AUDIENCE}-evil`, `${AUDIENCE}?x`, `${AUDIENCE}#x`])
      await assertRefused(await issuer.sign({ aud }), 'audience');
  });

  test('R2.audience-list: refuses a token that is also good for another API', async () => {
    await assertRefused(await issuer.sign({ aud: [AUDIENCE, 'https://api.example'] }), 'audience');
    await assertRefused(await issuer.sign({ aud: [`${issuer.issuer}/userinfo`] }), 'audience');
  });

  test('R2.no-audience: refuses a token without audience', async () => {
    await assertRefused(await issuer.sign({ aud: undefined }), 'audience');
  });

  test('R2.expired: refuses an expired token, beyond five seconds of tolerance', async () => {
    await assertRefused(await issuer.sign({ iat: nowSeconds() - 600, exp: nowSeconds() - 6 }), 'expired');
    assert.equal((await call(await issuer.sign({ iat: nowSeconds() - 600, exp: nowSeconds() - 1 }))).status, 200);
  });

  test('R2.no-exp: refuses a token without exp', async () => {
    await assertRefused(await issuer.sign({ exp: undefined }), 'claim');
  });

  test('R2.exp-shape: refuses exp as a string, and one that is ages away', async () => {
    // The type of a claim is what is wrong here.
    for (const exp of [String(nowSeconds() + 300) as unknown as number, 4_000_000_000, 1e300])
      await assertRefused(await issuer.sign({ exp }), 'claim');
  });

  test('R2.nbf: refuses a token that is not valid yet', async () => {
    await assertRefused(await issuer.sign({ nbf: nowSeconds() + 60 }), 'not_yet_valid');
  });

  test('R2.iat: refuses a token from the future', async () => {
    await assertRefused(await issuer.sign({ iat: nowSeconds() + 60 }), 'not_yet_valid');
  });

  test('R2.id-token: refuses an ID token, whatever it calls itself', async () => {
    await assertRefused(await issuer.sign({ nonce: 'n' }), 'type');
    for (const claim of ['at_hash', 'c_hash']) await assertRefused(await issuer.sign({ [claim]: 'h' }), 'type');
    await assertRefused(await issuer.sign({ aud: 'client-1', nonce: 'n' }, { typ: 'JWT' }), 'audience');
    await assertRefused(await issuer.sign({ aud: AUDIENCE, nonce: 'n' }, { typ: 'JWT' }), 'type');
  });

  test('R2.refresh-token: refuses a refresh token, opaque or not', async () => {
    await assertRefused('v1.refresh-token-of-some-issuer', 'not_a_jwt');
    await assertRefused(await issuer.sign({ aud: issuer.issuer }, { typ: 'rt+jwt' }), 'audience');
    await assertRefused(await issuer.sign({}, { typ: 'rt+jwt' }), 'type');
  });

  test('R2.type: refuses a type that is not an access token’s', async () => {
    for (const typ of ['JWT', 'dpop+jwt', 'logout+jwt', undefined])
      await assertRefused(await issuer.sign({}, { typ }), 'type');
    assert.equal((await call(await issuer.sign({}, { typ: 'application/at+jwt' }))).status, 200);
  });

  test('refuses a token that lacks sub, client_id or jti', async () => {
    for (const claim of ['sub', 'client_id', 'jti'])
      await assertRefused(await issuer.sign({ [claim]: undefined }), 'claim');
    await assertRefused(await issuer.sign({ sub: '' }), 'claim');
  });

  test('refuses an opaque token, and says in the log what that often means', async () => {
    await assertRefused('opaque-token', 'not_a_jwt');
    assert.match(String(lastRefusal()?.['hint']), /audience/);
  });

  test('R10.answer: a refusal says nothing about keys or expectations', async () => {
    const bodies = await Promise.all(
      [{ aud: 'x' }, { iss: 'x' }, { exp: 1 }].map(async (claims) => (await call(await issuer.sign(claims))).text()),
    );
    assert.equal(new Set(bodies).size, 1);
    assert.doesNotMatch(bodies[0] ?? '', /localhost|kid|key-1|audience|issuer/);
  });

  test('R10.injection: values of a caller cannot forge a log line', async () => {
    const lines = server.logText().split('\n').length;
    await call(await issuer.sign({ iss: 'x\n{"event":"forged"}' }, { kid: 'k\n{"event":"forged"}' }), {
      'x-request-id': 'id {"event":"forged"}',
    });
    // Good tokens whose names are bad: they get into the entry of the call.
    for (const claim of ['sub', 'client_id'])
      assert.equal((await call(await issuer.sign({ [claim]: 'n\r\n{"event":"forged"}\u001b[2J\u009b' }))).status, 200);
    const added = server
      .logText()
      .split('\n')
      .slice(lines - 1, -1);
    for (const line of added) {
      assert.notEqual(JSON.parse(line).event, 'forged');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
    }
    assert.equal(added.filter((line) => line.includes('forged')).length, 3);
  });
});
