import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { ServerError } from '../errors.ts';
import { loadSigningKeys } from './signing-keys.ts';
import { recordingLog, temporaryDirectory } from './test-support.ts';

const log = recordingLog();
const isUnreadable = (error: unknown) => error instanceof ServerError && error.code === 'unreadable_data';

test('the first start makes an RS256 key of 2048 bits named by its thumbprint, and the next start finds it', async (t) => {
  const directory = await temporaryDirectory(t);
  const first = await loadSigningKeys(directory, log);
  const [key] = first.keys;
  assert(key);
  assert.equal(key.alg, 'RS256');
  assert.equal(Buffer.from(String(key.n), 'base64url').length, 256);
  assert.equal(key.kid, await calculateJwkThumbprint(key));
  assert.equal((await stat(join(directory, 'signing-keys.json'))).mode & 0o777, 0o600);
  assert.deepEqual(await loadSigningKeys(directory, log), first);
});

test('a damaged key file stops the start with advice and is not replaced', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'signing-keys.json');
  const { keys } = await loadSigningKeys(directory, log);
  const [key] = keys;
  assert(key);
  const { d: _, ...publicKey } = key;
  const damages = {
    'cut off': JSON.stringify({ keys }).slice(0, 100),
    'not a key set': '[]',
    'no keys': '{"keys":[]}',
    'a public key': JSON.stringify({ keys: [publicKey] }),
    'a key under a foreign name': JSON.stringify({ keys: [{ ...key, kid: 'other' }] }),
    'an unreadable key': JSON.stringify({ keys: [{ ...key, d: '' }] }),
  };
  for (const [name, text] of Object.entries(damages)) {
    await writeFile(path, text);
    await assert.rejects(loadSigningKeys(directory, log), isUnreadable, name);
    await assert.rejects(loadSigningKeys(directory, log), /signing-keys\.json.*delete it/s, name);
    assert.equal(await readFile(path, 'utf8'), text, name);
  }
});

test('a key file that others could read stops the start', async (t) => {
  const directory = await temporaryDirectory(t);
  await loadSigningKeys(directory, log);
  await chmod(join(directory, 'signing-keys.json'), 0o644);
  await assert.rejects(loadSigningKeys(directory, log), isUnreadable);
});
