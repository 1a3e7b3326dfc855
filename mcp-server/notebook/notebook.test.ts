import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NOTE_LIMITS } from './limits.ts';
import type { NoteChange } from './notebook.ts';
import { assertRefused, createTestNotebook, titles, value } from './test-notebook.ts';

describe('a note', () => {
  test('is created, read, updated and deleted, and counts its versions', () => {
    const notes = createTestNotebook().of('a');
    const created = value(notes.create({ title: '  Milk ', body: 'two litres' }));
    assert.deepEqual(created, {
      id: 'note-1',
      title: 'Milk',
      body: 'two litres',
      version: 1,
      createdAt: '2026-11-23T10:00:01.000Z',
      updatedAt: '2026-11-23T10:00:01.000Z',
    });
    assert.deepEqual(value(notes.read('note-1')), created);
    const updated = value(notes.update('note-1', 1, { body: 'three litres' }));
    assert.deepEqual(updated, {
      ...created,
      body: 'three litres',
      version: 2,
      updatedAt: '2026-11-23T10:00:02.000Z',
    });
    assert.deepEqual(value(notes.delete('note-1')), updated);
    assertRefused(notes.read('note-1'), 'not_found', /no note with the id "note-1"/);
    assertRefused(notes.delete('note-1'), 'not_found', /note-1/);
    assert.equal(notes.count(), 0);
  });

  test('is not overwritten by a change that was made from an older version', () => {
    const notes = createTestNotebook().of('a');
    value(notes.create({ title: 'Milk', body: '' }));
    value(notes.update('note-1', 1, { body: 'first' }));
    assertRefused(notes.update('note-1', 1, { body: 'second' }), 'changed', /at version 2, not 1/);
    assert.equal(value(notes.read('note-1')).body, 'first');
    assertRefused(notes.update('note-9', 1, {}), 'not_found', /note-9/);
  });

  test('is refused when it is too long, empty, or not text, with the limit in words', () => {
    const notes = createTestNotebook().of('a');
    const cases = [
      [{ title: ' ', body: '' }, 'invalid_text', /title is empty/],
      [{ title: 'x'.repeat(201), body: '' }, 'too_long', /201 characters; 200/],
      [{ title: 'a', body: 'x'.repeat(20_001) }, 'too_long', /20001 characters; 20000/],
      [{ title: 'two\nlines', body: '' }, 'invalid_text', /one line/],
      [{ title: 'a', body: 'nul \u0000' }, 'invalid_text', /control/],
      [{ title: 'a', body: 'half \ud800' }, 'invalid_text', /control/],
    ] as const;
    for (const [draft, reason, message] of cases) assertRefused(notes.create(draft), reason, message);
    assert.equal(notes.count(), 0);
    value(notes.create({ title: 'a', body: 'tab\tand\r\nline' }));
    assertRefused(notes.update('note-1', 1, { title: '' }), 'invalid_text', /title is empty/);
  });

  test('is not taken when the notebook is full', async () => {
    const notes = createTestNotebook().of('a');
    const drafts = (from: number) =>
      Array.from({ length: NOTE_LIMITS.maxNotesPerImport }, (_, index) => ({ title: `n${from + index}`, body: '' }));
    for (let from = 0; from < NOTE_LIMITS.maxNotesPerOwner; from += NOTE_LIMITS.maxNotesPerImport)
      value(await notes.import(drafts(from)));
    assert.equal(notes.count(), NOTE_LIMITS.maxNotesPerOwner);
    assertRefused(notes.create({ title: 'one more', body: '' }), 'full', /room for 0 more of 5000/);
    assertRefused(await notes.import([{ title: 'one more', body: '' }]), 'full', /not for 1/);
    // What is there already needs no room.
    assert.equal(value(await notes.import(drafts(0))).skipped, NOTE_LIMITS.maxNotesPerImport);
  });
});

describe('owners', () => {
  test('never see each other’s notes, by any operation', async () => {
    const notebook = createTestNotebook();
    const mine = notebook.of('["i","a"]');
    const theirs = notebook.of('["i","b"]');
    value(mine.create({ title: 'Secret plan', body: 'the plan' }));
    value(theirs.create({ title: 'Other', body: 'plan b' }));
    assertRefused(theirs.read('note-1'), 'not_found', /note-1/);
    assertRefused(theirs.update('note-1', 1, { body: '' }), 'not_found', /note-1/);
    assertRefused(theirs.delete('note-1'), 'not_found', /note-1/);
    assert.deepEqual(titles(theirs.search('plan')), ['Other']);
    assert.deepEqual(titles(value(theirs.list()).notes), ['Other']);
    const foreignCursor = Buffer.from(JSON.stringify([Number.MAX_SAFE_INTEGER, 'note-1'])).toString('base64url');
    assert.deepEqual(titles(value(theirs.list({ cursor: foreignCursor })).notes), ['Other']);
    assert.deepEqual(titles(theirs.suggest('')), ['Other']);
    assert.deepEqual(titles(theirs.suggest('note-1')), []);
    assert.equal(theirs.count(), 1);
    assert.equal(value(await theirs.import([{ title: 'Secret plan', body: 'the plan' }])).imported, 1);
    assert.equal(value(mine.read('note-1')).body, 'the plan');
  });

  test('never mix, whatever they are called and whatever they write and look for', () => {
    const notebook = createTestNotebook();
    const owner = fc.constantFrom('a', 'b', '["i","a"]', 'a" OR owner : "b', '', '\u0000');
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('plan', 'owner : "a"', 'title : plan OR b'));
    fc.assert(
      fc.property(owner, owner, text, text, (writer, reader, title, query) => {
        const created = notebook.of(writer).create({ title, body: `${title} written by ${writer.length}` });
        const reading = notebook.of(reader);
        const seen = [...reading.search(query), ...value(reading.list()).notes].map(({ id }) => id);
        for (const id of seen) assert.ok(reading.read(id).ok);
        if (created.ok && writer !== reader) {
          assert.ok(!seen.includes(created.value.id));
          assert.ok(!reading.read(created.value.id).ok);
        }
      }),
    );
  });
});

describe('lists', () => {
  test('show every note once, newest first, page by page, also when notes come and go in between', () => {
    const notes = createTestNotebook().of('a');
    for (let count = 1; count <= 7; count += 1) value(notes.create({ title: `n${count}`, body: '' }));
    const first = value(notes.list({ limit: 3 }));
    assert.deepEqual(titles(first.notes), ['n7', 'n6', 'n5']);
    value(notes.create({ title: 'n8', body: '' }));
    value(notes.delete('note-5'));
    const second = value(notes.list({ limit: 3, cursor: first.nextCursor ?? '' }));
    assert.deepEqual(titles(second.notes), ['n4', 'n3', 'n2']);
    const third = value(notes.list({ limit: 3, cursor: second.nextCursor ?? '' }));
    assert.deepEqual(titles(third.notes), ['n1']);
    assert.equal(third.nextCursor, undefined);
  });

  test('refuse a cursor that is not one of theirs', () => {
    const notes = createTestNotebook().of('a');
    for (const cursor of [
      '',
      'x',
      'e30',
      Buffer.from('[1]').toString('base64url'),
      Buffer.from('["1","a"]').toString('base64url'),
    ])
      assertRefused(notes.list({ cursor }), 'invalid_cursor', /no cursor/);
    fc.assert(fc.property(fc.string(), (cursor) => typeof notes.list({ cursor }).ok === 'boolean'));
  });

  test('suggest titles that contain and ids that begin with what was typed, wildcards taken for text', () => {
    const notes = createTestNotebook().of('a');
    for (const title of ['100 % cotton', 'Cotton candy', 'a_b']) value(notes.create({ title, body: '' }));
    assert.deepEqual(titles(notes.suggest('cotton')), ['Cotton candy', '100 % cotton']);
    assert.deepEqual(titles(notes.suggest('%')), ['100 % cotton']);
    assert.deepEqual(titles(notes.suggest('_')), ['a_b']);
    assert.deepEqual(titles(notes.suggest('note-2')), ['Cotton candy']);
  });
});

describe('an import', () => {
  const drafts = (count: number) => Array.from({ length: count }, (_, index) => ({ title: `n${index}`, body: '' }));

  test('writes all, reports its progress, and can be repeated without writing twice', async () => {
    const notes = createTestNotebook().of('a');
    const progress: number[] = [];
    const onProgress = (done: number) => void progress.push(done);
    assert.deepEqual(value(await notes.import(drafts(25), { onProgress })), {
      imported: 25,
      skipped: 0,
      total: 25,
      stopped: false,
    });
    assert.deepEqual(progress, [10, 20, 25]);
    const again = value(await notes.import([...drafts(26), ...drafts(1)]));
    assert.deepEqual(again, { imported: 1, skipped: 26, total: 27, stopped: false });
    assert.equal(notes.count(), 26);
  });

  test('stops at the abort, says how many were done, keeps them, and ends when it is repeated', async () => {
    const notes = createTestNotebook().of('a');
    const stopping = new AbortController();
    const onProgress = (done: number) => {
      if (done === 20) stopping.abort();
    };
    const stopped = value(await notes.import(drafts(45), { signal: stopping.signal, onProgress }));
    assert.deepEqual(stopped, { imported: 20, skipped: 0, total: 45, stopped: true });
    assert.equal(notes.count(), 20);
    assert.deepEqual(value(await notes.import(drafts(45))), { imported: 25, skipped: 20, total: 45, stopped: false });
    const before = value(await notes.import(drafts(50), { signal: AbortSignal.abort() }));
    assert.deepEqual(before, { imported: 0, skipped: 0, total: 50, stopped: true });
  });

  test('writes nothing when one note is invalid or there are too many', async () => {
    const notes = createTestNotebook().of('a');
    assertRefused(
      await notes.import([...drafts(2), { title: '', body: '' }]),
      'invalid_text',
      /^Note 3 of 3: The title/,
    );
    assertRefused(await notes.import(drafts(501)), 'too_long', /500 notes, not 501/);
    assert.equal(notes.count(), 0);
  });

  test('lets other calls of the same notebook go on in between, each whole', async () => {
    const notebook = createTestNotebook();
    const others = notebook.of('b');
    const onProgress = () => void value(others.create({ title: 'in between', body: '' }));
    value(await notebook.of('a').import(drafts(30), { onProgress }));
    assert.equal(others.count(), 3);
  });
});

describe('the notebook', () => {
  test('tells of each change whose it was, once per operation', async () => {
    const notebook = createTestNotebook();
    const heard: NoteChange[] = [];
    const stop = notebook.onChange((change) => heard.push(change));
    const notes = notebook.of('a');
    value(notes.create({ title: 'x', body: '' }));
    value(notes.update('note-1', 1, { body: 'y' }));
    notes.update('note-1', 1, { body: 'z' });
    value(notes.delete('note-1'));
    value(
      await notes.import([
        { title: 'p', body: '' },
        { title: 'q', body: '' },
      ]),
    );
    value(await notes.import([{ title: 'p', body: '' }]));
    stop();
    value(notes.create({ title: 'unheard', body: '' }));
    assert.deepEqual(heard, [
      { kind: 'created', owner: 'a', ids: ['note-1'] },
      { kind: 'updated', owner: 'a', ids: ['note-1'] },
      { kind: 'deleted', owner: 'a', ids: ['note-1'] },
      { kind: 'created', owner: 'a', ids: ['note-2', 'note-3'] },
    ]);
  });
});
