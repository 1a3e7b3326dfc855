import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestApp, messagesOf, readMessages } from '../../test/support/app.ts';

const drafts = (count: number) => Array.from({ length: count }, (_, index) => ({ title: `n${index}`, body: '' }));

describe('import_notes', () => {
  for (const era of ['modern', 'legacy'] as const)
    test(`reports growing progress on the stream of the call, before its answer, to a ${era} client`, async () => {
      const { send } = createTestApp();
      const params = { name: 'import_notes', arguments: { notes: drafts(25) }, _meta: { progressToken: 'p' } };
      const messages = await messagesOf(await send('tools/call', params, { era }));
      for (const [index, done] of [10, 20, 25].entries()) {
        const { method, params: sent } = messages[index];
        assert.equal(method, 'notifications/progress');
        const { progressToken, progress, total, message } = sent;
        assert.deepEqual([progressToken, progress, total, message], ['p', done, 25, `${done} of 25 notes`]);
      }
      assert.equal(messages.length, 4);
      const { result } = messages.at(-1);
      assert.deepEqual(result.structuredContent, { imported: 25, skipped: 0, total: 25, stopped: false });
      assert.equal(result.content[0].text, 'Imported 25 of 25 notes.');
    });

  test('says one note where it was one, the first time and the second', async () => {
    const { send } = createTestApp();
    const text = async (name: string, args: object) =>
      (await messagesOf(await send('tools/call', { name, arguments: args })))[0].result.content[0].text;
    assert.equal(await text('import_notes', { notes: drafts(1) }), 'Imported 1 of 1 note.');
    assert.equal(await text('import_notes', { notes: drafts(1) }), 'Imported 0 of 1 note, 1 was there already.');
    assert.match(await text('list_notes', {}), /^1 of 1 note\n/);
  });

  test('reports none to a client that asked for none', async () => {
    const { send } = createTestApp();
    const params = { name: 'import_notes', arguments: { notes: drafts(25) } };
    assert.equal((await messagesOf(await send('tools/call', params))).length, 1);
  });

  test('stops when the client closes the stream, keeps what it wrote, and says how much in the log', async () => {
    const app = createTestApp();
    const params = { name: 'import_notes', arguments: { notes: drafts(500) }, _meta: { progressToken: 1 } };
    const stopping = new AbortController();
    const called = app.nextLogged('tool-call');
    const response = await app.send('tools/call', params, { signal: stopping.signal });
    for await (const { method } of readMessages(response)) {
      assert.equal(method, 'notifications/progress');
      break;
    }
    stopping.abort();
    await called;
    const { imported, total, tool } = app.log().find(({ event }) => event === 'import-stopped') ?? {};
    assert.deepEqual([total, tool], [500, 'import_notes']);
    assert.ok(Number(imported) >= 10 && Number(imported) < 500, String(imported));
    assert.equal(app.log().find(({ event }) => event === 'tool-call')?.['outcome'], 'cancelled');
    assert.equal((await app.call('list_notes', {})).structuredContent.total, imported);
    const { structuredContent } = await app.call('import_notes', { notes: drafts(500) });
    assert.deepEqual(structuredContent, {
      imported: 500 - Number(imported),
      skipped: imported,
      total: 500,
      stopped: false,
    });
  });

  for (const era of ['modern', 'legacy'] as const)
    test(`tells a ${era} client that brings more than a request may have to send fewer in a call`, async () => {
      const { send, call } = createTestApp();
      const response = await send('tools/call', { name: 'import_notes', arguments: { notes: drafts(2_000) } }, { era });
      assert.equal(response.status, 400);
      const [{ id, error }] = await messagesOf(response);
      assert.deepEqual([id, error.code], [1, -32_600]);
      assert.match(error.message, /the limit is 5000\. Nothing was done\. Send fewer items in a call/);
      const fewer = await call('import_notes', { notes: drafts(501) }, { era });
      assert.ok(fewer.isError);
      assert.match(fewer.content[0].text, /500/);
      assert.equal((await call('list_notes', {}, { era })).structuredContent.total, 0);
    });

  test('writes nothing when one note is invalid', async () => {
    const { call } = createTestApp();
    const refused = await call('import_notes', { notes: [...drafts(3), { title: 'two\nlines' }] });
    assert.match(refused.content[0].text, /^Note 4 of 4: The title must be one line/);
    assert.equal((await call('list_notes', {})).structuredContent.total, 0);
  });
});
