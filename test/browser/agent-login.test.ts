// M7 with our own agent as the client: `mcp login` as people run it, a person at a real Chromium, and what the login is then
// good for. Nothing that the agent says may hold a code, a token or what a token is made of.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { Environment } from '../../agent/config.ts';
import { type Finished, finish, runAgent, startAgentProcess } from '../support/agent-process.ts';
import { launchChromium } from '../support/chromium.ts';
import { startTestServer, type TestServer } from '../support/mcp-server.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';
import { authorizationUrlOf, firstMatch } from './login-client.ts';
import { createPerson } from './person.ts';

const ROOT = join(import.meta.dirname, '../..');
const AUTHORIZATION_URL = /http:\/\/\S+[?&]code_challenge=\S+/;

describe('a person signs in for the agent', () => {
  let chromium: Browser;
  let server: TestServer;
  let page: Page;
  let person: ReturnType<typeof createPerson>;
  let folder: string;
  let environment: Environment;
  before(async () => {
    chromium = await launchChromium();
  });
  after(() => chromium.close());
  beforeEach(async () => {
    [server, folder] = await Promise.all([startTestServer(), mkdtemp(join(tmpdir(), 'agent-login-'))]);
    page = await chromium.newPage();
    page.setDefaultTimeout(10_000);
    person = createPerson(page);
    await writeFile(join(folder, '.mcp.json'), JSON.stringify({ mcpServers: { local: { url: server.url } } }));
    environment = agentAt(join(folder, 'no-data'));
  });
  afterEach(async () => {
    await page.context().close();
    await server.close();
    await rm(folder, { recursive: true });
  });

  /** An agent that knows the server's URL, and the server's clients if `dataDir` is the server's. */
  const agentAt = (dataDir: string): Environment => ({
    DATA_DIR: dataDir,
    MCP_CONFIG: join(folder, '.mcp.json'),
    XDG_STATE_HOME: join(folder, 'state'),
    // No browser of this machine is to open.
    BROWSER: '/bin/true',
  });
  const agent = async (...args: string[]) => await assertNothingLeaks(await runAgent(args, environment));
  const login = async (answer: 'Allow' | 'Deny', ...flags: string[]): Promise<Finished> => {
    const child = startAgentProcess(['mcp', 'login', 'local', '--browser', ...flags], environment);
    const [url, ended] = [authorizationUrlOf(child), finish(child)];
    await person.answer(await url, answer);
    return await assertNothingLeaks(await ended);
  };
  const startDevice = () => {
    const child = startAgentProcess(['mcp', 'login', 'local', '--device'], environment);
    assert(child.stderr);
    return { url: firstMatch(child.stderr, /http\S+user_code=\S+/), ended: finish(child) };
  };
  const issued = () => server.log().filter(({ event }) => event === 'token-issued');

  /** Neither what is kept, nor what was on its way. */
  const assertNothingLeaks = async (run: Finished): Promise<Finished> => {
    const said = `${run.stdout}${run.stderr}`;
    assert.doesNotMatch(said, /(?<![\w-])eyJ[\w-]{10}|[?&](code|iss|code_verifier)=/);
    assert.doesNotMatch(said.replaceAll(new RegExp(AUTHORIZATION_URL, 'g'), ''), /state=/);
    for (const secret of await storedSecrets()) assert.ok(!said.includes(secret), 'a token in what the agent says');
    return run;
  };
  const storedSecrets = async () => {
    const tokens = join(folder, 'state/authorized-mcp-agent/tokens');
    const files = await readdir(tokens).catch(() => []);
    const texts = await Promise.all(
      files.filter((file) => file.endsWith('.json')).map((file) => readFile(join(tokens, file), 'utf8')),
    );
    return texts.flatMap((text) =>
      [...text.matchAll(/"(?:accessToken|refreshToken)":"([^"]+)"/g)].map(([, token = '']) => token),
    );
  };

  test('M7: 401, discovery, registration, sign-in, consent, code, token, call, 42', async () => {
    const { exitCode, stdout } = await login('Allow');
    assert.equal(exitCode, 0);
    assert.match(stdout, /^state +connected\n[\s\S]*^signed in as +demo-user\n[\s\S]*^scopes +read:add\n/m);
    await page.getByRole('heading', { name: 'Signed in' }).waitFor();
    assert.equal(new URL(page.url()).search, '', 'neither code nor state stay in the address bar');
    assert.match(String(issued().at(-1)?.['client_id']), /^dyn_/);
    assert.ok((await storedSecrets()).length >= 2);

    const tokens = issued().length;
    assert.deepEqual(await agent('mcp', 'call', 'local.add', 'a:=2', 'b:=40'), {
      exitCode: 0,
      stdout: '42\n',
      stderr: '',
    });
    assert.equal(server.log().findLast(({ event }) => event === 'tool-call')?.['subject'], 'demo-user');
    assert.equal(issued().length, tokens, 'the login is used again, and nobody asks for another token');
  });

  test('the client that the server keeps signs in where the agent may read of it', async () => {
    environment = agentAt(server.dataDir);
    assert.equal((await login('Allow')).exitCode, 0);
    assert.equal(issued().at(-1)?.['client_id'], 'local-cli');
    assert.equal(
      server.log().some(({ event }) => event === 'client-registered'),
      false,
    );

    const device = startDevice();
    await page.goto(await device.url);
    for (const button of ['Continue', 'Continue', 'Allow']) await person.press(button);
    await page.getByText('The device is connected').waitFor();
    const { exitCode, stdout } = await assertNothingLeaks(await device.ended);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^grant +device-code/m);
  });

  test('a person who says no is taken at their word, in words, with exit code 3', async () => {
    const { exitCode, stdout, stderr } = await login('Deny');
    assert.deepEqual([exitCode, stdout], [3, '']);
    assert.match(stderr, /^Access was denied at http:\/\/localhost:\d+\. Sign in again to allow it\.$/m);
    await page.getByRole('heading', { name: 'Not signed in' }).waitFor();
    assert.equal((await agent('mcp', 'call', 'local.add', 'a:=2', 'b:=40')).exitCode, 3);
  });

  test('a step-up asks for what is new alone, by a pasted address, and the call goes through with all of it', async (t) => {
    await login('Allow');
    const terminal = await openAgent(t, 'mcp call local.create_note title=first text=hello');
    await terminal.waitFor(/holds read:add\n +asks for read:add \+ write:notes \(new\)\nSign in\? \[y\/N\]/);
    await terminal.type('y');
    await terminal.press('Enter');
    const url = AUTHORIZATION_URL.exec(await terminal.waitFor(AUTHORIZATION_URL))?.[0] ?? '';
    // Nobody listens there: the address stays in the browser's bar.
    const back = page.waitForRequest(/\/callback/);
    await page.goto(url);
    const fresh = page.getByRole('list', { name: 'New: it would also be able to' }).getByRole('listitem');
    assert.deepEqual([await fresh.count(), /write:notes/.test((await fresh.textContent()) ?? '')], [1, true]);
    assert.equal(await page.getByText('read:add').isVisible(), false);
    await person.press('Allow');
    const address = (await back).url();
    await terminal.waitFor(/stays hidden\):/);
    await terminal.paste(address);
    await terminal.press('Enter');
    const seen = await terminal.waitFor(/exit code 0/);
    assert.match(seen, /Created first/);
    const code = new URL(address).searchParams.get('code');
    assert.ok(code && !seen.includes(code), 'what was pasted is not on the screen');
    assert.equal(issued().at(-1)?.['scope'], 'read:add write:notes');
    assert.match((await agent('mcp', 'status', 'local')).stdout, /^scopes +read:add write:notes$/m);
  });

  test('a step-up that is refused, here or in the browser, ends with 3 and the scope that is missing', async (t) => {
    await login('Allow');
    const call = 'mcp call local.create_note title=first text=hello';
    const here = await openAgent(t, call);
    await here.waitFor(/Sign in\?/);
    await here.press('Enter');
    assert.match(
      await here.waitFor(/exit code 3/),
      /lacks the scope write:notes: it was not granted\. .* mcp login local --scope "write:notes"/,
    );
    const there = await openAgent(t, call);
    await there.waitFor(/Sign in\?/);
    await there.type('y');
    await there.press('Enter');
    const url = AUTHORIZATION_URL.exec(await there.waitFor(AUTHORIZATION_URL))?.[0] ?? '';
    const back = page.waitForRequest(/\/callback/);
    await page.goto(url);
    await person.press('Deny');
    await there.waitFor(/stays hidden\):/);
    await there.paste((await back).url());
    await there.press('Enter');
    assert.match(
      await there.waitFor(/exit code 3/),
      /lacks the scope write:notes: it was not granted\. Access was denied at .* mcp login local --scope "write:notes"/,
    );
    assert.equal(
      server.log().some(({ event }) => event === 'tool-call'),
      false,
    );
  });

  test('where nobody can be asked, the missing scope is named with the command that gets it, and that one does', async () => {
    await login('Allow');
    const tokens = issued().length;
    const note = ['mcp', 'call', 'local.create_note', 'title=first', 'text=hello'];
    const refused = await agent(...note);
    assert.equal(refused.exitCode, 3);
    const command = /npm run -s agent -- (mcp login local --scope "write:notes")/.exec(refused.stderr)?.[1];
    assert.ok(command, refused.stderr);
    const json = await agent(...note, '--json');
    assert.equal(json.exitCode, 3);
    const { code, missingScopes } = JSON.parse(json.stdout).error;
    assert.deepEqual([code, missingScopes], ['insufficient_scope', ['write:notes']]);
    const asked = await agent('ask', '--output', 'json', '--approval', 'all', 'create_note Milk');
    assert.equal(asked.exitCode, 3);
    const result = JSON.parse(asked.stdout);
    assert.deepEqual([result.status, result.missing_scopes], ['auth_required', ['write:notes']]);
    assert.deepEqual(result.next_steps, [`npm run -s agent -- ${command}`]);
    assert.equal(issued().length, tokens, 'no token is asked for that nobody could grant');

    assert.equal((await login('Allow', '--scope', 'write:notes')).exitCode, 0);
    assert.match((await agent(...note)).stdout, /^Created first/);
  });

  test('what is revoked on the page of connections is over for the agent', async () => {
    await login('Allow');
    await page.goto(`${server.issuer}/connections`);
    await person.press('Revoke authorized-mcp-agent');
    await page.getByText('Nothing is connected').waitFor();
    const until = Date.now() + 10_000;
    const call = () => agent('mcp', 'call', 'local.add', 'a:=2', 'b:=40');
    let { exitCode, stderr } = await call();
    // The server knows of it within seconds.
    while (exitCode === 0 && Date.now() < until) ({ exitCode, stderr } = await call());
    assert.equal(exitCode, 3);
    assert.match(stderr, /The login has expired: npm run -s agent -- mcp login local\n/);
    const status = await agent('mcp', 'status', 'local');
    assert.deepEqual([status.exitCode, /^state +(expired|needs-login)$/m.test(status.stdout)], [3, true]);
    assert.equal((await login('Allow')).exitCode, 0);
  });

  test('signing out ends the login at the issuer too', async () => {
    await login('Allow');
    assert.match((await agent('mcp', 'logout', 'local')).stdout, /^local: Signed out/);
    await page.goto(`${server.issuer}/connections`);
    await page.getByText('Nothing is connected').waitFor();
    assert.equal((await agent('mcp', 'call', 'local.add', 'a:=2', 'b:=40')).exitCode, 3);
    assert.deepEqual(await storedSecrets(), []);
  });

  test('at an issuer that does as Auth0 does: browser, a code for another device, and a no that nobody hears of', async () => {
    await server.close();
    server = await startTestServer({ AUTH_SERVER_DIALECT: 'auth0' });
    await writeFile(join(folder, '.mcp.json'), JSON.stringify({ mcpServers: { local: { url: server.url } } }));
    for (const dataDir of [join(folder, 'no-data'), server.dataDir]) {
      environment = agentAt(dataDir);
      const { exitCode, stderr } = await login('Allow');
      assert.equal(exitCode, 0, stderr);
    }
    assert.equal((await agent('mcp', 'call', 'local.add', 'a:=2', 'b:=40')).stdout, '42\n');

    const device = startDevice();
    await page.goto(await device.url);
    // Its first answers to the device are 403 and say to wait.
    await server.nextLogged('token-refused');
    for (const button of ['Continue', 'Continue', 'Allow']) await person.press(button);
    assert.equal((await assertNothingLeaks(await device.ended)).exitCode, 0);

    const child = startAgentProcess(['mcp', 'login', 'local', '--browser'], environment);
    const [url, ended] = [authorizationUrlOf(child), finish(child)];
    await person.answer(await url, 'Deny');
    await page.getByText('Nothing was allowed').waitFor();
    child.kill('SIGINT');
    const { exitCode, stderr } = await ended;
    assert.deepEqual([exitCode, stderr.trimEnd().split('\n').at(-1)], [130, 'Interrupted.']);
    assert.equal((await agent('mcp', 'call', 'local.add', 'a:=2', 'b:=40')).exitCode, 0, 'the login before is kept');
  });

  async function openAgent(t: TestContext, command: string): Promise<Terminal> {
    const variables = { ...environment, NO_COLOR: '1', DISPLAY: '', WAYLAND_DISPLAY: '', SSH_CONNECTION: '' };
    const terminal = await openTerminal(`${process.execPath} agent/main.ts ${command}`, variables, ROOT);
    t.after(() => terminal.close());
    // A row holds the longest address.
    await terminal.resize(1200, 40);
    return terminal;
  }
});
