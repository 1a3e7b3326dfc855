// Whom a task acts as, in the running system: a person signs in under a profile at the embedded authorization server, and
// a suite uses that login, the machine client, or neither; nobody else ever stands in.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../agent/config.ts';
import { openLogin } from '../agent/mcp/login-source.ts';
import { runAgent } from './support/agent-process.ts';
import { createBrowser } from './support/browser.ts';
import { createEagerPerson } from './support/eager-person.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { machineToken } from './support/tokens.ts';

describe('a task that acts as somebody', () => {
  let server: TestServer;
  let directory: string;
  before(async () => {
    server = await startTestServer();
    directory = mkdtempSync(join(tmpdir(), 'tasks-login-'));
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  let count = 0;
  const environmentOf = (stateHome: string) => ({
    ...server.environment,
    XDG_STATE_HOME: join(directory, stateHome),
    CI: 'true',
  });
  const run = async (tasks: string, environment: Record<string, string | undefined>) => {
    count += 1;
    const file = join(directory, `suite-${count}.yaml`);
    writeFileSync(file, `version: 1\ndefaults: { model: demo, approve: [create_note] }\ntasks:\n${tasks}`);
    const first = server.log().length;
    const finished = await runAgent(['tasks', file, '-j', '1', '--out', join(directory, `run-${count}`)], environment);
    const log = server.log().slice(first);
    const subjects = log.filter(({ event }) => event === 'tool-call').map(({ subject }) => subject);
    return { ...finished, subjects, events: new Set(log.map(({ event }) => event)) };
  };
  /** As `mcp login --paste` does it: the address is shown, a browser elsewhere opens it, its last address is pasted. */
  const signIn = async (profile: string, stateHome: string, scopes: readonly string[] = []) => {
    const config = parseConfig({ ...environmentOf(stateHome), AUTH_PROFILE: profile });
    const [local] = config.servers;
    assert.ok(local?.transport === 'http');
    const browse = async (url: URL) => {
      const browser = createBrowser(url.searchParams.get('redirect_uri') ?? '');
      const consent = await browser.submit(await browser.visit(url.href), 'sign-in');
      return (await browser.submit(consent, 'allow')).url;
    };
    const prompt = createEagerPerson({ methods: ['paste'], browse });
    return await openLogin(local, { config, prompt }).login(AbortSignal.timeout(60_000), scopes);
  };

  test('with her profile it uses her token: the notebook is hers, and the machine client does not see it', async () => {
    const { user, scopes } = await signIn('alice', 'signed-in', ['read:notes', 'write:notes']);
    assert.ok(user);
    assert.ok(scopes.includes('write:notes'), scopes.join(' '));
    const { exitCode, stdout, stderr, subjects, events } = await run(
      [
        '  - { id: hers, as: alice, prompt: \'create a note titled "Quince of Alice"\', expect: [{ tools: { calls: [{ name: create_note, outcome: ok }] } }] }',
        '  - { id: others, as: { machine: local-agent }, prompt: search notes for quince, expect: [{ answer: { not: { contains: Quince of Alice } } }] }',
        '  - { id: found, as: alice, prompt: search notes for quince, expect: [{ answer: { contains: Quince of Alice } }] }',
        '',
      ].join('\n'),
      environmentOf('signed-in'),
    );
    assert.match(stdout, /\n3 passed, 0 failed, 0 skipped\n$/, `${stdout}\n${stderr}`);
    assert.equal(exitCode, 0);
    assert.deepEqual(
      subjects.map((subject) => subject === user),
      [true, false, true],
      'alice, the machine, alice',
    );
    assert.ok(!events.has('signed-in'));
  });

  test('a scope that she did not grant is an error: exit code 3, and the command that asks her for it', async () => {
    await signIn('carol', 'narrow');
    const { exitCode, stdout } = await run(
      '  - { id: writes, as: carol, prompt: \'create a note titled "x"\' }\n',
      environmentOf('narrow'),
    );
    assert.equal(exitCode, 3, stdout);
    assert.match(stdout, /AUTH_PROFILE=carol npm run -s agent -- mcp login local --scope "write:notes"/);
  });

  test('a machine stays one although a person has signed in where no profile is named', async () => {
    const { user } = await signIn('default', 'default-profile');
    const { exitCode, subjects, stdout } = await run(
      '  - { id: machine, as: { machine: local-agent }, prompt: What is 2 + 2? }\n  - { id: whoever, prompt: What is 2 + 2? }\n',
      environmentOf('default-profile'),
    );
    assert.equal(exitCode, 0, stdout);
    assert.deepEqual(
      subjects.map((subject) => subject === user),
      [false, true],
    );
  });

  test('with a profile that nobody signed in to it is an error: exit code 3, the command to run, and no machine in their place', async () => {
    const { exitCode, stdout, stderr, subjects, events } = await run(
      '  - { id: nobody, as: bob, prompt: What is 2 + 2? }\n',
      // A screen is there: a browser could be opened.
      { ...environmentOf('signed-in'), DISPLAY: ':0' },
    );
    assert.equal(exitCode, 3, stdout + stderr);
    assert.match(stdout, /AUTH_PROFILE=bob npm run -s agent -- mcp login local/);
    assert.match(stdout, /1 error among the failed/);
    assert.deepEqual(subjects, []);
    for (const event of ['client-registered', 'signed-in', 'authorization-granted', 'token-issued'])
      assert.ok(!events.has(event), event);
  });

  test('a ready-made token is nobody’s profile: refused before anything runs', async () => {
    const token = await machineToken(server, 'read:notes');
    const { exitCode, stderr, subjects } = await run('  - { id: a, as: alice, prompt: What is 2 + 2? }\n', {
      ...environmentOf('signed-in'),
      MCP_BEARER_TOKEN: token,
    });
    assert.equal(exitCode, 2);
    assert.match(stderr, /acts as the login profile "alice", but the configuration has no logins of people/);
    assert.deepEqual(subjects, []);
  });
});
