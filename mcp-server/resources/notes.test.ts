import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALICE, BOB, buildRequest, createTestApp, readMessages, type SendOptions } from '../../test/support/app.ts';

type TestApp = ReturnType<typeof createTestApp>;

const NO_SCOPE = { token: 'alice.read~add' };

async function createNote({ call }: TestApp, title: string, token = ALICE): Promise<string> {
  return (await call('create_note', { title, body: `about ${title}` }, { token })).structuredContent.id;
}

describe('notes as resources', () => {
  for (const era of ['modern', 'legacy'] as const) {
    test(`are listed per owner and read as Markdown by a ${era} client`, async () => {
      const app = createTestApp();
      const id = await createNote(app, 'Milk');
      const bobs = await createNote(app, 'Bread', BOB);
      const { resources } = (await app.ask('resources/list', {}, { era })).result;
      assert.deepEqual(
        resources.map(({ uri, name, title, mimeType }: Record<string, string>) => ({ uri, name, title, mimeType })),
        [{ uri: `note:///${id}`, name: id, title: 'Milk', mimeType: 'text/markdown' }],
      );
      const { contents } = (await app.ask('resources/read', { uri: `note:///${id}` }, { era })).result;
      assert.deepEqual(contents, [{ uri: `note:///${id}`, mimeType: 'text/markdown', text: '# Milk\n\nabout Milk' }]);
      for (const unknown of [`note:///${bobs}`, 'note:///never']) {
        const { error } = await app.ask('resources/read', { uri: unknown }, { era });
        assert.deepEqual([error.code, error.data], [-32_602, { uri: unknown }]);
        assert.match(error.message, /not found/i);
      }
    });

    test(`need read:notes of a ${era} client: the list is empty, completion too, reading is challenged`, async () => {
      const app = createTestApp();
      const id = await createNote(app, 'Milk');
      assert.deepEqual((await app.ask('resources/list', {}, { ...NO_SCOPE, era })).result.resources, []);
      const completion = { ref: { type: 'ref/resource', uri: 'note:///{id}' }, argument: { name: 'id', value: '' } };
      assert.deepEqual(
        (await app.ask('completion/complete', completion, { ...NO_SCOPE, era })).result.completion.values,
        [],
      );
      assert.deepEqual((await app.ask('completion/complete', completion, { era })).result.completion.values, [id]);
      const refused = await app.send('resources/read', { uri: `note:///${id}` }, { ...NO_SCOPE, era });
      assert.equal(refused.status, 403);
      assert.match(refused.headers.get('www-authenticate') ?? '', /error="insufficient_scope".* scope="read:notes"/);
    });
  }

  test('are announced by a template that names its scope, and complete ids from titles, of the owner only', async () => {
    const app = createTestApp();
    const id = await createNote(app, 'Milk');
    await createNote(app, 'Milkshake', BOB);
    const { resourceTemplates, cacheScope } = (await app.ask('resources/templates/list')).result;
    assert.equal(resourceTemplates[0].uriTemplate, 'note:///{id}');
    assert.deepEqual(resourceTemplates[0]._meta, { 'authorized-mcp-agent/scopes': ['read:notes'] });
    assert.equal(cacheScope, 'public');
    const ref = { type: 'ref/resource', uri: 'note:///{id}' };
    const { completion } = (await app.ask('completion/complete', { ref, argument: { name: 'id', value: 'milk' } }))
      .result;
    assert.deepEqual(completion.values, [id]);
  });

  test('S12: come in pages, and stay out of other callers’ caches', async () => {
    const app = createTestApp();
    await app.call('import_notes', { notes: Array.from({ length: 120 }, (_, index) => ({ title: `n${index}` })) });
    const uris: string[] = [];
    let cursor: string | undefined;
    do {
      const { result } = await app.ask('resources/list', cursor === undefined ? {} : { cursor });
      assert.equal(result.cacheScope, 'private');
      assert.ok(result.resources.length <= 50);
      uris.push(...result.resources.map(({ uri }: { uri: string }) => uri));
      cursor = result.nextCursor;
    } while (cursor !== undefined);
    assert.deepEqual([uris.length, new Set(uris).size], [120, 120]);
    assert.equal((await app.ask('resources/list', { cursor: 'x' })).error.code, -32_602);
  });
});

describe('changes of notes, to subscribers of 2026-07-28', () => {
  const all = (uris: readonly string[]) => ({
    notifications: { resourcesListChanged: true, resourceSubscriptions: uris },
  });

  async function listen(app: TestApp, uris: readonly string[], options: SendOptions = {}) {
    const messages = readMessages(await app.send('subscriptions/listen', all(uris), options));
    const next = async () => (await messages.next()).value;
    const { method, params } = await next();
    assert.equal(method, 'notifications/subscriptions/acknowledged');
    return { next, honored: params.notifications, end: () => messages.return(undefined) };
  }

  test('are told of an owner’s notes to that owner alone, who names them by URI', async () => {
    const app = createTestApp();
    const id = await createNote(app, 'Milk');
    const uri = `note:///${id}`;
    const alice = await listen(app, [uri]);
    const bob = await listen(app, [uri], { token: BOB });
    await app.call('update_note', { id, version: 1, body: 'x' });
    await createNote(app, 'Bread');
    await app.call('delete_note', { id, confirm: true });
    // Bob's first news is of his own note: he heard nothing of Alice's, though he named hers.
    await createNote(app, 'Bob’s', BOB);
    const heard = [await alice.next(), await alice.next(), await alice.next(), await alice.next()];
    assert.deepEqual(
      heard.map(({ method, params }) => [method, params.uri]),
      [
        ['notifications/resources/updated', uri],
        ['notifications/resources/list_changed', undefined],
        ['notifications/resources/updated', uri],
        ['notifications/resources/list_changed', undefined],
      ],
    );
    assert.equal((await bob.next()).method, 'notifications/resources/list_changed');
    await app.app.close();
    assert.ok('result' in (await bob.next()), 'nothing came after it');
  });

  test('are not promised to a token that may not read notes', async () => {
    const app = createTestApp();
    const { honored } = await listen(app, ['note:///x'], NO_SCOPE);
    assert.deepEqual(honored, {});
  });
});

describe('changes of notes, in sessions of 2025-11-25', () => {
  test('reach the session of their owner that subscribed, and no other', async () => {
    const app = createTestApp();
    const id = await createNote(app, 'Milk');
    const uri = `note:///${id}`;
    const open = async (token: string) => {
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
      const response = await app.send('initialize', params, { era: 'legacy', token });
      const headers = {
        'mcp-session-id': response.headers.get('mcp-session-id') ?? '',
        'mcp-protocol-version': '2025-11-25',
      };
      await response.text();
      assert.deepEqual((await app.ask('resources/subscribe', { uri }, { era: 'legacy', token, headers })).result, {});
      const request = buildRequest('x', {}, { era: 'legacy', token, headers });
      const stream = await app.app.fetch(new Request(request.url, { headers: request.headers }));
      const messages = readMessages(stream);
      return async () => (await messages.next()).value;
    };
    const alice = await open(ALICE);
    const bob = await open(BOB);
    await app.call('update_note', { id, version: 1, body: 'x' });
    await createNote(app, 'Bob’s', BOB);
    const { method, params } = await alice();
    assert.deepEqual([method, params.uri], ['notifications/resources/updated', uri]);
    assert.equal((await bob()).method, 'notifications/resources/list_changed');
    await app.app.close();
  });
});
