import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerError } from '../errors.ts';
import { openAdministration } from './administration.ts';
import { obtainCode } from './test-browser.ts';
import { postForm, REDIRECT_URI, recordingLog, startTestServer, type TestServer } from './test-support.ts';

async function administrationOf(server: TestServer) {
  return await openAdministration({ dataDir: server.dataDir, log: recordingLog() });
}

test('A5.deleted: revoking a client from the command line ends its registration, connections and tokens, and those of no other', async (t) => {
  const server = await startTestServer(t);
  const register = async (client_name: string) => {
    const response = await fetch(`${server.issuer}/oidc/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name, redirect_uris: [REDIRECT_URI] }),
    });
    return await response.json();
  };
  const [bad, good] = [await register('Bad tool'), await register('Good tool')];
  const connect = async (client_id: string) =>
    (await postForm(server, (await obtainCode(server, { client_id })).form)).body;
  const [badTokens, goodTokens] = [await connect(bad.client_id), await connect(good.client_id)];
  const pending = await obtainCode(server, { client_id: bad.client_id });
  const administration = await administrationOf(server);
  t.after(() => administration.close());
  const names = administration.listClients().map(({ clientId, name, connections }) => [clientId, name, connections]);
  assert.deepEqual(
    new Set(names),
    new Set([
      [good.client_id, 'Good tool', 1],
      [bad.client_id, 'Bad tool', 2],
    ]),
  );

  const { isRegistered, connections } = administration.revokeClient(bad.client_id);
  assert.deepEqual([isRegistered, connections], [true, 2]);
  const refresh = (client_id: string, tokens: typeof badTokens) =>
    postForm(server, { grant_type: 'refresh_token', client_id, refresh_token: tokens['refresh_token'] ?? '' });
  assert.deepEqual(
    [(await refresh(bad.client_id, badTokens)).body['error'], (await postForm(server, pending.form)).body['error']],
    ['invalid_client', 'invalid_client'],
  );
  const asResourceServer = await server.secretClient('resource-server-client.json');
  const isActive = async (token = '') =>
    (await postForm(server, { token, ...asResourceServer }, '/oauth/introspect')).body['active'];
  assert.equal(await isActive(badTokens['access_token']), false);
  const list = await (await fetch(`${server.issuer}/oauth/revocations`)).json();
  assert.ok(bad.client_id in list.clients && !(good.client_id in list.clients));
  const management = await fetch(bad.registration_client_uri, {
    headers: { authorization: `Bearer ${bad.registration_access_token}` },
  });
  assert.equal(management.status, 401);
  assert.equal(await isActive(goodTokens['access_token']), true);
  assert.equal((await refresh(good.client_id, goodTokens)).status, 200);
  assert.throws(
    () => administration.revokeClient(bad.client_id),
    (error) => error instanceof ServerError && error.message.includes('clients list'),
  );
});

test('revoking the machine ends the tokens that it has, and its secret gets new ones', async (t) => {
  const server = await startTestServer(t);
  const { client_id, client_secret } = await server.agentClient();
  const ask = async () =>
    (await postForm(server, { grant_type: 'client_credentials', client_id, client_secret })).body['access_token'] ?? '';
  const before = await ask();
  const administration = await administrationOf(server);
  administration.revokeClient(client_id);
  administration.close();
  const asResourceServer = await server.secretClient('resource-server-client.json');
  const introspect = async (token: string) =>
    (await postForm(server, { token, ...asResourceServer }, '/oauth/introspect')).body['active'];
  assert.equal(await introspect(before), false);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 2_000 });
  assert.equal(await introspect(await ask()), true);
});
