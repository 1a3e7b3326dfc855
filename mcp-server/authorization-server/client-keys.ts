// The keys with which a client that is a document on the web proves itself (RFC 7523 §2.2): public ones, few, strong, and
// without anything that this server would have to look up. What is not needed to check a signature is left out.

import type { JWK } from 'oidc-provider';
import { METADATA_DOCUMENT_LIMITS } from './limits.ts';

export type KeysVerdict =
  | { readonly ok: true; readonly keys: readonly JWK[] }
  | { readonly ok: false; readonly reason: string };

/** Members of a public key, by its type. RFC 7518 §6, RFC 8037 §2 */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
};
const COMMON_MEMBERS = ['kty', 'kid', 'alg', 'use'];
/** Of private and of shared keys: whoever publishes one has lost it. */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
/** 2048 bits in base64url. RFC 7518 §3.3 */
const MIN_RSA_MODULUS_LENGTH = 342;

/** @param keySet chosen by an attacker */
export function judgeKeys(keySet: unknown): KeysVerdict {
  const refuse = (reason: string): KeysVerdict => ({ ok: false, reason });
  const keys: unknown = isRecord(keySet) ? keySet['keys'] : undefined;
  const { maxKeys } = METADATA_DOCUMENT_LIMITS;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > maxKeys)
    return refuse(`private_key_jwt needs a key set of 1 to ${maxKeys} keys`);
  const kept: JWK[] = [];
  for (const key of keys) {
    if (!isRecord(key)) return refuse('a key must be an object');
    const leaked = SECRET_MEMBERS.find((name) => key[name] !== undefined);
    if (leaked !== undefined) return refuse(`a key has the secret member ${leaked}`);
    const members = typeof key['kty'] === 'string' ? MEMBERS[key['kty']] : undefined;
    // Of another kind, or for encryption: no signature will be checked with it.
    if (members === undefined || (key['use'] ?? 'sig') !== 'sig') continue;
    if (members.some((name) => typeof key[name] !== 'string'))
      return refuse(`a key lacks one of ${members.join(', ')}`);
    if (String(key['n'] ?? '').length < MIN_RSA_MODULUS_LENGTH && key['kty'] === 'RSA')
      return refuse('an RSA key has less than 2048 bits');
    const names = [...COMMON_MEMBERS, ...members].filter((name) => key[name] !== undefined);
    if (names.some((name) => typeof key[name] !== 'string')) return refuse('members of a key must be strings');
    // Safe: kty is one of ours and its members are strings; whether they are a key is seen when it is used.
    kept.push(Object.fromEntries(names.map((name) => [name, key[name]])) as unknown as JWK);
  }
  return kept.length > 0 ? { ok: true, keys: kept } : refuse('no key of the set is for signatures');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
