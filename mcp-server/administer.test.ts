import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { administer } from './administer.ts';
import { openStore } from './authorization-server/store.ts';
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

  test('clients are listed and revoked by id, and a name cannot speak to the terminal', async () => {
    assert.match(await run(['clients', 'list']), /No client/);
    const store = await openStore({ file: join(dataDir, 'authorization-server.sqlite'), now: () => 0 });
    await store.adapter('Client').upsert('dyn_1', { client_id: 'dyn_1', client_name: '\u001b[31mA\n"tool"\u202e' });
    await store.adapter('Grant').upsert('g1', { clientId: 'https://tool.example.com/c.json' }, 1e10);
    store.close();
    assert.equal(
      await run(['clients', 'list']),
      'dyn_1  " [31mA \\"tool\\" "  0 connections  last used 1970-01-01 00:00 UTC\n' +
        'https://tool.example.com/c.json  1 connection  last used 1970-01-01 00:00 UTC\n',
    );
    assert.match(await run(['clients', 'revoke', 'dyn_1']), /^Removed dyn_1 and ended 0 connections\./);
    assert.match(
      await run(['clients', 'revoke', 'https://tool.example.com/c.json']),
      /^Revoked what https:.* had: ended 1 connection\./,
    );
    assert.match(await run(['clients', 'revoke', 'local-agent']), /^Revoked what local-agent had/);
    assert.match(await run(['clients', 'list']), /No client/);
    await assert.rejects(run(['clients', 'revoke', 'dyn_1']), { code: 'invalid_configuration' });
  });

  test('whatever is no command is refused with the list of commands', async () => {
    for (const args of [
      ['users'],
      ['users', 'add'],
      ['users', 'list', 'ana'],
      ['users', 'add', 'ana', 'ben'],
      ['users', 'add', 'ana', '--at-once'],
      ['clients'],
      ['clients', 'revoke'],
      ['clients', 'list', 'dyn_1'],
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
