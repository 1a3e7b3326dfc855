// The store that is configured. A keyring is loaded, and proved to work, when something is first looked up or kept.

import type { PrivateRecords } from './private-records.ts';
import { createMemoryTokenStore, createTokenStore, type TokenStore } from './token-store.ts';

export interface TokenStoreConfig {
  /** Where tokens are kept between runs; `undefined` keeps them nowhere. */
  readonly tokenDirectory: string | undefined;
  /** Whether they are kept in the keyring of the operating system. */
  readonly isKeyringUsed: boolean;
}

/**
 * The store; with a keyring that does not work, everything in it throws `AgentError` `invalid_configuration` and says what
 * to do.
 */
export function openTokenStore({ tokenDirectory, isKeyringUsed }: TokenStoreConfig): TokenStore {
  if (tokenDirectory === undefined) return createMemoryTokenStore();
  return createTokenStore(isKeyringUsed ? createLateRecords(() => openKeyring(tokenDirectory)) : tokenDirectory);
}

async function openKeyring(directory: string): Promise<PrivateRecords> {
  const { openKeyringRecords } = await import('./keyring-records.ts');
  return await openKeyringRecords(directory);
}

function createLateRecords(open: () => Promise<PrivateRecords>): PrivateRecords {
  let opening: Promise<PrivateRecords> | undefined;
  const records = () => {
    opening ??= open();
    return opening;
  };
  return {
    load: async (name) => await (await records()).load(name),
    update: async (name, decide, options) => await (await records()).update(name, decide, options),
  };
}
