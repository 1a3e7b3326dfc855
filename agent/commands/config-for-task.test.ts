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
    return configForTask({ servers: undefined, actingAs: undefined, ...needs }, config, {});
  };
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

  test('a pre-issued token is nobody’s profile and no machine client', () => {
    for (const kind of ['profile', 'machine'] as const)
      assert.throws(() => configFor({ actingAs: { kind, name: 'alice' } }, { MCP_BEARER_TOKEN: 'abc' }), {
        code: 'invalid_configuration',
        message: /but the configuration has no (?:logins of people|machine client)/,
      });
  });
});
