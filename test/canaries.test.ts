// Secrets as canaries, in whole runs of the real agent: an issuer, servers and a model's vendor that show back all that they
// are sent, and a command that reads files aloud. Whatever the agent writes, to whatever place but the token store, has none
// of them in it; and each of them has really been used.

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { doctor } from '../agent/commands/doctor.ts';
import {
  type McpCommandOptions,
  mcpCall,
  mcpList,
  mcpLogin,
  mcpLogout,
  mcpStatus,
  mcpTools,
} from '../agent/commands/mcp.ts';
import { mcpDebug } from '../agent/commands/mcp-debug.ts';
import { type Finished, finish } from './support/agent-process.ts';
import { assertSent, playStage, type Stage } from './support/canary-stage.ts';
import { createEagerPerson } from './support/eager-person.ts';

const COMMAND = join(import.meta.dirname, 'fixtures/telling-command.ts');

describe('canaries', { concurrency: true }, () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'canaries-'));
  });
  after(() => rmSync(root, { recursive: true, force: true }));
  const stage = (name: string, play: (at: Stage) => Promise<void>) => playStage(root, name, play);

  const doctorOptions = ({ environment }: Stage, { signal, stdout }: McpCommandOptions) => ({
    environment,
    flags: {},
    json: false,
    isTerminal: false,
    signal,
    stdout,
    nodeVersion: process.versions.node,
  });
  /** Goes where the browser is sent. */
  const signIn = async (at: Stage): Promise<Finished> => {
    const child = at.start(['mcp', 'login', 'peer', '--browser']);
    const ended = finish(child);
    let shown = '';
    const url = await new Promise<string>((resolve, reject) => {
      child.once('close', () => reject(new Error(`The agent ended early: ${shown}`)));
      child.stderr?.on('data', (chunk) => {
        shown += chunk;
        const [found] = /http\S+code_challenge=\S+(?=\s)/.exec(shown) ?? [];
        if (found) resolve(found);
      });
    });
    const redirect = (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '';
    const page = await fetch(redirect);
    const finished = await ended;
    writeFileSync(
      join(at.folder, `login-${randomUUID()}`),
      `${await page.text()}\n${finished.stdout}\n${finished.stderr}`,
    );
    return finished;
  };

  test('a ready-made token and the key of a model, in all that ask, tasks and their recordings write', async () => {
    await stage('bearer', async (at) => {
      const token = at.canary('bearer', 'fixed-canary-');
      const key = at.canary('key', 'sk-');
      at.configure({ peer: { url: at.peer.mcpUrl } });
      Object.assign(at.environment, { MCP_BEARER_TOKEN: token, OPENAI_API_KEY: key });
      const told = await at.run([
        'ask',
        'use tell',
        '--output',
        'stream-json',
        '--record',
        join(at.folder, 'cassette'),
      ]);
      assert.equal(told.exitCode, 0, told.stderr);
      assert.match(told.stdout, /I was told: .*You sent/);
      const refused = await at.run(['ask', 'refuse', '--output', 'json']);
      assert.match(`${refused.exitCode} ${refused.stdout}`, /^2 .*openai refused the API key/s);
      const forbidden = await at.run(['ask', 'use forbid', '--output', 'json']);
      assert.match(forbidden.stdout, /"next_steps": ?\[\s*"Set MCP_BEARER_TOKEN/);
      const suite = join(at.folder, 'suite.yaml');
      const prompts = ['use tell', 'use fail', 'use break', 'refuse'];
      const tasks = prompts.map(
        (prompt, n) => `  - { id: t${n}, prompt: "${prompt}", expect: [{ answer: { contains: never } }] }\n`,
      );
      writeFileSync(suite, `version: 1\ntasks:\n${tasks.join('')}`);
      const words = ['tasks', suite, '--out', join(at.folder, 'runs'), '--record', join(at.folder, 'tape')];
      assert.match((await at.run(words)).stdout, /0 passed, 4 failed/);
      for (const show of ['report.html', 'junit.xml', 'report.json'])
        assert.match(readFileSync(join(at.folder, 'runs', show), 'utf8'), /You sent/, show);
      await at.here(mcpList);
      await at.here((options) => mcpDebug(options, 'peer'));
      await at.here((options) => doctor(doctorOptions(at, options)));
      for (let padding = 0; padding < 400; padding += 40)
        await at.here((options) => mcpCall(options, 'peer.break', [`padding:=${padding}`]));
      assertSent(at, token, key);
    });
  });

  test('the secret of a machine client, when the issuer shows it back and when it does not', async () => {
    await stage('machine', async (at) => {
      const secret = at.canary('client secret');
      at.configure({ peer: { url: at.peer.mcpUrl } });
      const names = { AUTH_ISSUER: at.peer.origin, AUTH_CLIENT_ID: 'machine', AUTH_CLIENT_SECRET: secret };
      Object.assign(at.environment, names);
      for (const error of ['invalid_client', 'invalid_scope', 'temporarily_unavailable', 'x'.repeat(150)]) {
        at.peer.refusals.push({ status: 400, error });
        assert.match(await at.here((options) => mcpCall(options, 'peer.tell', [])), /gave no token|does not grant/);
      }
      assert.match(await at.here((options) => mcpCall(options, 'peer.tell', [])), /You sent/);
      for (const json of [false, true]) {
        await at.here((options) => mcpDebug({ ...options, json }, 'peer'));
        await at.here((options) => doctor({ ...doctorOptions(at, options), json }));
        await at.here((options) => mcpTools({ ...options, json }));
        await at.here((options) => mcpStatus({ ...options, json }));
      }
      // The token is called a scope: of the server, and of a call.
      const found = await at.here((options) => doctor(doctorOptions(at, options)));
      assert.match(found, /The server takes tokens of [\s\S]*it lacks \S/);
      assert.doesNotMatch(found, /--scope/, 'no command that cannot be meant');
      assert.match(await at.here((options) => mcpCall(options, 'peer.forbid', [])), /lacks the scope/);
      assertSent(at, secret);
      assertSent(at, 'presented token');
    });
  });

  test('literals of .mcp.json, and what a command reads aloud that it was given or finds', async () => {
    await stage('file', async (at) => {
      const secret = at.canary('literal secret');
      const header = at.canary('header', 'fixed-canary-');
      const word = at.canary('word');
      const given = at.canary('given');
      const shell = at.canary('variable');
      const told = at.secretFile('told', '');
      const servers = {
        peer: { url: at.peer.mcpUrl, auth: { issuer: at.peer.origin, client_id: 'machine', client_secret: secret } },
        header: {
          url: `${at.peer.mcpUrl}?api_key=${at.canary('query')}`,
          headers: { authorization: `Bearer ${header}` },
        },
        command: {
          command: process.execPath,
          args: [COMMAND, '--api-key', word],
          env: {
            DATABASE_URL: `postgres://me:${given}@localhost/db`,
            SHELL_SECRET: '${A_SECRET}',
            TELL_FILES: join(at.folder, 'mcp.json'),
            TELL_TO: told,
          },
        },
      };
      at.configure(servers);
      const ours = { OPENAI_API_KEY: at.canary('key', 'sk-'), GITHUB_TOKEN: at.canary('another') };
      Object.assign(at.environment, { A_SECRET: shell, ...ours });
      at.peer.refusals.push({ status: 401, error: 'invalid_client' });
      for (const json of [false, true]) await at.here((options) => mcpList({ ...options, json }));
      // A process of its own: what a command inherits is decided there.
      const listed = await at.run(['mcp', 'call', 'command.environment', '--trust-mcp-file']);
      assert.match(listed.stdout, /DATABASE_URL/);
      for (const tool of ['peer.tell', 'header.tell', 'command.files'])
        assert.match(await at.here((options) => mcpCall(options, tool, [])), /You sent|mcpServers/, tool);
      assertSent(at, secret, header);
      const inherited = readFileSync(told, 'utf8');
      for (const value of [given, shell]) assert.ok(inherited.includes(value));
      for (const value of Object.values(ours)) assert.ok(!inherited.includes(value));
    });
  });

  test('a private key and the client of the local server, in files that a command reads aloud', async () => {
    await stage('key', async (at) => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      for (const [index, line] of pem.split('\n').entries())
        if (/^[\w+/]{60}/.test(line)) at.canaries.set(`line ${index} of the key`, line);
      const keyFile = at.secretFile('key.pem', pem);
      const command = (file: string) => ({ command: process.execPath, args: [COMMAND], env: { TELL_FILES: file } });
      at.configure({ peer: { url: at.peer.mcpUrl }, command: command(keyFile) });
      const names = { AUTH_ISSUER: at.peer.origin, AUTH_CLIENT_ID: 'machine', AUTH_PRIVATE_KEY_FILE: keyFile };
      Object.assign(at.environment, names);
      at.peer.refusals.push({ status: 401, error: 'invalid_client' });
      await at.here((options) => mcpCall(options, 'peer.tell', []));
      assert.match(await at.here((options) => mcpCall(options, 'peer.tell', [])), /You sent/);
      assert.match(await at.here((options) => mcpCall(options, 'command.files', [])), /BEGIN PRIVATE KEY/);
      assertSent(at, 'client_assertion', 'presented token');
    });
    await stage('local', async (at) => {
      const secret = at.canary('local secret');
      const text = JSON.stringify({ issuer: at.peer.origin, client_id: 'machine', client_secret: secret });
      const file = at.secretFile('data/agent-client.json', text);
      const command = { command: process.execPath, args: [COMMAND], env: { TELL_FILES: file } };
      at.configure({ peer: { url: at.peer.mcpUrl }, command });
      // Before it has been used.
      assert.match(await at.here((options) => mcpCall(options, 'command.files', [])), /client_secret/);
      assert.match(await at.here((options) => mcpCall(options, 'peer.tell', [])), /You sent/);
      assertSent(at, secret);
    });
  });

  test('codes, verifiers, refresh tokens and the secret of a registration, through a login with a browser', async () => {
    await stage('browser', async (at) => {
      at.configure({ peer: { url: at.peer.mcpUrl } });
      at.peer.refusals.push({ status: 400, error: 'invalid_grant' });
      assert.match((await signIn(at)).stderr, /gave no token/);
      assert.match((await signIn(at)).stdout, /connected/);
      assertSent(at, 'code', 'code_verifier', 'client_secret', 'presented token');
      const person = createEagerPerson();
      await at.here((options) => mcpLogin({ ...options, prompt: person }, 'peer'));
      at.say('what a person was asked and shown', JSON.stringify([person.asked, person.shown]));
      assert.match(await at.here((options) => mcpCall(options, 'peer.forbid', [])), /lacks the scope/);
      // With a token that is called a scope.
      assert.match((await signIn(at)).stdout, /connected/);
      at.peer.expireAll();
      for (const status of [400, 503]) {
        at.peer.refusals.push({ status, error: 'invalid_request' });
        await at.here((options) => mcpCall(options, 'peer.tell', []));
      }
      assert.match(await at.here((options) => mcpCall(options, 'peer.tell', [])), /You sent/);
      assertSent(at, 'refresh_token');
      await at.here((options) => mcpLogout(options, 'peer'));
    });
  });

  test('a device code', async () => {
    await stage('device', async (at) => {
      at.configure({ peer: { url: at.peer.mcpUrl } });
      at.peer.refusals.push({ status: 400, error: 'authorization_pending' }, { status: 400, error: 'access_denied' });
      const denied = await at.run(['mcp', 'login', 'peer', '--device']);
      assert.match(denied.stderr, /ABCD-EFGH[\s\S]*said no/);
      assertSent(at, 'device_code');
      const person = createEagerPerson({ methods: ['device'] });
      assert.match(await at.here((options) => mcpLogin({ ...options, prompt: person }, 'peer')), /connected/);
      assertSent(at, 'presented token');
    });
  });

  test('a proof key and all that the token store holds, when a command reads it aloud', async () => {
    await stage('store', async (at) => {
      at.configure({ peer: { url: at.peer.mcpUrl } });
      Object.assign(at.environment, { AUTH_DPOP: 'required' });
      const person = createEagerPerson();
      assert.match(await at.here((options) => mcpLogin({ ...options, prompt: person }, 'peer')), /connected/);
      const store = join(at.folder, 'state/authorized-mcp-agent/tokens');
      const files = readdirSync(store).map((file) => join(store, file));
      const kept = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
      const proofKey = kept.map(({ proofKey: key }) => key?.d).find(Boolean);
      assert.ok(proofKey);
      at.canaries.set('proof key', proofKey);
      const command = { command: process.execPath, args: [COMMAND], env: { TELL_FILES: files.join(':') } };
      at.configure({ peer: { url: at.peer.mcpUrl }, command });
      assert.match(await at.here((options) => mcpCall(options, 'peer.tell', [])), /You sent/);
      assert.match(await at.here((options) => mcpCall(options, 'command.files', [])), /refreshToken/);
      assertSent(at, 'presented token');
    });
  });
});
