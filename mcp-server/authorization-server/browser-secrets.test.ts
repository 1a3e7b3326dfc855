import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServerError } from '../errors.ts';
import { createFormToken, isFormToken, loadBrowserSecrets } from './browser-secrets.ts';
import { temporaryDirectory } from './test-support.ts';

test('the browser secrets survive a restart in a file of mode 0600', async (t) => {
  const directory = await temporaryDirectory(t);
  const secrets = await loadBrowserSecrets(directory);
  assert.deepEqual(await loadBrowserSecrets(directory), secrets);
  assert.equal((await stat(join(directory, 'browser-secrets.json'))).mode & 0o777, 0o600);
});

test('damaged or short browser secrets stop the start', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'browser-secrets.json');
  for (const text of [
    '',
    '{',
    'null',
    '{"cookieKeys":[],"formKey":"x"}',
    '{"cookieKeys":["short"],"formKey":"short"}',
  ]) {
    await writeFile(path, text, { mode: 0o600 });
    await assert.rejects(loadBrowserSecrets(directory), (error) => error instanceof ServerError, text);
  }
});

test('a form token is good for its interaction and its step only', async (t) => {
  const secrets = await loadBrowserSecrets(await temporaryDirectory(t));
  const token = createFormToken(secrets, 'abc', 'consent');
  assert.equal(isFormToken(secrets, 'abc', 'consent', token), true);
  assert.equal(isFormToken(secrets, 'abd', 'consent', token), false);
  assert.equal(isFormToken(secrets, 'abc', 'login', token), false);
  assert.equal(isFormToken(secrets, 'abc', 'consent', ''), false);
  assert.equal(isFormToken(secrets, 'abc', 'consent', `${token.slice(0, -1)}é`), false);
});
