import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openKeyringRecords } from './keyring-records.ts';
import { createTokenStore } from './token-store.ts';

const KEY = {
  issuer: 'https://id.example',
  resource: 'https://tools.example/mcp',
  clientId: 'client',
  profile: 'default',
};
const TOKENS = { accessToken: 'the-token', issuedAtMs: 1, scopes: [], requestedScopes: [] };

/** A keyring in memory; `broken` says what is wrong with it. */
function createKeyring(broken?: 'refuses' | 'hangs' | 'forgets') {
  const entries = new Map<string, string>();
  const entryOf = (name: string) => ({
    setPassword: async (password: string) => {
      if (broken === 'refuses') throw new Error('AccessDenied');
      if (broken === 'hangs') await Promise.withResolvers<void>().promise;
      if (broken !== 'forgets') entries.set(name, password);
    },
    getPassword: async () => entries.get(name) ?? null,
    deletePassword: async () => entries.delete(name),
  });
  return { entries, entryOf };
}

describe('tokens in the keyring', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'keyring-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  test('are kept there and nowhere else; the directory has the locks', async () => {
    const { entries, entryOf } = createKeyring();
    const directory = join(home, 'tokens');
    const store = createTokenStore(await openKeyringRecords(directory, { entryOf }));
    assert.equal(entries.size, 0, 'the probe leaves nothing');
    await store.update(KEY, async () => ({ kind: 'replace', tokens: TOKENS }));
    assert.equal(
      [...entries.values()].some((text) => text.includes('the-token')),
      true,
    );
    assert.deepEqual(await readdir(directory), []);
    assert.deepEqual(await store.load(KEY), TOKENS);
    await store.update(KEY, async () => ({ kind: 'forget' }));
    assert.equal(await store.load(KEY), undefined);
    assert.equal(entries.size, 0);
  });

  test('a keyring that does not work is said so at once, with what to do; nothing is kept elsewhere', async () => {
    for (const [broken, reason] of [
      ['refuses', /AccessDenied/],
      ['hangs', /no answer within 0.05 s/],
      ['forgets', /does not give back/],
    ] as const)
      await assert.rejects(
        openKeyringRecords(join(home, 'tokens'), { entryOf: createKeyring(broken).entryOf, probeTimeoutMs: 50 }),
        (error: Error) => {
          assert.match(error.message, reason);
          assert.match(error.message, /TOKEN_STORE=file.*TOKEN_STORE=none/);
          return true;
        },
      );
    assert.deepEqual(await readdir(home), []);
  });
});
