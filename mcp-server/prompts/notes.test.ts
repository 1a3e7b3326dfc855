import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALICE, BOB, createTestApp } from '../../test/support/app.ts';

const SUMMARIZE = { type: 'ref/prompt', name: 'summarize-notes' };

async function createNotesApp() {
  const app = createTestApp();
  await app.call('create_note', { title: 'Milk', body: 'two litres' });
  await app.call('create_note', { title: 'Bread', body: 'one loaf' });
  await app.call('create_note', { title: 'Milkshake', body: 'bob’s' }, { token: BOB });
  return app;
}

describe('prompts', () => {
  test('are listed with their arguments and the scopes they need', async () => {
    const { ask } = createTestApp();
    const { prompts } = (await ask('prompts/list')).result;
    assert.deepEqual(
      prompts.map(({ name, arguments: args, _meta }: Record<string, unknown>) => [name, args, _meta]),
      [
        [
          'summarize-notes',
          [
            {
              name: 'about',
              description: 'A title, or words to look for; without it the newest notes',
              required: false,
            },
          ],
          { 'authorized-mcp-agent/scopes': ['read:notes'] },
        ],
        [
          'draft-note',
          [
            { name: 'topic', description: 'What the note is about', required: true },
            { name: 'style', description: 'How it is written', required: false },
          ],
          undefined,
        ],
      ],
    );
  });

  test('R6.memory: put no more text into one answer than fits, and the newest notes of it', async () => {
    const { ask, call } = createTestApp();
    for (let note = 1; note <= 8; note += 1) await call('create_note', { title: `T${note}`, body: 'x'.repeat(20_000) });
    const { messages } = (await ask('prompts/get', { name: 'summarize-notes' })).result;
    const texts: string[] = messages.map(({ content }: { content: { text: string } }) => content.text);
    assert.ok(texts.join('').length < 101_000);
    assert.equal(texts.length, 1 + 4);
  });

  test('complete titles of the owner’s notes, for a token that may read them', async () => {
    const { ask } = await createNotesApp();
    const complete = async (ref: object, argument: object, token = ALICE) =>
      (await ask('completion/complete', { ref, argument }, { token })).result.completion.values;
    assert.deepEqual(await complete(SUMMARIZE, { name: 'about', value: 'mil' }), ['Milk']);
    assert.deepEqual(await complete(SUMMARIZE, { name: 'about', value: 'mil' }, BOB), ['Milkshake']);
    assert.deepEqual(await complete(SUMMARIZE, { name: 'about', value: 'mil' }, 'alice.read~add'), []);
    const draft = { type: 'ref/prompt', name: 'draft-note' };
    assert.deepEqual(await complete(draft, { name: 'style', value: 'B' }, 'alice'), ['bullet points']);
  });

  test('put the notes that fit before the model, the newest ones without a word, and no one else’s', async () => {
    const { ask } = await createNotesApp();
    const texts = async (args: object) =>
      (await ask('prompts/get', { name: 'summarize-notes', arguments: args })).result.messages.map(
        ({ content }: { content: { text: string } }) => content.text,
      );
    assert.deepEqual((await texts({ about: 'milk' })).slice(1), ['# Milk\n\ntwo litres']);
    assert.deepEqual((await texts({})).slice(1), ['# Bread\n\none loaf', '# Milk\n\ntwo litres']);
    assert.match((await texts({ about: 'shake' }))[0], /no notes about "shake"/);
  });

  test('need read:notes where they show notes, and nothing where they do not', async () => {
    const { send, ask } = createTestApp();
    for (const era of ['modern', 'legacy'] as const) {
      const refused = await send('prompts/get', { name: 'summarize-notes', arguments: {} }, { token: 'alice', era });
      assert.equal(refused.status, 403);
      assert.match(refused.headers.get('www-authenticate') ?? '', /scope="read:notes"/);
    }
    const drafted = await ask('prompts/get', { name: 'draft-note', arguments: { topic: 'tea' } }, { token: 'alice' });
    assert.match(drafted.result.messages[0].content.text, /note about "tea"/);
    const missing = await ask('prompts/get', { name: 'draft-note', arguments: {} });
    assert.equal(missing.error.code, -32_602);
  });
});
