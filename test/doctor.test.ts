// Each finding of `agent doctor` that is no good news, with what to do about it and the exit code that it ends with.

import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { doctor } from '../agent/commands/doctor.ts';
import type { Environment } from '../agent/config.ts';
import { freePorts } from './support/ports.ts';
import { startScriptedServer } from './support/scripted-mcp-server.ts';

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly text: string;
  readonly advice: string;
}

describe('doctor', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof startScriptedServer>>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'doctor-'));
    server = await startScriptedServer();
  });
  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const examine = async (extra: Environment = {}, nodeVersion = process.versions.node) => {
    let text = '';
    const environment = { MCP_SERVER_URL: server.url, XDG_STATE_HOME: folder, DATA_DIR: folder, ...extra };
    const exitCode = await doctor({
      environment,
      flags: {},
      json: true,
      isTerminal: false,
      signal: new AbortController().signal,
      stdout: (part) => {
        text += part;
      },
      nodeVersion,
    });
    const findings: Finding[] = JSON.parse(text).findings;
    return { exitCode, findings, found: (check: string) => findings.filter((one) => one.check === check) };
  };

  test('nothing to complain about ends with 0', async () => {
    const { exitCode, findings } = await examine();
    assert.deepEqual([exitCode, findings.filter(({ state }) => state !== 'ok')], [0, []]);
  });

  test('an old Node', async () => {
    for (const version of ['20.19.0', '22.17.9']) {
      const { exitCode, found } = await examine({}, version);
      assert.deepEqual([exitCode, found('node')[0]?.state], [2, 'problem']);
    }
    assert.equal((await examine({}, '22.18.0')).exitCode, 0);
  });

  test('a model without a key', async () => {
    const { exitCode, found } = await examine({ LLM_MODEL: 'openai:gpt-5' });
    assert.deepEqual([exitCode, found('model')[0]?.state], [2, 'problem']);
    assert.match(found('model')[0]?.text ?? '', /OPENAI_API_KEY/);
  });

  test('a store that others can look into, file by file', async () => {
    const tokens = join(folder, 'authorized-mcp-agent', 'tokens');
    await mkdir(tokens, { recursive: true, mode: 0o700 });
    await chmod(tokens, 0o700);
    await writeFile(join(tokens, 'mine.json'), '{}', { mode: 0o600 });
    assert.equal((await examine()).exitCode, 0);
    await writeFile(join(tokens, 'open.json'), '{}');
    await chmod(join(tokens, 'open.json'), 0o644);
    await symlink('/etc/hostname', join(tokens, 'link.json'));
    const { exitCode, found } = await examine();
    assert.equal(exitCode, 3);
    assert.deepEqual(
      found('token store')
        .map(({ text }) => text.replace(`${tokens}/`, ''))
        .toSorted(),
      ['link.json', 'open.json'].map((name) => `${name} is a link, another user's, or open to others`),
    );
  });

  test('what is damaged in the store, which otherwise only looks like a login that nobody has', async () => {
    const tokens = join(folder, 'authorized-mcp-agent', 'tokens');
    await mkdir(tokens, { recursive: true, mode: 0o700 });
    for (const [name, text] of [
      ['whole', '{"accessToken":"a"}'],
      ['cut', '{"accessToken":"secret-of-this'],
      ['empty', ''],
      ['list', '[]'],
    ])
      await writeFile(join(tokens, `${name}.json`), text ?? '', { mode: 0o600 });
    const { exitCode, findings, found } = await examine();
    assert.equal(exitCode, 0);
    assert.deepEqual(
      found('token store')
        .map(({ state, text }) => `${state} ${text.replace(`${tokens}/`, '')}`)
        .toSorted(),
      ['cut', 'empty', 'list'].map((name) => `warning ${name}.json is damaged: what it held counts for nothing`),
    );
    assert.doesNotMatch(JSON.stringify(findings), /secret-of/);
  });

  test('servers that are down, disabled, or not approved of', async () => {
    const [port] = await freePorts(1);
    const file = join(folder, '.mcp.json');
    const mcpServers = {
      down: { url: `http://127.0.0.1:${port}/mcp` },
      off: { url: server.url, disabled: true },
      command: { command: 'true' },
      up: { url: server.url },
    };
    await writeFile(file, JSON.stringify({ mcpServers }));
    const { exitCode, found } = await examine({ MCP_SERVER_URL: undefined, MCP_CONFIG: file });
    assert.equal(exitCode, 4);
    const [down, off, command, up] = ['down', 'off', 'command', 'up'].map((name) => found(`server ${name}`)[0]);
    assert.deepEqual([down?.state, down?.text], ['problem', 'unreachable']);
    assert.match(down?.advice ?? '', /ECONNREFUSED/);
    assert.deepEqual([off?.state, command?.state, up?.state], ['warning', 'warning', 'ok']);
    assert.match(command?.advice ?? '', /mcp approve command/);
  });

  test('a clock that is not the server’s', async () => {
    const token = (payload: object) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;
    const issuer = 'https://issuer.example';
    server.resourceMetadata = { resource: server.url, authorization_servers: [issuer] };
    server.guard = (given) => (given ? undefined : { status: 401, challenge: 'Bearer' });
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const bearer = { MCP_BEARER_TOKEN: token({ iss: issuer, aud: server.url, exp }) };
    assert.deepEqual((await examine(bearer)).found('clock for server'), []);
    server.clockSkewMs = 120_000;
    const [clock] = (await examine(bearer)).found('clock for server');
    assert.equal(clock?.state, 'warning');
    assert.match(clock?.text ?? '', /differ by 1[12]\d s/);
    assert.match(clock?.advice ?? '', /NTP/);
  });
});
