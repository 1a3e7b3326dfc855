import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from './config.ts';
import { ServerError } from './errors.ts';

function faultsOf(environment: Record<string, string>): string[] {
  try {
    parseConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ServerError);
    assert.equal(error.code, 'invalid_configuration');
    return error.message
      .split('\n')
      .slice(1, -1)
      .map((line) => line.trim());
  }
  return [];
}

describe('server configuration', () => {
  test('an empty environment gives the local server with the embedded authorization server', () => {
    const config = parseConfig({});
    assert.equal(config.resource, 'http://localhost:8000/mcp');
    assert.deepEqual(config.resourceAliases, ['http://127.0.0.1:8000/mcp', 'http://[::1]:8000/mcp']);
    assert.deepEqual(config.authorizationServer, {
      port: 8001,
      issuer: 'http://localhost:8001',
      dialect: 'rfc9068',
      clientHosts: undefined,
    });
    assert.deepEqual(config.addresses, ['127.0.0.1', '::1']);
    assert.equal(config.issuer.profile, 'rfc9068');
  });

  test('the hosts of client documents are a list of names, and nothing else', () => {
    const { authorizationServer } = parseConfig({ AUTH_SERVER_CLIENT_HOSTS: 'Tool.example.com, other.example.com' });
    assert.deepEqual(authorizationServer?.clientHosts, ['tool.example.com', 'other.example.com']);
    for (const wrong of ['https://tool.example.com', 'localhost', '*.example.com'])
      assert.match(faultsOf({ AUTH_SERVER_CLIENT_HOSTS: wrong }).join(), /AUTH_SERVER_CLIENT_HOSTS.*host names/, wrong);
  });

  test('an empty variable counts as unset', () => {
    assert.deepEqual(parseConfig({ AUTH0_DOMAIN: '', PORT: '', AUTH_ISSUER: '' }), parseConfig({}));
  });

  test('the four Auth0 variables switch issuer, audience and token dialect', () => {
    const config = parseConfig({
      AUTH0_DOMAIN: 'tenant.eu.auth0.com',
      AUTH0_AUDIENCE: 'http://localhost:8000/mcp',
      AUTH0_CLIENT_ID: 'id',
      AUTH0_CLIENT_SECRET: 'secret',
    });
    assert.equal(config.issuer.issuer, 'https://tenant.eu.auth0.com/');
    assert.equal(config.issuer.profile, 'auth0');
    assert.ok(config.issuer.audiences.includes('http://localhost:8000/mcp'));
    assert.equal(config.authorizationServer, undefined);
  });

  test('any issuer can be named, with its own audience and keys', () => {
    const { issuer } = parseConfig({
      AUTH_ISSUER: 'https://id.example/tools',
      AUTH_AUDIENCE: 'tools',
      AUTH_JWKS_URI: 'https://id.example/keys',
    });
    assert.deepEqual(issuer, {
      issuer: 'https://id.example/tools',
      audiences: ['tools'],
      toleratedAudiences: [],
      profile: 'rfc9068',
      jwksUri: 'https://id.example/keys',
      introspection: undefined,
    });
  });

  test('further issuers come as JSON, each with its own audience, dialect and keys', () => {
    const { issuer, issuers } = parseConfig({
      AUTH_ISSUER: 'https://id.example',
      AUTH_ADDITIONAL_ISSUERS:
        '[{"issuer":"https://tenant.auth0.com/"},{"issuer":"https://b.example","audience":"b","jwks_uri":"https://b.example/k"}]',
    });
    assert.deepEqual(
      issuers.map((one) => [one.issuer, one.profile, one.audiences[0], one.jwksUri]),
      [
        [issuer.issuer, 'rfc9068', 'http://localhost:8000/mcp', undefined],
        ['https://tenant.auth0.com/', 'auth0', 'http://localhost:8000/mcp', undefined],
        ['https://b.example', 'rfc9068', 'b', 'https://b.example/k'],
      ],
    );
    assert.match(faultsOf({ AUTH_ADDITIONAL_ISSUERS: 'https://b.example' })[0] ?? '', /a JSON array of objects/);
    assert.match(faultsOf({ AUTH_ADDITIONAL_ISSUERS: '[{"issuer":"http://b.example"}]' })[0] ?? '', /an https URL/);
  });

  test('introspection needs both halves of its client', () => {
    assert.match(faultsOf({ AUTH_INTROSPECTION_CLIENT_ID: 'rs' })[0] ?? '', /^AUTH_INTROSPECTION_CLIENT_SECRET/);
    const { issuer } = parseConfig({ AUTH_INTROSPECTION_CLIENT_ID: 'rs', AUTH_INTROSPECTION_CLIENT_SECRET: 's' });
    assert.deepEqual(issuer.introspection, { clientId: 'rs', clientSecret: 's' });
  });

  test('all faults come in one report, each with what was expected and what came', () => {
    assert.deepEqual(
      faultsOf({ PORT: '80000', AUTH_ISSUER: 'http://id.example', LOG_LEVEL: 'loud', DATA_DIR: '/tmp/x' }),
      [
        'PORT: expected a port number from 1 to 65535, got "80000"',
        'LOG_LEVEL: expected one of debug, info, warn, error, got "loud"',
        'AUTH_ISSUER: expected an https URL (plain http is for loopback only), got "http://id.example"',
      ],
    );
  });

  test('half-filled and contradictory issuers are faults', () => {
    assert.match(
      faultsOf({ AUTH0_DOMAIN: 'tenant.auth0.com' })[0] ?? '',
      /^AUTH0_AUDIENCE: expected the identifier .* it is not set$/,
    );
    assert.match(faultsOf({ AUTH0_AUDIENCE: 'http://localhost:8000/mcp' })[0] ?? '', /^AUTH0_DOMAIN/);
    assert.match(
      faultsOf({ AUTH0_DOMAIN: 'https://tenant.auth0.com/', AUTH0_AUDIENCE: 'https://a.example' })[0] ?? '',
      /without https:\/\/ and slash/,
    );
    assert.match(faultsOf({ AUTH_AUDIENCE: 'tools' })[0] ?? '', /^AUTH_ISSUER/);
    assert.match(
      faultsOf({
        AUTH0_DOMAIN: 't.auth0.com',
        AUTH0_AUDIENCE: 'https://a.example',
        AUTH_ISSUER: 'https://b.example',
      })[0] ?? '',
      /^AUTH_ISSUER: expected to be unset/,
    );
  });

  test('the fixtures of the conformance suite are offered on demand, and on loopback only', () => {
    assert.equal(parseConfig({}).conformanceFixtures, false);
    assert.equal(parseConfig({ CONFORMANCE_FIXTURES: '1' }).conformanceFixtures, true);
    assert.match(faultsOf({ CONFORMANCE_FIXTURES: 'yes' })[0] ?? '', /^CONFORMANCE_FIXTURES: expected 0 or 1/);
    const elsewhere = { HOST: '0.0.0.0', PUBLIC_URL: 'https://tools.example/mcp', AUTH_ISSUER: 'https://id.example' };
    assert.match(faultsOf({ ...elsewhere, CONFORMANCE_FIXTURES: '1' })[0] ?? '', /^CONFORMANCE_FIXTURES: .*unset/);
  });

  test('a server that is not on loopback needs a public URL and an issuer that is not a development one', () => {
    const faults = faultsOf({ HOST: '0.0.0.0' });
    assert.equal(faults.length, 2);
    assert.match(faults.join(), /PUBLIC_URL.*AUTH_ISSUER/);
    const config = parseConfig({
      HOST: '0.0.0.0',
      PUBLIC_URL: 'https://tools.example/mcp',
      AUTH_ISSUER: 'https://id.example',
    });
    assert.deepEqual(config.allowedHostnames, ['tools.example']);
    assert.deepEqual(config.resourceAliases, []);
  });
});
