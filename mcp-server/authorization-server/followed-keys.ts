// The signing keys that are in force, through rotations: another process changes the file, or a planned key becomes due. Keeps
// when it looked last; what is built from the keys is its caller's.

import type { Log } from '../log.ts';
import { keysAt, loadSigningKeys, type SigningKey, signingKeysVersion } from './signing-keys.ts';

/** How often the file of signing keys is looked at, in milliseconds: a rotation is noticed within this time. */
const KEY_CHECK_INTERVAL_MS = 1_000;

export interface FollowedKeys {
  /** Those that were taken up last; the first one signs. */
  current(): readonly SigningKey[];
  /**
   * Looks for a rotation, or for the moment in which a planned one comes into force.
   *
   * @param take builds what signs with the keys, if they are others now; when it throws, the next look tries again
   * @throws what `take` throws
   */
  follow(take: (keys: readonly SigningKey[]) => void): Promise<void>;
}

/**
 * @param now clock in milliseconds
 * @throws {ServerError} `unreadable_data` when the file is damaged or open to other users
 */
export async function openFollowedKeys(dataDir: string, log: Log, now: () => number): Promise<FollowedKeys> {
  let all = await loadSigningKeys(dataDir, log);
  let version = await signingKeysVersion(dataDir);
  const inForce = () => keysAt(all, Math.floor(now() / 1_000));
  let current = inForce();
  let checkedAtMs = now();

  return {
    current: () => current,
    follow: async (take) => {
      if (now() - checkedAtMs < KEY_CHECK_INTERVAL_MS) return;
      checkedAtMs = now();
      try {
        const latest = await signingKeysVersion(dataDir);
        if (latest !== version) all = await loadSigningKeys(dataDir, log);
        version = latest;
      } catch (error) {
        // A file that somebody moved or damaged is no reason to turn people away: the keys in memory are still good.
        log.error('signing-keys-unreadable', { error });
      }
      const keys = inForce();
      if (kidsOf(keys) === kidsOf(current)) return;
      take(keys);
      current = keys;
      log.info('signing-keys-changed', { kid: keys[0]?.kid, published: keys.length });
    },
  };
}

function kidsOf(keys: readonly SigningKey[]): string {
  return keys.map(({ kid }) => kid).join();
}
