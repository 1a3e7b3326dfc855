// The token store against other users, other processes and kill -9.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createProofKey } from './proof-of-possession.ts';
import { createTokenStore, type StoredTokens } from './token-store.ts';

const KEY = {
  issuer: 'https://id.example',
  resource: 'https://tools.example/mcp',
  clientId: 'client',
  profile: 'default',
};
const TOKENS: StoredTokens = { accessToken: '0', issuedAtMs: 1, scopes: ['read:add'], requestedScopes: ['read:add'] };

/** For a long run: TOKEN_STORE_SCALE=20 makes 200 kills and 1600 changes. */
const SCALE = Number(process.env['TOKEN_STORE_SCALE'] ?? '1');

/** Another process: adds one to the number that is the access token, as often as it is told to. */
const COUNTER = `
  const { createTokenStore } = await import(process.argv[1]);
  const store = createTokenStore(process.argv[2]);
  for (let round = 0; round < Number(process.argv[3]); round += 1) {
    await store.update(JSON.parse(process.argv[4]), async (stored) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { kind: 'replace', tokens: { ...stored, accessToken: String(Number(stored.accessToken) + 1) } };
    });
    console.log(round);
  }`;

describe('token store', () => {
  let home: string;
  let directory: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'token-store-'));
    directory = join(home, 'state', 'tokens');
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const fill = () => createTokenStore(directory).update(KEY, async () => ({ kind: 'replace', tokens: TOKENS }));
  const load = () => createTokenStore(directory).load(KEY);
  const fileIn = async () => join(directory, (await readdir(directory)).find((name) => name.endsWith('.json')) ?? '');
  const count = (rounds: number) =>
    spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        COUNTER,
        join(import.meta.dirname, 'token-store.ts'),
        directory,
        String(rounds),
        JSON.stringify(KEY),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );

  test('T5.private, C17: keeps what it is given, in a directory and a file of this user alone, whatever the umask', async () => {
    for (const mask of [0o000, 0o077]) {
      const before = process.umask(mask);
      await fill();
      process.umask(before);
      assert.equal((await stat(directory)).mode & 0o777, 0o700);
      assert.equal((await stat(await fileIn())).mode & 0o777, 0o600);
      assert.deepEqual(await load(), TOKENS);
      assert.equal((await readdir(directory)).length, 1, 'no lock and no temporary file stays');
      await rm(directory, { recursive: true });
    }
  });

  test('T5.keyed, C8: each issuer, resource, client and profile has a set of its own', async () => {
    await fill();
    for (const changed of ['issuer', 'resource', 'clientId', 'profile'])
      assert.equal(await createTokenStore(directory).load({ ...KEY, [changed]: 'another' }), undefined);
  });

  test('T5.world-readable: refuses a file or directory that others may use, and says what to do', async () => {
    await fill();
    const file = await fileIn();
    await chmod(file, 0o644);
    await assert.rejects(load(), { code: 'login_required', message: /mode 0644.*chmod 600/ });
    await chmod(file, 0o600);
    await chmod(directory, 0o755);
    await assert.rejects(fill(), { code: 'login_required', message: /mode 0755.*chmod 700/ });
  });

  test('T5.planted: refuses a symbolic link, for the file and for the directory', async () => {
    await fill();
    const file = await fileIn();
    await rename(file, join(home, 'elsewhere'));
    await symlink(join(home, 'elsewhere'), file);
    await assert.rejects(load(), { code: 'login_required', message: /symbolic link/ });
    await rename(directory, join(home, 'other'));
    await symlink(join(home, 'other'), directory);
    await assert.rejects(fill(), { code: 'login_required', message: /not a directory/ });
  });

  test('T5.planted: refuses a file of another user', {
    skip: process.getuid?.() !== 0 && 'only root can give one away',
  }, async () => {
    await fill();
    await chown(await fileIn(), 65_534, 65_534);
    await assert.rejects(load(), { code: 'login_required', message: /another user/ });
  });

  test('T5.outage: what fails on the way leaves the set as it was', async () => {
    await fill();
    const failing = createTokenStore(directory).update(KEY, async () => {
      throw new Error('the issuer is down');
    });
    await assert.rejects(failing, /the issuer is down/);
    assert.deepEqual(await load(), TOKENS);
    assert.equal((await readdir(directory)).length, 1);
  });

  test('T5.outage: with room for no more than a lock, what is kept can be read and forgotten, and nobody is asked for more', async () => {
    await fill();
    const file = await fileIn();
    const program = `
      const { createTokenStore } = await import(process.argv[1]);
      const [store, key] = [createTokenStore(process.argv[2]), JSON.parse(process.argv[3])];
      let isAsked = false;
      const ask = async () => { isAsked = true; return { kind: 'keep' }; };
      const fault = await store.update(key, ask).catch(({ code }) => code);
      const stored = await store.load(key);
      await store.update(key, async () => ({ kind: 'forget' }), { isForgetting: true });
      console.log(JSON.stringify({ fault, isAsked, stored: stored?.accessToken, left: await store.load(key) ?? null }));`;
    const limited = `trap '' XFSZ; ulimit -f 16; exec "$@"`;
    const words = ['--input-type=module', '-e', program, join(import.meta.dirname, 'token-store.ts'), directory];
    const child = spawn('sh', ['-c', limited, 'sh', process.execPath, ...words, JSON.stringify(KEY)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = Buffer.concat(await child.stdout.toArray()).toString();
    const expected = { fault: 'invalid_configuration', isAsked: false, stored: TOKENS.accessToken, left: null };
    assert.deepEqual(JSON.parse(said), expected, file);
    assert.deepEqual(await readdir(directory), []);
  });

  test('a damaged set is none, and the next one takes its place', async () => {
    const { stored } = await createProofKey();
    const bound = { ...TOKENS, proofKey: { ...stored } };
    const text = JSON.stringify(bound);
    const damage = {
      truncated: text.slice(0, 40),
      empty: '',
      zeros: '\0'.repeat(text.length),
      'another kind of value': '[]',
      null: 'null',
      deep: '['.repeat(100_000),
      'no text': text.replace('"accessToken":"0"', '"accessToken":{}'),
      'no time': text.replace('"issuedAtMs":1', '"issuedAtMs":1e999'),
      'no list': text.replace('["read:add"]', '"read:add"'),
      'no private key': JSON.stringify({ ...bound, proofKey: { ...stored, d: undefined } }),
      'no key': JSON.stringify({ ...bound, proofKey: {} }),
      'another curve': JSON.stringify({ ...bound, proofKey: { ...stored, crv: 'P-384' } }),
      'no point': JSON.stringify({ ...bound, proofKey: { ...stored, x: stored['y'] } }),
    };
    await fill();
    const file = await fileIn();
    const store = createTokenStore(directory);
    for (const [what, left] of Object.entries(damage)) {
      await writeFile(file, left);
      assert.equal(await store.load(KEY), undefined, what);
      await store.update(KEY, async (before) => {
        assert.equal(before, undefined, what);
        return { kind: 'replace', tokens: bound };
      });
      assert.deepEqual(await store.load(KEY), bound, what);
    }
  });

  test('what a planted member would change of every object changes none', async () => {
    await fill();
    const planted =
      '"__proto__":{"accessToken":"planted","refreshToken":"planted"},"constructor":{"prototype":{"a":1}}';
    await writeFile(await fileIn(), `{${planted},${JSON.stringify(TOKENS).slice(1)}`);
    const loaded = await load();
    assert.deepEqual([loaded?.accessToken, loaded?.refreshToken], [TOKENS.accessToken, undefined]);
    assert.equal(Reflect.get({}, 'accessToken') ?? Reflect.get({}, 'a'), undefined);
  });

  test('T5.processes: eight processes at once take turns: no change is lost', async () => {
    await fill();
    const processes = Array.from({ length: 8 }, () => count(10 * SCALE));
    const ends = await Promise.all(
      processes.map(async (child) => {
        child.stdout.resume();
        return (await once(child, 'close'))[0];
      }),
    );
    assert.deepEqual(new Set(ends), new Set([0]));
    assert.equal((await load())?.accessToken, String(80 * SCALE));
  });

  test('T5.killed: kill -9 in mid-change leaves a readable set, and holds nobody up', async () => {
    await fill();
    for (let round = 0; round < 10 * SCALE; round += 1) {
      const child = count(100_000);
      for (let line = 0; line <= round % 10; line += 1) await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'close');
      const before = Number((await load())?.accessToken);
      assert.ok(before > round);
      const next = count(1);
      next.stdout.resume();
      assert.equal((await once(next, 'close'))[0], 0);
      assert.equal((await load())?.accessToken, String(before + 1));
    }
  });
});
