// The keys that sign tokens: made at the first start, kept in one private file, checked before they are used.
// The file is a JSON Web Key Set, so that a later rotation only adds a key to it.

import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { Log } from '../log.ts';
import { readPrivateFile, unreadable, writePrivateFile } from './private-files.ts';

const FILE_NAME = 'signing-keys.json';
const ALGORITHM = 'RS256';
const MODULUS_BITS = 2_048;

/** A private RSA key as it lies in the file. */
export interface SigningKey extends JWK {
  readonly kty: 'RSA';
  readonly kid: string;
  readonly alg: typeof ALGORITHM;
  readonly use: 'sig';
}

export interface SigningKeys {
  /** The first one signs. Private keys: oidc-provider publishes the public halves only. */
  readonly keys: readonly SigningKey[];
}

/**
 * Loads the signing keys of `dataDir`, or makes the first one: RS256 with 2048 bits, `kid` is its RFC 7638 thumbprint.
 *
 * @throws {ServerError} `unreadable_data` when the file is damaged or others could have read it. It is never replaced
 *   silently: all tokens in use would stop working, and a swapped file would go unnoticed.
 */
export async function loadSigningKeys(dataDir: string, log: Log): Promise<SigningKeys> {
  const path = join(dataDir, FILE_NAME);
  const text = await readPrivateFile(path);
  if (text !== undefined) return await parseSigningKeys(text, path);
  const key = await generateSigningKey();
  await writePrivateFile(path, `${JSON.stringify({ keys: [key] }, undefined, 2)}\n`);
  log.info('signing-key-created', { file: path, kid: key.kid });
  return { keys: [key] };
}

async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { modulusLength: MODULUS_BITS, extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kty: 'RSA', kid: await calculateJwkThumbprint(jwk), alg: ALGORITHM, use: 'sig' };
}

async function parseSigningKeys(text: string, path: string): Promise<SigningKeys> {
  const damaged = (what: string, cause?: unknown) =>
    unreadable(
      path,
      `${what}; expected a JSON Web Key Set with private ${ALGORITHM} keys`,
      'restore it from a backup, or delete it: the server then makes a new key, and tokens issued so far stop working',
      cause,
    );
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw damaged('it is not JSON', error);
  }
  const keys = content !== null && typeof content === 'object' && 'keys' in content ? content.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0) throw damaged('it holds no keys');
  const checked: SigningKey[] = [];
  for (const key of keys) {
    if (!isSigningKey(key)) throw damaged(`key ${checked.length + 1} is not a private RSA signing key`);
    // A changed modulus or a key of another set under the old name would sign tokens that no verifier accepts.
    if ((await calculateJwkThumbprint(key)) !== key.kid)
      throw damaged(`key ${checked.length + 1} does not match its own kid`);
    await importJWK(key, ALGORITHM).catch((error: unknown) => {
      throw damaged(`key ${checked.length + 1} cannot be read`, error);
    });
    checked.push(key);
  }
  return { keys: checked };
}

function isSigningKey(value: unknown): value is SigningKey {
  if (value === null || typeof value !== 'object') return false;
  const key: Record<string, unknown> = { ...value };
  return (
    key['kty'] === 'RSA' &&
    key['alg'] === ALGORITHM &&
    key['use'] === 'sig' &&
    ['kid', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].every((name) => typeof key[name] === 'string') &&
    Buffer.from(String(key['n']), 'base64url').length * 8 >= MODULUS_BITS
  );
}
