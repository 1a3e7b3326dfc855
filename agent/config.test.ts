import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Environment, parseConfig } from './config.ts';
import { AgentError } from './errors.ts';
import { serverAt } from './mcp-file.ts';

const AUTH0 = {
  AUTH0_DOMAIN: 'tenant.eu.auth0.com',
  AUTH0_AUDIENCE: 'http://localhost:8000/mcp',
  AUTH0_CLIENT_ID: 'id',
  AUTH0_CLIENT_SECRET: 'the-secret-value',
};

function mcpFile(content: unknown): string {
  const file = join(mkdtempSync(join(tmpdir(), 'mcp-config-')), '.mcp.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function faultsOf(environment: Environment, flags = {}): string {
  try {
    parseConfig(environment, flags);
  } catch (error) {
    assert.ok(error instanceof AgentError);
    assert.equal(error.code, 'invalid_configuration');
    return error.message;
  }
  return '';
}

describe('agent configuration', () => {
  test('an empty environment uses the local server with the client that it made for us', () => {
    const config = parseConfig({});
    assert.deepEqual(config.servers, [serverAt('http://localhost:8000/mcp', 'local')]);
    assert.deepEqual(config.credential, { kind: 'local-client', file: '.data/agent-client.json' });
    assert.equal(config.maxTurns, 12);
  });

  test('PORT moves the local server for the agent too', () => {
    assert.equal(parseConfig({ PORT: '9000' }).servers[0]?.url, 'http://localhost:9000/mcp');
  });

  test('MCP_SERVER_URL takes the place of the file', () => {
    const config = parseConfig({ MCP_SERVER_URL: 'https://tools.example/mcp', MCP_CONFIG: '/does/not/exist' });
    assert.deepEqual(config.servers, [serverAt('https://tools.example/mcp')]);
  });

  test('the file may list several servers, with variables and defaults', () => {
    const MCP_CONFIG = mcpFile({
      mcpServers: { a: { type: 'http', url: 'https://${HOST_A}/mcp' }, b: { url: 'https://${HOST_B:-b.example}/mcp' } },
    });
    const { servers } = parseConfig({ MCP_CONFIG, HOST_A: 'a.example' });
    assert.deepEqual(
      servers.map(({ name, url }) => [name, url]),
      [
        ['a', 'https://a.example/mcp'],
        ['b', 'https://b.example/mcp'],
      ],
    );
  });

  test('the four Auth0 variables give a machine client of that tenant', () => {
    assert.deepEqual(parseConfig(AUTH0).credential, {
      kind: 'client-credentials',
      issuer: 'https://tenant.eu.auth0.com/',
      clientId: 'id',
      clientSecret: 'the-secret-value',
      audience: 'http://localhost:8000/mcp',
    });
  });

  test('a server may have a client of its own, or change what the environment says', () => {
    const own = { issuer: 'https://id.example', client_id: 'own', client_secret: '${OWN_SECRET}' };
    const MCP_CONFIG = mcpFile({
      mcpServers: {
        own: { url: 'https://a.example/mcp', auth: own },
        other: { url: 'https://b.example/mcp', auth: { audience: 'https://b.example/api' } },
        plain: { url: 'https://c.example/mcp' },
      },
    });
    const environment = { AUTH_ISSUER: 'https://env.example', AUTH_CLIENT_ID: 'env', AUTH_CLIENT_SECRET: 'env-secret' };
    const { serverCredentials } = parseConfig({ MCP_CONFIG, ...environment, OWN_SECRET: 'own-secret' });
    assert.deepEqual([...serverCredentials.keys()], ['own', 'other']);
    const said = (name: string) => JSON.stringify(serverCredentials.get(name));
    for (const part of ['https://id.example', '"own"', 'own-secret'])
      assert.ok(said('own').includes(part), said('own'));
    assert.ok(!said('own').includes('env'), said('own'));
    for (const part of ['https://env.example', 'env-secret', 'https://b.example/api'])
      assert.ok(said('other').includes(part));
  });

  test('a faulty auth of a server is explained by its path, without the secret', () => {
    const faults = faultsOf({
      MCP_CONFIG: mcpFile({
        mcpServers: {
          a: {
            url: 'https://a.example/mcp',
            auth: { issuer: 'http://id.example', client_secret: 'the-secret-value', colour: 'red', audience: 1 },
          },
        },
      }),
    });
    for (const expected of [
      'auth.issuer: expected an https URL',
      'auth.colour: expected no such key',
      'auth.audience: expected a text',
    ])
      assert.ok(faults.includes(expected), faults);
    assert.doesNotMatch(faults, /the-secret-value/);
  });

  test('a pre-issued token needs nothing else', () => {
    assert.deepEqual(parseConfig({ MCP_BEARER_TOKEN: 'a.b.c', AUTH0_DOMAIN: 'tenant.auth0.com' }).credential, {
      kind: 'bearer',
      token: 'a.b.c',
    });
  });

  test('all faults come in one report', () => {
    const report = faultsOf(
      { MCP_SERVER_URL: 'http://tools.example/mcp', AUTH_ISSUER: 'https://id.example' },
      { maxTurns: 'many' },
    );
    assert.match(report, /has 4 faults/);
    for (const variable of ['MCP_SERVER_URL', 'AUTH_CLIENT_ID', 'AUTH_CLIENT_SECRET', '--max-turns'])
      assert.ok(report.includes(`  ${variable}: expected`), variable);
  });

  test('half-filled credentials name what is missing', () => {
    for (const variable of Object.keys(AUTH0)) {
      const report = faultsOf({ ...AUTH0, [variable]: '' });
      assert.ok(report.includes(`${variable}: expected a value, because`), report);
    }
  });

  test('a secret never stands in the report', () => {
    const report = faultsOf({ MCP_BEARER_TOKEN: 'Bearer the-secret-value' });
    assert.match(report, /MCP_BEARER_TOKEN: expected a bare access token/);
    assert.doesNotMatch(report, /the-secret-value/);
  });

  test('a faulty file is explained', () => {
    const cases: readonly [unknown, RegExp][] = [
      ['{', /expected JSON/],
      [{}, /mcpServers/],
      [{ mcpServers: {} }, /at least one server/],
      [{ mcpServers: { a: { url: 'http://tools.example/mcp' } } }, /mcpServers.a.url: expected an https URL/],
      [{ mcpServers: { a: { url: 'https://${NOT_SET}/mcp' } } }, /NOT_SET is not set and has no default/],
      [{ mcpServers: { a: { command: '' } } }, /mcpServers.a.command: expected a command/],
      [{ mcpServers: { a: { url: 'https://user:password@tools.example/mcp' } } }, /expected an https URL/],
    ];
    for (const [content, expected] of cases) assert.match(faultsOf({ MCP_CONFIG: mcpFile(content) }), expected);
    assert.match(faultsOf({ MCP_CONFIG: '/does/not/exist' }), /or MCP_SERVER_URL; there is neither/);
  });

  test('tokens are kept under XDG_STATE_HOME, which is absolute, or nowhere', () => {
    const directory = (extra: Record<string, string>) =>
      parseConfig({ MCP_SERVER_URL: 'http://localhost:1/mcp', ...extra }).tokenDirectory;
    assert.equal(directory({ XDG_STATE_HOME: '/state' }), '/state/authorized-mcp-agent/tokens');
    assert.match(directory({}) ?? '', /\/\.local\/state\/authorized-mcp-agent\/tokens$/);
    assert.equal(directory({ TOKEN_STORE: 'none' }), undefined);
    assert.throws(() => directory({ XDG_STATE_HOME: 'state' }), /XDG_STATE_HOME: expected an absolute path/);
    assert.throws(() => directory({ TOKEN_STORE: 'disk' }), /TOKEN_STORE: expected file or none/);
  });
});
