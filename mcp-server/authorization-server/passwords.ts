// Password → hash and back to yes or no, with scrypt. Each check costs memory and a tenth of a second on purpose, so only
// a few run at the same time: strangers may not buy all of this machine with wrong passwords.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { PASSWORD_LIMITS } from './limits.ts';

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and three passes; OWASP's Password Storage Cheat Sheet counts it equal to N = 2^17, r = 8, p = 1. */
const COST: Cost = { N: 2 ** 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** As `scrypt$N$r$p$salt$hash`, so that a later cost can stand beside this one. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

export type PasswordVerdict = 'right' | 'wrong' | 'busy';

/** Checks passwords, a few at a time. Keep one per server. */
export type PasswordCheck = (password: string, stored: string | undefined) => Promise<PasswordVerdict>;

/**
 * `stored` is `undefined` for a name that nobody has: the answer is then `wrong`, and takes as long as for a name that
 * somebody has.
 */
export function createPasswordCheck(): PasswordCheck {
  const decoy = { cost: COST, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = async () => {
    if (running >= PASSWORD_LIMITS.maxConcurrentChecks) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
  };
  return async (password, stored) => {
    if (waiting.length >= PASSWORD_LIMITS.maxWaitingChecks) return 'busy';
    await enter();
    try {
      const { cost, salt, hash } = (stored === undefined ? undefined : parseHash(stored)) ?? decoy;
      const actual = await derive(password, salt, cost);
      return timingSafeEqual(actual, hash) && stored !== undefined ? 'right' : 'wrong';
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}

function parseHash(text: string) {
  const [, N = '', r = '', p = '', salt = '', hash = ''] =
    /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]{43})$/.exec(text) ?? [];
  if (hash === '') throw new Error('a stored password hash is damaged');
  return {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  };
}

function derive(password: string, salt: Buffer, { N, r, p }: Cost): Promise<Buffer> {
  // One person's keyboard composes accents, another's does not. RFC 8265
  const normalized = password.normalize('NFC');
  return new Promise((resolve, reject) => {
    scrypt(normalized, salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, hash) => {
      if (error) reject(error);
      else resolve(hash);
    });
  });
}
