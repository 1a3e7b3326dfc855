// Never a lost login: parallel calls, parallel processes and processes that are killed, against an issuer that rotates
// refresh tokens and revokes the whole login when one is used twice.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTokenSource, type TokenSource } from '../agent/auth/token-source.ts';
import { createTokenStore } from '../agent/auth/token-store.ts';
import { createAuthorizedFetch } from '../agent/mcp/authorized-fetch.ts';
import { BROWSER_LOGIN } from './support/browser-login.ts';
import { createEagerPerson } from './support/eager-person.ts';
import { createStrictIssuer, type StrictIssuer } from './support/strict-issuer.ts';

/** For a long run: TOKEN_STORE_SCALE=20 makes 50 rounds of eight processes and 200 kills. */
const SCALE = Number(process.env['TOKEN_STORE_SCALE'] ?? '1');
const PROGRAM = join(import.meta.dirname, 'support/token-process.ts');
const NO_CHALLENGE = { resourceMetadataUrl: undefined, scope: undefined };

describe('a login at an issuer that rotates refresh tokens', () => {
  let issuer: StrictIssuer;
  let home: string;
  let directory: string;
  let children: ChildProcess[];
  beforeEach(async () => {
    issuer = await createStrictIssuer();
    home = await mkdtemp(join(tmpdir(), 'agent-refresh-'));
    directory = join(home, 'tokens');
    children = [];
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await issuer.close();
    await rm(home, { recursive: true, force: true });
  });

  const openSource = () =>
    createTokenSource({ serverUrl: issuer.mcpUrl, credential: BROWSER_LOGIN, store: createTokenStore(directory) });
  const signIn = async (): Promise<void> => {
    const store = createTokenStore(directory);
    const source = createTokenSource({
      serverUrl: issuer.mcpUrl,
      credential: BROWSER_LOGIN,
      store,
      prompt: createEagerPerson(),
    });
    await source.renew(undefined, NO_CHALLENGE);
  };
  /** @param limit a shell's `ulimit -f`, in blocks of 512 bytes: longer files find no room */
  const startProcess = (mode: string, limit?: number): ChildProcess => {
    const words = [process.execPath, PROGRAM, directory, issuer.mcpUrl, mode];
    const limited = ['sh', '-c', `trap '' XFSZ; ulimit -f ${limit}; exec "$@"`, 'sh', ...words];
    const [command = '', ...args] = limit === undefined ? words : limited;
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    children.push(child);
    return child;
  };
  const callMany = async (source: TokenSource, count: number): Promise<number[]> => {
    const authorized = createAuthorizedFetch(issuer.mcpUrl, source);
    const call = async () => {
      const response = await authorized(issuer.mcpUrl, { method: 'POST' });
      await response.body?.cancel();
      return response.status;
    };
    return await Promise.all(Array.from({ length: count }, call));
  };
  const refreshes = () => issuer.tokenCalls.filter(({ body }) => body.get('grant_type') === 'refresh_token').length;

  test('T5.single-flight, C15: a hundred parallel calls on an expired token: a hundred answers by one refresh', async () => {
    await signIn();
    const source = openSource();
    assert.deepEqual(await callMany(source, 1), [200]);
    for (let round = 1; round <= 3; round += 1) {
      issuer.expireAll();
      assert.deepEqual(new Set(await callMany(source, 100)), new Set([200]));
      assert.equal(refreshes(), round);
    }
    assert.equal(issuer.reuses(), 0);
  });

  test('T5.processes: eight processes at once, no leeway: every call is answered, one refresh a round, no token is used twice', async () => {
    await signIn();
    const processes = Array.from({ length: 8 }, () => startProcess('serve'));
    await Promise.all(processes.map((child) => once(child, 'message')));
    const rounds = Math.min(50, 3 * SCALE);
    for (let round = 1; round <= rounds; round += 1) {
      issuer.expireAll();
      const answers = await Promise.all(
        processes.map(async (child) => {
          const answer = once(child, 'message');
          child.send(10);
          return (await answer)[0];
        }),
      );
      assert.deepEqual(new Set(answers.flat()), new Set(['200']), `round ${round}`);
      assert.equal(refreshes(), round);
    }
    assert.equal(issuer.reuses(), 0);
  });

  test('T5.killed: kill -9 at any moment of a refresh leaves a store that can be read and a login that goes on', async () => {
    // An answer that never arrived is asked for again with the old token: without leeway no client can survive that.
    issuer.settings.leewayMs = 600_000;
    await signIn();
    for (let round = 0; round < 10 * SCALE; round += 1) {
      const child = startProcess('churn');
      let left = Math.floor(Math.random() * 6);
      const isBeforeAnswer = Math.random() < 0.5;
      const killed = once(child, 'close');
      issuer.settings.beforeAnswer = async () => {
        left -= 1;
        if (left >= 0) return;
        if (isBeforeAnswer) child.kill('SIGKILL');
        else process.nextTick(() => child.kill('SIGKILL'));
      };
      await killed;
      issuer.settings.beforeAnswer = undefined;
      issuer.expireAll();
      assert.deepEqual(await callMany(openSource(), 1), [200], `round ${round}`);
    }
    assert.equal(issuer.reuses(), 0);
  });

  test('T5.outage: an issuer in trouble costs no login: 5xx, 429, a closed door, and an answer that is no JSON', async () => {
    await signIn();
    for (const [status, body] of [
      [503, {}],
      [500, 'oops'],
      [429, { error: 'too_many_requests' }],
    ] as const) {
      issuer.settings.token = () => ({ status, body });
      issuer.expireAll();
      await assert.rejects(callMany(openSource(), 1), { code: 'unreachable' }, String(status));
    }
    issuer.settings.token = undefined;
    const unreachable = createTokenSource({
      serverUrl: issuer.mcpUrl,
      credential: BROWSER_LOGIN,
      store: createTokenStore(directory),
      fetch: async (url, init) => {
        if (url.endsWith('/token')) throw new TypeError('fetch failed');
        return await fetch(url, init);
      },
    });
    await assert.rejects(callMany(unreachable, 1), { code: 'unreachable' });
    assert.deepEqual(await callMany(openSource(), 1), [200]);
    assert.equal(refreshes(), 4);
  });

  test('T5.outage: where there is no room for the new tokens, the old ones are not used up; with room the login goes on', async () => {
    await signIn();
    const before = await readdir(directory);
    issuer.expireAll();
    for (const limit of [16, 0]) {
      const child = startProcess('', limit);
      await once(child, 'message');
      child.send(1);
      const [[answer]] = await once(child, 'message');
      assert.match(answer, /Cannot keep tokens in .*EFBIG.*make room/);
      child.disconnect();
      await once(child, 'exit');
      assert.equal(refreshes(), 0);
      assert.deepEqual(await readdir(directory), before, 'neither a lock nor half a file stays');
    }
    assert.deepEqual(await callMany(openSource(), 1), [200]);
    assert.equal(refreshes(), 1);
  });

  test('T5.invalid-grant: a login that has ended needs the person; what is stored stays readable, and is asked for once', async () => {
    await signIn();
    issuer.settings.token = () => ({ status: 400, body: { error: 'invalid_grant' } });
    issuer.expireAll();
    for (let attempt = 0; attempt < 3; attempt += 1)
      await assert.rejects(callMany(openSource(), 1), { code: 'login_required', message: /expired/ });
    assert.equal(refreshes(), 1);
    assert.equal((await openSource().status())?.canRefresh, false);
  });

  test('T5.kept-refresh-token: an issuer that returns no new refresh token means the old one', async () => {
    await signIn();
    let serial = 0;
    issuer.settings.token = (body) => {
      serial += 1;
      assert.match(body.get('refresh_token') ?? '', /^refresh-/);
      return { status: 200, body: { access_token: `kept-${serial}`, token_type: 'Bearer', expires_in: 600 } };
    };
    const source = openSource();
    const first = await source.renew('access-1', NO_CHALLENGE);
    assert.equal(await source.renew(first, NO_CHALLENGE), 'kept-2');
  });
});
