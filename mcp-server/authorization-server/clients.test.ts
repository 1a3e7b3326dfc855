import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServerError } from '../errors.ts';
import { loadClients } from './clients.ts';
import { recordingLog, temporaryDirectory } from './test-support.ts';

const ISSUER = 'http://localhost:8001';

test('the first start writes the agent client with a secret of 256 bits, and the next start keeps it', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const options = { dataDir, issuer: ISSUER, scopes: ['read:add', 'write:notes'], log: recordingLog() };
  const [agent] = await loadClients(options);
  assert(agent);
  const file = join(dataDir, 'agent-client.json');
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
    issuer: ISSUER,
    client_id: 'local-agent',
    client_secret: agent.client_secret,
    login_client_id: 'local-cli',
  });
  assert.equal(Buffer.from(String(agent.client_secret), 'base64url').length, 32);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(agent.grant_types, ['client_credentials']);
  assert.equal(agent.scope, 'read:add write:notes');
  assert.equal((await loadClients(options))[0]?.client_secret, agent.client_secret);
});

test('an issuer that moved keeps the secret and gets its new name into the file', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const options = { dataDir, scopes: ['read:add'], log: recordingLog() };
  const [before] = await loadClients({ ...options, issuer: ISSUER });
  const [after] = await loadClients({ ...options, issuer: 'http://localhost:9001' });
  assert.equal(after?.client_secret, before?.client_secret);
  const { issuer } = JSON.parse(await readFile(join(dataDir, 'agent-client.json'), 'utf8'));
  assert.equal(issuer, 'http://localhost:9001');
});

test('a file of an older server keeps its secret and gets the client for logins added', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const file = join(dataDir, 'agent-client.json');
  const older = { issuer: ISSUER, client_id: 'local-agent', client_secret: 'x'.repeat(43) };
  await writeFile(file, JSON.stringify(older), { mode: 0o600 });
  await loadClients({ dataDir, issuer: ISSUER, scopes: ['read:add'], log: recordingLog() });
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { ...older, login_client_id: 'local-cli' });
  const { login_client_id } = JSON.parse(await readFile(join(dataDir, 'resource-server-client.json'), 'utf8'));
  assert.equal(login_client_id, undefined);
});

test('a damaged agent client file stops the start', async (t) => {
  const dataDir = await temporaryDirectory(t);
  const options = { dataDir, issuer: ISSUER, scopes: ['read:add'], log: recordingLog() };
  for (const text of ['{', 'null', `{"issuer":"${ISSUER}","client_id":"other","client_secret":"${'x'.repeat(43)}"}`]) {
    await writeFile(join(dataDir, 'agent-client.json'), text, { mode: 0o600 });
    await assert.rejects(loadClients(options), (error) => error instanceof ServerError, text);
  }
});
