import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALICE, BOB, createTestApp } from '../../test/support/app.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('note tools', () => {
  for (const era of ['modern', 'legacy'] as const)
    test(`create, read, update, search and list notes for a ${era} client`, async () => {
      const { call } = createTestApp();
      const created = await call('create_note', { title: 'Milk', body: 'two litres' }, { era });
      const { id } = created.structuredContent;
      assert.match(id, UUID);
      assert.equal(created.content[0].text, `Created Milk (id ${id}, version 1)`);
      const updated = await call('update_note', { id, version: 1, body: 'three litres' }, { era });
      assert.equal(updated.structuredContent.version, 2);
      const read = await call('read_note', { id }, { era });
      assert.deepEqual(read.structuredContent, updated.structuredContent);
      assert.equal(read.content[0].text, `Milk (id ${id}, version 2)\n\nthree litres`);
      const found = await call('search_notes', { query: 'litre' }, { era });
      const { body, ...summary } = updated.structuredContent;
      assert.deepEqual(found.structuredContent, { notes: [{ ...summary, snippet: body }] });
      const listed = await call('list_notes', {}, { era });
      assert.deepEqual(listed.structuredContent, { notes: [summary], total: 1 });
      assert.match(listed.content[0].text, /^1 of 1 note\nMilk \(id /);
    });

  test('list page by page with a cursor that is an argument like any other', async () => {
    const { call } = createTestApp();
    for (const title of ['a', 'b', 'c']) await call('create_note', { title });
    const first = (await call('list_notes', { limit: 2 })).structuredContent;
    assert.equal(first.notes.length, 2);
    const second = (await call('list_notes', { limit: 2, cursor: first.nextCursor })).structuredContent;
    assert.deepEqual([second.notes.length, second.total, 'nextCursor' in second], [1, 3, false]);
    const wrong = await call('list_notes', { cursor: 'x' });
    assert.equal(wrong.isError, true);
    assert.match(wrong.content[0].text, /no cursor/);
  });

  test('explain what the caller can mend', async () => {
    const { call } = createTestApp();
    const { id } = (await call('create_note', { title: 'Milk' })).structuredContent;
    await call('update_note', { id, version: 1, title: 'Oat milk' });
    const cases = [
      ['update_note', { id, version: 1, body: 'x' }, /at version 2, not 1/],
      ['read_note', { id: 'nothing' }, /no note with the id/],
      ['create_note', { title: '' }, /title/],
      ['create_note', { title: 'two\nlines' }, /one line/],
      ['create_note', { title: 'x', body: 'y'.repeat(20_001) }, /body/],
      ['search_notes', { query: 'x', limit: 101 }, /limit/],
      ['import_notes', { notes: [] }, /notes/],
    ] as const;
    for (const [name, args, expected] of cases) {
      const { isError, content } = await call(name, args);
      assert.equal(isError, true, name);
      assert.match(content[0].text, expected);
    }
  });

  test('S11: answer for a note of another subject as for one that never was', async () => {
    const { call } = createTestApp();
    const { id } = (await call('create_note', { title: 'Secret' }, { token: ALICE })).structuredContent;
    const elicitation = { capabilities: { elicitation: { form: {} } } };
    for (const [name, args] of [
      ['read_note', {}],
      ['update_note', { version: 1, title: 'mine now' }],
      ['delete_note', {}],
      ['delete_note', { confirm: true }],
    ] as const)
      for (const options of [{ token: BOB }, { token: BOB, ...elicitation }]) {
        const foreign = await call(name, { id, ...args }, options);
        const absent = await call(name, { id: 'never', ...args }, options);
        assert.equal(foreign.isError, true, name);
        assert.equal(foreign.content[0].text, absent.content[0].text.replace('never', id));
        assert.doesNotMatch(foreign.content[0].text, /Secret/);
      }
    assert.deepEqual((await call('search_notes', { query: 'secret' }, { token: BOB })).structuredContent, {
      notes: [],
    });
    assert.equal((await call('list_notes', {}, { token: BOB })).structuredContent.total, 0);
    assert.equal((await call('read_note', { id })).structuredContent.title, 'Secret');
  });

  test('S5, R3.missing: need their scopes before they look at anything; the challenge names all of them', async () => {
    const { send, log } = createTestApp();
    const cases = [
      ['search_notes', 'alice.read~add', 'read:notes'],
      ['read_note', 'alice', 'read:notes'],
      ['list_notes', 'alice.read~notesx', 'read:notes'],
      ['create_note', 'alice.read~notes', 'write:notes'],
      ['update_note', 'alice.delete~notes', 'write:notes'],
      ['import_notes', 'alice.read~notes', 'write:notes'],
      ['delete_note', 'alice.write~notes', 'delete:notes'],
    ] as const;
    for (const era of ['modern', 'legacy'] as const)
      for (const [name, token, scope] of cases) {
        const response = await send('tools/call', { name, arguments: {} }, { token, era });
        assert.equal(response.status, 403, name);
        const challenge = response.headers.get('www-authenticate') ?? '';
        assert.match(challenge, new RegExp(`error="insufficient_scope".* scope="${scope}"`));
        assert.match(
          challenge,
          /resource_metadata="http:\/\/localhost:8000\/\.well-known\/oauth-protected-resource\/mcp"/,
        );
      }
    assert.ok(!log().some(({ event }) => event === 'tool-call'));
  });

  test('S6, R3.hierarchy: take a broad scope for the narrow one', async () => {
    const { send } = createTestApp();
    for (const token of ['alice.write~notes', 'alice.delete~notes'])
      assert.equal((await send('tools/call', { name: 'list_notes', arguments: {} }, { token })).status, 200);
  });

  test('leave neither titles nor texts in the log', async () => {
    const { call, log } = createTestApp();
    const { id } = (await call('create_note', { title: 'Diagnosis', body: 'private-matter' })).structuredContent;
    await call('search_notes', { query: 'private-matter' });
    await call('delete_note', { id }, { capabilities: { elicitation: {} } });
    assert.doesNotMatch(JSON.stringify(log()), /Diagnosis|private-matter/);
  });

  test('say of themselves what they do', async () => {
    const { ask } = createTestApp();
    const { tools } = (await ask('tools/list')).result;
    const hints = Object.fromEntries(
      tools
        .slice(4)
        .map(({ name, annotations, _meta }: Record<string, Record<string, unknown>>) => [
          name,
          [
            annotations?.['readOnlyHint'],
            annotations?.['destructiveHint'],
            annotations?.['idempotentHint'],
            annotations?.['openWorldHint'],
            _meta?.['authorized-mcp-agent/scopes'],
          ],
        ]),
    );
    assert.deepEqual(hints, {
      create_note: [false, false, false, false, ['write:notes']],
      search_notes: [true, undefined, true, false, ['read:notes']],
      read_note: [true, undefined, true, false, ['read:notes']],
      update_note: [false, true, true, false, ['write:notes']],
      delete_note: [false, true, true, false, ['delete:notes']],
      list_notes: [true, undefined, true, false, ['read:notes']],
      import_notes: [false, false, true, false, ['write:notes']],
    });
    for (const { title, inputSchema, outputSchema } of tools) assert.ok(title && inputSchema.type && outputSchema.type);
    const remove = tools.find(({ name }: { name: string }) => name === 'delete_note');
    assert.deepEqual(remove.inputSchema.required, ['id']);
    assert.equal(remove.inputSchema.properties.confirm.type, 'boolean');
  });
});
