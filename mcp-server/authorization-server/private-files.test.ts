import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServerError } from '../errors.ts';
import { ensurePrivateDirectory, ensurePrivateFile, readPrivateFile, writePrivateFile } from './private-files.ts';
import { temporaryDirectory } from './test-support.ts';

const isUnreadable = (words: RegExp) => (error: unknown) =>
  error instanceof ServerError && error.code === 'unreadable_data' && words.test(error.message);

test('a private file is written whole, with mode 0600 under any umask, and leaves no temporary file', async (t) => {
  const directory = await temporaryDirectory(t);
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const path = join(directory, 'secret');
  await writePrivateFile(path, 'one');
  await writePrivateFile(path, 'two');
  assert.equal(await readPrivateFile(path), 'two');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(directory), ['secret']);
});

test('a file that is not there reads as undefined', async (t) => {
  assert.equal(await readPrivateFile(join(await temporaryDirectory(t), 'nothing')), undefined);
});

test('a file that others may read is refused, and the message names the way out', async (t) => {
  const path = join(await temporaryDirectory(t), 'secret');
  await writeFile(path, 'one');
  await chmod(path, 0o640);
  await assert.rejects(readPrivateFile(path), isUnreadable(/mode 0640.*chmod 600/s));
  await assert.rejects(ensurePrivateFile(path), isUnreadable(/mode 0640/));
});

test('a directory in the place of a file is refused', async (t) => {
  const path = join(await temporaryDirectory(t), 'secret');
  await mkdir(path, { mode: 0o700 });
  await assert.rejects(readPrivateFile(path), isUnreadable(/secret/));
});

test('the data directory is created with mode 0700, and refused when others may write to it', async (t) => {
  const directory = join(await temporaryDirectory(t), 'deep', 'data');
  await ensurePrivateDirectory(directory);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  await chmod(directory, 0o770);
  await assert.rejects(ensurePrivateDirectory(directory), isUnreadable(/mode 0770.*DATA_DIR/s));
});
