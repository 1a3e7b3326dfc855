import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { administer } from './administer.ts';
import { ServerError } from './errors.ts';
import { createLog } from './log.ts';

describe('the sub-commands of the server', () => {
  let dataDir: string;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'administer-'));
  });
  after(() => rm(dataDir, { recursive: true, force: true }));

  async function run(args: readonly string[], input = ''): Promise<string> {
    let text = '';
    const output = {
      write: (chunk: string) => {
        text += chunk;
        return true;
      },
    };
    const log = createLog({ sink: { write: () => true } });
    await administer(args, {
      config: { dataDir },
      log,
      input: Readable.from([input]),
      output,
      prompt: new PassThrough(),
    });
    return text;
  }

  test('accounts come, change and go, with the password from a pipe', async () => {
    assert.match(await run(['users', 'list']), /No accounts/);
    assert.equal(await run(['users', 'add', 'ana'], 'correct horse battery\nnot this\n'), 'Added ana.\n');
    assert.equal(await run(['users', 'list']), 'ana\n');
    assert.match(await run(['users', 'password', 'ana'], 'another password\n'), /Changed/);
    assert.match(await run(['users', 'remove', 'ana']), /Removed ana/);
  });

  test('keys are rotated, once at a time', async () => {
    assert.match(await run(['keys', 'rotate']), /^Published the key .* signs from 20/);
    assert.match(await run(['keys', 'rotate']), /Nothing was changed/);
    assert.match(await run(['keys', 'rotate', '--at-once']), /^Published the key/);
  });

  test('whatever is no command is refused with the list of commands', async () => {
    for (const args of [
      ['users'],
      ['users', 'add'],
      ['users', 'list', 'ana'],
      ['users', 'add', 'ana', 'ben'],
      ['users', 'add', 'ana', '--at-once'],
      ['keys'],
      ['start'],
      ['--nonsense'],
    ])
      await assert.rejects(run(args, 'correct horse battery\n'), (error) => {
        assert(error instanceof ServerError);
        assert.match(error.message, /users add NAME/);
        return error.code === 'invalid_configuration';
      });
    await assert.rejects(run(['users', 'add', 'ana'], ''), /no password came/);
    assert.match(await run(['--help']), /Usage: npm run server/);
  });
});
