// The store that is configured, ready to use. The keyring is loaded only when it is asked for.

import { createMemoryTokenStore, createTokenStore, type TokenStore } from './token-store.ts';

export interface TokenStoreConfig {
  /** Where tokens are kept between runs; `undefined` keeps them nowhere. */
  readonly tokenDirectory: string | undefined;
  /** Whether they are kept in the keyring of the operating system. */
  readonly isKeyringUsed: boolean;
}

/** @throws {AgentError} `invalid_configuration` when there is to be a keyring and there is none that works */
export async function openTokenStore({ tokenDirectory, isKeyringUsed }: TokenStoreConfig): Promise<TokenStore> {
  if (tokenDirectory === undefined) return createMemoryTokenStore();
  if (!isKeyringUsed) return createTokenStore(tokenDirectory);
  const { openKeyringRecords } = await import('./keyring-records.ts');
  return createTokenStore(await openKeyringRecords(tokenDirectory));
}
