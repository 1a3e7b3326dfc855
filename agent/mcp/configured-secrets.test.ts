// Every place of a configuration that can hold a secret, or name a file with one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { CredentialConfig } from '../credential-config.ts';
import { parseMcpFile, serverAt } from '../mcp-file.ts';
import { configuredSecrets } from './configured-secrets.ts';

describe('the secrets that the agent has before it asks anybody', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'configured-secrets-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const nothing: CredentialConfig = { kind: 'bearer', token: '' };
  const ofCredential = async (credential: CredentialConfig) =>
    await configuredSecrets({ servers: [serverAt('http://localhost/mcp')], credential, tokenDirectory: undefined });

  test('are those of every kind of credential, in it and in files', async () => {
    const at = { issuer: 'https://issuer.example', clientId: 'client', audience: undefined };
    const secret = { kind: 'secret', secret: 'client-secret' } as const;
    const idToken = { kind: 'file', file: file('id-token', 'id-token\n') } as const;
    const provider = { issuer: at.issuer, clientId: 'at-provider', clientSecret: 'provider-secret', idToken };
    const jwk = file('key.jwk', JSON.stringify({ kty: 'EC', x: 'public', d: 'private-part' }));
    const byKey = { kind: 'private-key', file: jwk, algorithm: undefined } as const;
    const local = { issuer: at.issuer, client_id: 'local', client_secret: 'local-secret' };
    const localFile = file('agent-client.json', JSON.stringify(local));
    const login = { kind: 'login', method: 'device-code', ...at, authentication: secret } as const;
    for (const [credential, expected] of [
      [{ kind: 'bearer', token: 'bearer' }, ['bearer']],
      [{ kind: 'client-credentials', ...at, authentication: secret }, ['client-secret']],
      [{ kind: 'client-credentials', ...at, authentication: byKey }, ['private-part']],
      [
        { kind: 'jwt-bearer', ...at, authentication: secret, assertion: { kind: 'value', value: 'workload' } },
        ['client-secret', 'workload'],
      ],
      [
        { kind: 'id-jag', ...at, authentication: secret, identityProvider: provider },
        ['client-secret', 'provider-secret', 'id-token'],
      ],
      [{ kind: 'local-client', file: localFile }, ['local-secret']],
      [{ ...login, localClientFile: localFile }, ['client-secret', 'local-secret']],
    ] satisfies [CredentialConfig, string[]][])
      assert.deepEqual(await ofCredential(credential), expected, credential.kind);
  });

  test('are none in files that cannot be read', async () => {
    for (const missing of [join(folder, 'nothing'), join(folder, 'id-token', 'no-directory'), folder])
      assert.deepEqual(await ofCredential({ kind: 'local-client', file: missing }), []);
  });

  test('are what servers are given under names of secrets, and passwords in addresses', async () => {
    const servers = {
      http: {
        url: 'https://tools.example/mcp?api_key=in-query&page=2',
        headers: { Authorization: 'Bearer in-header', 'x-tenant': 'production' },
        auth: { issuer: 'https://issuer.example', client_id: 'client', client_secret: 'in-auth' },
      },
      stdio: {
        command: 'server',
        args: ['--token', 'in-words', 'postgres://ada:in%20url@localhost/db'],
        env: { API_KEY: 'in-environment', LOG_LEVEL: 'debug', CACHE: 'redis://:in-cache@localhost' },
      },
    };
    const parsed = parseMcpFile(JSON.stringify({ mcpServers: servers }), '.mcp.json', {}, assert.fail);
    const found = await configuredSecrets({ servers: parsed, credential: nothing, tokenDirectory: undefined });
    assert.deepEqual(
      new Set(found.filter(Boolean)),
      new Set(['in-query', 'in-header', 'in-auth', 'in-words', 'in%20url', 'in url', 'in-environment', 'in-cache']),
    );
  });
});
