// `agent mcp …` and `agent doctor` as people and scripts run them: what stands on stdout, and the exit code.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type McpCommandOptions, mcpApprove, mcpCall, mcpList, mcpStatus, mcpTools } from '../agent/commands/mcp.ts';
import { mcpDebug } from '../agent/commands/mcp-debug.ts';
import { type Environment, parseConfig } from '../agent/config.ts';
import { AgentError, exitCodeOf } from '../agent/errors.ts';
import { runAgent } from './support/agent-process.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { freePorts } from './support/ports.ts';
import { type ScriptedServer, startScriptedServer } from './support/scripted-mcp-server.ts';
import { machineToken } from './support/tokens.ts';

const EVERYTHING = join(import.meta.dirname, '../node_modules/@modelcontextprotocol/server-everything/dist/index.js');

describe('the commands for servers', () => {
  let ours: TestServer;
  let scripted: ScriptedServer;
  let folder: string;
  let environment: Environment;

  before(async () => {
    [ours, scripted] = await Promise.all([startTestServer(), startScriptedServer()]);
    folder = await mkdtemp(join(tmpdir(), 'mcp-commands-'));
    const [down = 0] = await freePorts(1);
    const file = join(folder, '.mcp.json');
    const mcpServers = {
      local: { url: ours.url },
      scripted: { url: scripted.url },
      down: { url: `http://localhost:${down}/mcp` },
      command: { command: process.execPath, args: [EVERYTHING, 'stdio'] },
      off: { url: 'https://tools.example/mcp', disabled: true },
    };
    await writeFile(file, JSON.stringify({ mcpServers }));
    environment = { ...ours.environment, MCP_CONFIG: file, XDG_STATE_HOME: join(folder, 'state') };
  });
  after(async () => {
    await Promise.all([ours.close(), scripted.stop()]);
    await rm(folder, { recursive: true, force: true });
  });
  /** Without a process of its own, which takes a second each. */
  const run = async (
    command: (options: McpCommandOptions) => Promise<number>,
    { json = false, extra = {} as Environment, trustMcpFile = false } = {},
  ) => {
    let [stdout, stderr] = ['', ''];
    const exitCode = await command({
      config: parseConfig({ ...environment, ...extra }, { trustMcpFile }),
      json,
      signal: new AbortController().signal,
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
    }).catch((error: unknown) => {
      assert.ok(error instanceof AgentError, String(error));
      stderr += error.message;
      return exitCodeOf(error);
    });
    return { stdout, stderr, exitCode };
  };
  const call = (target: string, ...words: string[]) => run((options) => mcpCall(options, target, words));

  test('list shows every server with the word for its state', async () => {
    const { stdout, exitCode } = await run(mcpList);
    assert.equal(exitCode, 0);
    for (const [name, state] of [
      ['local', 'connected'],
      ['scripted', 'connected'],
      ['down', 'unreachable'],
      ['command', 'disabled'],
      ['off', 'disabled'],
    ])
      assert.match(stdout, new RegExp(`^${name} +${state}`, 'm'));
    assert.match(stdout, /Needs approval: .* npm run agent -- mcp approve command/);
  });

  test('with --json everything is JSON, errors as well', async () => {
    const listed = await runAgent(['mcp', 'list', '--json'], environment);
    assert.equal(listed.exitCode, 0);
    assert.deepEqual(
      JSON.parse(listed.stdout).servers.map(({ name }: { name: string }) => name),
      ['local', 'scripted', 'down', 'command', 'off'],
    );
    const failed = await runAgent(['mcp', 'call', 'down.add', '--json'], environment);
    assert.equal(failed.exitCode, 4);
    assert.equal(JSON.parse(failed.stdout).error.code, 'unreachable');
  });

  test('a server that there is not is named with those that there are, before anybody is asked to sign in', async () => {
    const { stderr, exitCode } = await runAgent(['mcp', 'login', 'locla'], environment);
    assert.deepEqual(
      [stderr, exitCode],
      ['There is no server "locla". The servers are: local, scripted, down, command, off.\n', 2],
    );
  });

  test('status says by its exit code why a server is not connected', async () => {
    const code = async (name: string, extra?: Environment) =>
      (await run((options) => mcpStatus(options, name), { ...(extra ? { extra } : {}) })).exitCode;
    assert.deepEqual([await code('local'), await code('down'), await code('off'), await code('nobody')], [0, 4, 2, 2]);
    assert.equal(await code('local', { MCP_BEARER_TOKEN: 'not-a-good-token' }), 3);
  });

  test('tools are listed under the names that the model sees, with what they need', async () => {
    const tools = (options: McpCommandOptions) => mcpTools(options, 'local');
    assert.match((await run(tools)).stdout, /^add \(reads only, needs read:add\)\n {2}\[local\] Adds/m);
    const { stdout } = await run(tools, { json: true });
    assert.deepEqual(JSON.parse(stdout).tools[0].inputSchema.required, ['a', 'b']);
  });

  test('call gives the result alone, and what goes wrong by its exit code', async () => {
    const { stdout, exitCode } = await runAgent(['mcp', 'call', 'local.add', 'a=2', 'b:=40'], environment);
    assert.deepEqual([stdout, exitCode], ['42\n', 0]);
    assert.equal((await run((options) => mcpCall(options, 'local.add', ['{"a":2,"b":40}']))).stdout, '42\n');
    for (const [args, expected] of [
      [['local.add', 'a=two', 'b:=40'], 1],
      [['local.nope'], 2],
      [['local'], 2],
      [['local.add', 'a'], 2],
      [['local.add', 'a:=x'], 2],
      [['down.add'], 4],
      [['nobody.add'], 2],
    ] as const) {
      const [target, ...words] = args;
      assert.equal((await call(target, ...words)).exitCode, expected, args.join(' '));
    }
    const limited = { MCP_BEARER_TOKEN: await machineToken(ours, 'read:add') };
    const note = (options: McpCommandOptions) => mcpCall(options, 'local.create_note', ['title=a', 'text=b']);
    assert.equal((await run(note, { extra: limited })).exitCode, 3);
  });

  test('a command of .mcp.json runs after its approval, which nobody gives by accident', async () => {
    const echo = (options: McpCommandOptions) => mcpCall(options, 'command.echo', ['message=hi']);
    assert.equal((await run(echo)).exitCode, 2);
    const unsure = await run((options) => mcpApprove(options, 'command', false));
    assert.equal(unsure.exitCode, 2);
    assert.match(unsure.stderr, /runs on this machine, as you:\n.*stdio\n.*add --yes/s);
    const no = await run((options) => mcpApprove({ ...options, confirm: async () => false }, 'command', false));
    assert.equal(no.exitCode, 5);
    assert.equal((await run(echo, { trustMcpFile: true })).stdout, 'Echo: hi\n');
    assert.equal((await run(echo)).exitCode, 2);
    assert.equal((await run((options) => mcpApprove(options, 'command', true))).exitCode, 0);
    assert.equal((await run(echo)).stdout, 'Echo: hi\n');
  });

  test('a tool that has changed is refused with 5 until its difference has been approved', async () => {
    assert.equal((await call('scripted.echo', 'text=hi')).stdout, 'hi\n');
    scripted.tools = [{ name: 'echo', description: 'Something else.', inputSchema: { type: 'object' } }];
    assert.equal((await call('scripted.echo', 'text=hi')).exitCode, 5);
    const tools = await run((options) => mcpTools(options, 'scripted'));
    assert.match(tools.stdout, /^echo \(CHANGED since it was approved\)/);
    const unsure = await run((options) => mcpApprove(options, 'scripted.echo', false));
    assert.equal(unsure.exitCode, 2);
    assert.match(unsure.stderr, /^- .*Says it again\.",?\n\+ .*Something else\./m);
    assert.equal((await run((options) => mcpApprove(options, 'scripted.echo', true))).exitCode, 0);
    assert.equal((await call('scripted.echo', 'text=hi')).stdout, 'hi\n');
  });

  test('debug walks the way to a token and shows none', async () => {
    const { stdout, exitCode } = await run((options) => mcpDebug(options, 'local'));
    assert.equal(exitCode, 0);
    const steps = [...stdout.matchAll(/^✓ (.*)$/gm)].map((match) => match[1]);
    assert.deepEqual(steps, [
      'request without a token',
      'metadata of the resource (RFC 9728)',
      'metadata of the issuer (RFC 8414)',
      'connect with a token',
    ]);
    const { client_secret } = JSON.parse(await readFile(join(ours.dataDir, 'agent-client.json'), 'utf8'));
    assert.ok(!stdout.includes(client_secret));
    assert.doesNotMatch(stdout, /eyJ[\w-]{10,}\./);
    const open = await run((options) => mcpDebug(options, 'scripted'), { json: true });
    assert.match(JSON.parse(open.stdout).steps[0].note, /asks for no token/);
  });

  test('doctor finds a healthy server healthy, reads its token, and shows none of it', async () => {
    const only = { ...environment, MCP_CONFIG: undefined, MCP_SERVER_URL: ours.url };
    const { stdout, exitCode } = await runAgent(['doctor'], only);
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /✓ token for server: issuer, audience and times are as the server wants them/);
    assert.match(stdout, /✓ server server: connected, 11 tools/);
    assert.match(stdout, /! token for server: it lacks .*delete:notes/);
    assert.match(
      stdout,
      /sign in: npm run -s agent -- mcp login server --scope "read:notes write:notes delete:notes"\n/,
    );
    assert.doesNotMatch(stdout, /eyJ[\w-]{10,}\./);
  });

  test('doctor names what is wrong with a token that the server refuses', async () => {
    const other = await startTestServer();
    try {
      const token = await machineToken(other);
      const bent = { ...environment, MCP_CONFIG: undefined, MCP_SERVER_URL: ours.url, MCP_BEARER_TOKEN: token };
      const { stdout, exitCode } = await runAgent(['doctor'], bent);
      assert.equal(exitCode, 3);
      assert.match(stdout, /✗ server server: needs-login/);
      assert.match(stdout, /✗ token for server: its issuer is "http:\/\/localhost:\d+", the server takes tokens of/);
      assert.match(stdout, /✗ token for server: its audience is/);
      assert.ok(!stdout.includes(token));
    } finally {
      await other.close();
    }
  });

  test('doctor reports a configuration that cannot be read, and goes no further', async () => {
    const { stdout, exitCode } = await runAgent(['doctor', '--json'], { MCP_CONFIG: '/does/not/exist' });
    assert.equal(exitCode, 2);
    const { findings } = JSON.parse(stdout);
    assert.deepEqual(
      findings.map(({ check, state }: { check: string; state: string }) => `${check} ${state}`),
      ['node ok', 'model ok', 'configuration problem'],
    );
  });
});
