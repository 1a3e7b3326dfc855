import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../config.ts';
import type { AgentNeeds } from '../tasks/task.ts';
import { configForTask } from './config-for-task.ts';

describe('the configuration that a task needs', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'config-for-task-'));
    writeFileSync(
      join(directory, 'mcp.json'),
      JSON.stringify({ mcpServers: { a: { url: 'http://localhost:1/mcp' }, b: { url: 'http://localhost:2/mcp' } } }),
    );
  });
  after(() => rmSync(directory, { recursive: true, force: true }));
  const configFor = (needs: Partial<AgentNeeds>, extra: Record<string, string> = {}) => {
    const config = parseConfig({ MCP_CONFIG: join(directory, 'mcp.json'), DATA_DIR: directory, ...extra });
    return configForTask({ servers: undefined, actingAs: undefined, ...needs }, config);
  };
  /** With another `.mcp.json`. */
  const configWith = (servers: object, actingAs: AgentNeeds['actingAs'], extra: Record<string, string> = {}) => {
    const file = join(directory, 'other.json');
    writeFileSync(file, JSON.stringify({ mcpServers: servers }));
    return configFor({ actingAs }, { MCP_CONFIG: file, ...extra });
  };
  const alice = { kind: 'profile', name: 'alice' } as const;
  const bot = { kind: 'machine', name: 'ci-bot' } as const;
  const url = 'http://localhost:1/mcp';
  const machine = { AUTH_ISSUER: 'https://id.example.com', AUTH_CLIENT_ID: 'ci-bot', AUTH_CLIENT_SECRET: 'x' };

  test('has the servers that it names, and without a word all of them', () => {
    assert.deepEqual(
      configFor({ servers: ['b'] }).servers.map(({ name }) => name),
      ['b'],
    );
    assert.deepEqual(
      configFor({}).servers.map(({ name }) => name),
      ['a', 'b'],
    );
  });

  test('keeps the conversations of tasks apart from those of people', () => {
    assert.equal(configFor({}).threadFile, undefined);
  });

  test('acts as the machine client that is named, or not at all', () => {
    assert.equal(
      configFor({ actingAs: { kind: 'machine', name: 'ci-bot' } }, machine).credential.kind,
      'client-credentials',
    );
    assert.throws(() => configFor({ actingAs: { kind: 'machine', name: 'other' } }, machine), {
      code: 'invalid_configuration',
      message: /acts as the machine client "other", but the configuration has the client "ci-bot"/,
    });
  });

  test('a client that cannot be read is nobody to act as', () => {
    assert.throws(() => configFor({ actingAs: { kind: 'machine', name: 'local-agent' } }), { code: 'login_required' });
    writeFileSync(join(directory, 'agent-client.json'), '{"client_id":"local-agent"}');
    assert.equal(configFor({ actingAs: { kind: 'machine', name: 'local-agent' } }).credential.kind, 'local-client');
  });

  test('acts as the person of a profile, and with no machine in their place', () => {
    for (const extra of [{}, machine]) {
      const { credential, login } = configFor({ actingAs: alice }, extra);
      assert.deepEqual([credential.kind, login.profile], ['login', 'alice']);
      assert.ok(!JSON.stringify(credential).includes('ci-bot'), 'the client of the machine is none of hers');
    }
    const { servers } = configWith(
      { a: { url, auth: { dpop: 'required' } }, b: { url, auth: { client_id: 'c' } } },
      alice,
      {
        ...machine,
        AUTH_GRANT: 'client-credentials',
      },
    );
    for (const server of servers) {
      assert.ok(server.transport === 'http');
      assert.equal(server.auth?.login.profile, 'alice');
      assert.notEqual(server.auth?.credential?.kind, 'client-credentials');
    }
  });

  test('a machine client takes no login of a person that there may be', () => {
    const { login } = configFor({ actingAs: bot }, machine);
    assert.throws(() => parseConfig({ MCP_SERVER_URL: url, AUTH_PROFILE: login.profile }), /AUTH_PROFILE: expected/);
  });

  test('what the configuration fixes for a server is not overruled, but refused', () => {
    const refused = (servers: object, actingAs: AgentNeeds['actingAs'], message: RegExp) =>
      assert.throws(() => configWith(servers, actingAs, machine), { code: 'invalid_configuration', message });
    refused({ a: { url, auth: { profile: 'bob' } } }, alice, /has the profile "bob" for the server a/);
    assert.doesNotThrow(() => configWith({ a: { url, auth: { profile: 'alice' } } }, alice, machine));
    for (const who of [alice, bot])
      refused({ a: { url, headers: { Authorization: 'Bearer x' } } }, who, /gives the server a its authorization/);
    refused(
      { a: { url }, b: { url, auth: { client_id: 'other', client_secret: 'y', issuer: 'https://id.example.org' } } },
      bot,
      /has the client "other" for the server b/,
    );
    refused({ a: { command: 'true' } }, alice, /none of its servers takes a login/);
    assert.doesNotThrow(() =>
      configWith({ a: { url }, b: { url, headers: { Authorization: 'x' }, disabled: true } }, bot, machine),
    );
  });

  test('a pre-issued token is nobody’s profile and no machine client', () => {
    for (const kind of ['profile', 'machine'] as const)
      assert.throws(() => configFor({ actingAs: { kind, name: 'alice' } }, { MCP_BEARER_TOKEN: 'abc' }), {
        code: 'invalid_configuration',
        message: /but the configuration has no (?:logins of people|machine client)/,
      });
  });
});
