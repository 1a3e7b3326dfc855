import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Environment, parseConfig, threadFileOf } from './config.ts';
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
      authentication: { kind: 'secret', secret: 'the-secret-value' },
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
    const { servers } = parseConfig({ MCP_CONFIG, ...environment, OWN_SECRET: 'own-secret' });
    const said = (name: string) => {
      const server = servers.find((one) => one.name === name);
      return JSON.stringify(server?.transport === 'http' && server.auth?.credential);
    };
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
      'auth.colour: expected one of grant, issuer, client_id',
      'auth.audience: expected Invalid input: expected string',
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

  const ISSUER = { AUTH_ISSUER: 'https://id.example' };
  const CLIENT = { ...ISSUER, AUTH_CLIENT_ID: 'id' };

  test('every grant has its variables', () => {
    const kindOf = (environment: Environment) => parseConfig(environment).credential.kind;
    const idp = { AUTH_IDP_ISSUER: 'https://idp.example', AUTH_IDP_CLIENT_ID: 'at-idp', AUTH_IDP_ID_TOKEN: 'jwt' };
    assert.equal(kindOf({ ...CLIENT, AUTH_CLIENT_SECRET: 's' }), 'client-credentials');
    assert.equal(kindOf({ ...CLIENT, AUTH_WORKLOAD_TOKEN_FILE: '/var/token' }), 'jwt-bearer');
    assert.equal(kindOf({ ...CLIENT, AUTH_CLIENT_SECRET: 's', ...idp }), 'id-jag');
    assert.equal(kindOf({ ...CLIENT, AUTH_GRANT: 'authorization-code' }), 'login');
    assert.equal(kindOf({ AUTH_GRANT: 'device-code' }), 'login');
    assert.equal(kindOf({ ...ISSUER, AUTH_GRANT: 'authorization-code' }), 'login');
    assert.deepEqual(parseConfig({ ...CLIENT, AUTH_PRIVATE_KEY_FILE: 'key.pem' }).credential, {
      kind: 'client-credentials',
      issuer: 'https://id.example',
      clientId: 'id',
      authentication: { kind: 'private-key', file: 'key.pem', algorithm: undefined },
      audience: undefined,
    });
    assert.deepEqual(parseConfig({ ...AUTH0, AUTH0_CLIENT_SECRET: '', AUTH_GRANT: 'authorization-code' }).credential, {
      kind: 'login',
      method: 'authorization-code',
      issuer: 'https://tenant.eu.auth0.com/',
      clientId: 'id',
      authentication: { kind: 'none' },
      audience: 'http://localhost:8000/mcp',
    });
  });

  test('what a grant lacks, and what contradicts it, is named', () => {
    for (const [environment, expected] of [
      [{ AUTH_GRANT: 'password' }, /AUTH_GRANT: expected one of client-credentials/],
      [{ AUTH_GRANT: 'client-credentials' }, /AUTH_ISSUER: expected the issuer for AUTH_GRANT/],
      [
        { ...CLIENT, AUTH_GRANT: 'jwt-bearer' },
        /AUTH_WORKLOAD_TOKEN: expected a value, or one of AUTH_WORKLOAD_TOKEN_FILE/,
      ],
      [
        { ...CLIENT, AUTH_WORKLOAD_TOKEN: 'the-secret-value', AUTH_WORKLOAD_TOKEN_FILE: 'f' },
        /AUTH_WORKLOAD_TOKEN_FILE: expected to be unset/,
      ],
      [{ ...CLIENT, AUTH_GRANT: 'id-jag' }, /AUTH_IDP_ISSUER: .*\n.*AUTH_IDP_CLIENT_ID: .*\n.*AUTH_IDP_ID_TOKEN: /],
      [
        { ...CLIENT, AUTH_CLIENT_SECRET: 'the-secret-value', AUTH_PRIVATE_KEY_FILE: 'f' },
        /one of them proves who we are/,
      ],
      [{ AUTH_PRIVATE_KEY_ALGORITHM: 'ES256' }, /AUTH_PRIVATE_KEY_FILE: expected the file/],
      [{ AUTH_PRIVATE_KEY_ALGORITHM: 'HS256' }, /AUTH_PRIVATE_KEY_ALGORITHM: expected one of RS256/],
      [{ ...ISSUER, AUTH_WORKLOAD_TOKEN: 'the-secret-value' }, /AUTH_CLIENT_ID: expected a value, because/],
      [
        { AUTH_CLIENT_METADATA_URL: 'https://agent.example/' },
        /AUTH_CLIENT_METADATA_URL: expected an https URL with a path/,
      ],
      [{ AUTH_REDIRECT_URI: 'https://agent.example/callback' }, /AUTH_REDIRECT_URI: expected an http URL on loopback/],
      [{ AUTH_REDIRECT_URI: 'http://127.0.0.1/callback?x=1' }, /AUTH_REDIRECT_URI: expected/],
      [{ AUTH_PROFILE: '../x' }, /AUTH_PROFILE: expected a name/],
      [{ AUTH_DPOP: 'yes' }, /AUTH_DPOP: expected auto or required/],
    ] as const) {
      assert.match(faultsOf(environment), expected);
      assert.doesNotMatch(faultsOf(environment), /the-secret-value/);
    }
  });

  test('logins of people: profile, redirect, metadata document, proof of possession', () => {
    assert.deepEqual(parseConfig({}).login, {
      profile: 'default',
      clientMetadataUrl: undefined,
      redirectUri: undefined,
      isProofRequired: false,
    });
    assert.deepEqual(
      parseConfig({
        AUTH_PROFILE: 'work',
        AUTH_CLIENT_METADATA_URL: 'https://agent.example/client.json',
        AUTH_REDIRECT_URI: 'http://127.0.0.1:33418/callback',
        AUTH_DPOP: 'required',
      }).login,
      {
        profile: 'work',
        clientMetadataUrl: 'https://agent.example/client.json',
        redirectUri: 'http://127.0.0.1:33418/callback',
        isProofRequired: true,
      },
    );
    assert.equal(parseConfig({ TOKEN_STORE: 'keyring' }).isKeyringUsed, true);
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
    assert.throws(() => directory({ TOKEN_STORE: 'disk' }), /TOKEN_STORE: expected file, keyring or none/);
  });
});

test('a home that is no place of its own is refused, before anything is planted where one stands', () => {
  const before = process.env['HOME'];
  try {
    for (const home of ['', 'home', './home']) {
      process.env['HOME'] = home;
      for (const read of [() => parseConfig({ MCP_SERVER_URL: 'http://localhost:1/mcp' }), () => threadFileOf({})])
        assert.throws(read, {
          code: 'invalid_configuration',
          message: /HOME: expected an absolute path.*XDG_STATE_HOME/,
        });
    }
    const stated = parseConfig({ MCP_SERVER_URL: 'http://localhost:1/mcp', XDG_STATE_HOME: '/state' });
    assert.equal(stated.tokenDirectory, '/state/authorized-mcp-agent/tokens');
    const nothing = { MCP_SERVER_URL: 'http://localhost:1/mcp', TOKEN_STORE: 'none', THREAD_STORE: 'none' };
    assert.equal(parseConfig(nothing).threadFile, undefined, 'whoever keeps nothing needs no place');
  } finally {
    if (before === undefined) delete process.env['HOME'];
    else process.env['HOME'] = before;
  }
});
