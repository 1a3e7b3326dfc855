import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { createClientAuthentication, readSecret } from './client-authentication.ts';

const SERVER = { issuer: 'https://id.example', token_endpoint: 'https://id.example/token' };
const CLIENT_ID = 'client-1.a b:c';

/** What goes over the wire. */
async function authenticate(
  authentication: Parameters<typeof createClientAuthentication>[0],
  methods?: string[],
  method?: string,
) {
  const [body, headers] = [new URLSearchParams(), new Headers()];
  const apply = await createClientAuthentication(authentication, method);
  const offered = methods ? { token_endpoint_auth_methods_supported: methods } : {};
  await apply({ ...SERVER, ...offered }, { client_id: CLIENT_ID }, body, headers);
  return { body, authorization: headers.get('authorization') };
}

describe('client authentication', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'client-authentication-'));
  });
  after(() => rm(folder, { recursive: true }));
  const secret = { kind: 'secret', secret: 'p+w d:%' } as const;

  test('a secret goes by the method that the client is registered for, else by what the issuer offers, post first', async () => {
    for (const [methods, method, isPost] of [
      [undefined, undefined, true],
      [['client_secret_basic', 'client_secret_post'], undefined, true],
      [['client_secret_basic'], undefined, false],
      [['client_secret_post'], 'client_secret_basic', false],
    ] as const) {
      const { body, authorization } = await authenticate(secret, methods && [...methods], method);
      assert.equal(body.has('client_secret'), isPost);
      assert.equal(authorization === null, isPost);
    }
  });

  test('basic is encoded as a form is (RFC 6749 §2.3.1), hyphens and dots as they are', async () => {
    const { authorization } = await authenticate(secret, ['client_secret_basic']);
    assert.equal(Buffer.from(authorization?.slice(6) ?? '', 'base64').toString(), 'client-1.a+b%3Ac:p%2Bw+d%3A%25');
  });

  test('an issuer that takes public clients only gets no secret', async () => {
    const { body, authorization } = await authenticate(secret, ['none']);
    assert.deepEqual(Object.fromEntries(body), { client_id: CLIENT_ID });
    assert.equal(authorization, null);
  });

  test('a private key signs an assertion for the issuer, from a PEM or a JWK', async () => {
    for (const [algorithm, form] of [
      ['ES256', 'pem'],
      ['RS256', 'pem'],
      ['EdDSA', 'jwk'],
    ] as const) {
      const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
      const file = join(folder, `${algorithm}.${form}`);
      const jwk = { ...(await exportJWK(privateKey)), kid: 'key-7', alg: algorithm };
      await writeFile(file, form === 'pem' ? await exportPKCS8(privateKey) : JSON.stringify(jwk));
      const { body } = await authenticate({ kind: 'private-key', file, algorithm: undefined });
      const assertion = body.get('client_assertion') ?? '';
      assert.equal(body.get('client_assertion_type'), 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      assert.deepEqual(
        { ...decodeProtectedHeader(assertion), iss: decodeJwt(assertion).iss, sub: decodeJwt(assertion).sub },
        {
          alg: algorithm === 'EdDSA' ? 'Ed25519' : algorithm,
          ...(form === 'jwk' ? { kid: 'key-7' } : {}),
          iss: CLIENT_ID,
          sub: CLIENT_ID,
        },
      );
      assert.equal(decodeJwt(assertion).aud, 'https://id.example');
    }
  });

  test('a key that cannot be used is told by its file, never by its contents', async () => {
    const file = join(folder, 'broken');
    for (const content of [
      '-----BEGIN PRIVATE KEY-----\nsecret-bytes\n-----END PRIVATE KEY-----',
      '{"kty":"secret-bytes"}',
      '',
    ]) {
      await writeFile(file, content);
      await assert.rejects(
        createClientAuthentication({ kind: 'private-key', file, algorithm: undefined }),
        (error: Error) => {
          assert.match(error.message, /AUTH_PRIVATE_KEY_FILE: .*broken holds no private key/);
          assert.doesNotMatch(error.message + String(error.cause), /secret-bytes/);
          return true;
        },
      );
    }
    await assert.rejects(
      createClientAuthentication({ kind: 'private-key', file: join(folder, 'none'), algorithm: undefined }),
      {
        code: 'login_required',
        message: /cannot be read/,
      },
    );
  });

  test('a secret in a file is read anew each time, without the line end', async () => {
    const file = join(folder, 'token');
    for (const token of ['first', 'second']) {
      await writeFile(file, `${token}\n`);
      assert.equal(await readSecret({ kind: 'file', file }, 'AUTH_WORKLOAD_TOKEN_FILE'), token);
    }
    await writeFile(file, '\n');
    await assert.rejects(readSecret({ kind: 'file', file }, 'AUTH_WORKLOAD_TOKEN_FILE'), { message: /is empty/ });
  });
});
