// The keys that sign tokens: made at the first start, kept in one private file, checked before they are used. The file is a
// JSON Web Key Set; a rotation adds a key to it that says when it begins to sign, so that everybody knows it by then.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { Log } from '../log.ts';
import { KEY_ROTATION_SECONDS } from './limits.ts';
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
  /** Seconds since the epoch from which on it signs; absent: from the start. Published before that. */
  readonly active_from?: number;
  /** Seconds since the epoch from which on it is not published any more; absent: no end in sight. */
  readonly retire_at?: number;
}

export interface SigningKeys {
  /** Private keys: oidc-provider publishes the public halves only. */
  readonly keys: readonly SigningKey[];
}

/** The published keys at a moment, the one that signs first, without our own members. */
export function keysAt({ keys }: SigningKeys, nowSeconds: number): SigningKey[] {
  const published = keys.filter(({ retire_at }) => retire_at === undefined || retire_at > nowSeconds);
  const signing = published
    .filter(({ active_from = 0 }) => active_from <= nowSeconds)
    .toSorted((one, other) => (other.active_from ?? 0) - (one.active_from ?? 0))[0];
  return published
    .toSorted((one, other) => Number(other === signing) - Number(one === signing))
    .map(({ active_from: _, retire_at: __, ...key }) => key);
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

export type RotationResult =
  | { readonly kind: 'planned'; readonly kid: string; readonly activeFrom: number }
  /** The last rotation has not come into force yet. */
  | { readonly kind: 'already-planned'; readonly kid: string; readonly activeFrom: number };

/**
 * Publishes the next key now and lets it sign later, when every resource server knows it. A running server notices by
 * itself.
 *
 * @param atOnce the old keys may be in wrong hands: the new one signs now and the others are gone, with every token that
 *   they signed
 * @throws {ServerError} `unreadable_data`
 */
export async function rotateSigningKeys(
  { dataDir, log, now = Date.now }: { readonly dataDir: string; readonly log: Log; readonly now?: () => number },
  atOnce: boolean,
): Promise<RotationResult> {
  const { keys } = await loadSigningKeys(dataDir, log);
  const nowSeconds = Math.floor(now() / 1_000);
  const pending = keys.find(({ active_from = 0 }) => active_from > nowSeconds);
  if (pending?.active_from !== undefined && !atOnce)
    return { kind: 'already-planned', kid: pending.kid, activeFrom: pending.active_from };
  const activeFrom = atOnce ? nowSeconds : nowSeconds + KEY_ROTATION_SECONDS.publishAhead;
  const next: SigningKey = { ...(await generateSigningKey()), active_from: activeFrom };
  const kept = keys
    .filter(({ retire_at = Number.POSITIVE_INFINITY }) => !atOnce && retire_at > nowSeconds)
    .map((key) => ({ ...key, retire_at: key.retire_at ?? activeFrom + KEY_ROTATION_SECONDS.keepAfter }));
  await writePrivateFile(join(dataDir, FILE_NAME), `${JSON.stringify({ keys: [...kept, next] }, undefined, 2)}\n`);
  log.info('signing-key-rotated', { kid: next.kid, active_from: activeFrom, at_once: atOnce });
  return { kind: 'planned', kid: next.kid, activeFrom };
}

/** Changes whenever the file is written: cheap enough to ask for each second. */
export async function signingKeysVersion(dataDir: string): Promise<string> {
  const { mtimeMs, ino } = await stat(join(dataDir, FILE_NAME));
  return `${ino}:${mtimeMs}`;
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
    ['active_from', 'retire_at'].every((name) => key[name] === undefined || Number.isSafeInteger(key[name])) &&
    ['kid', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].every((name) => typeof key[name] === 'string') &&
    Buffer.from(String(key['n']), 'base64url').length * 8 >= MODULUS_BITS
  );
}
