import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { NOTE_LIMITS } from './limits.ts';
import type { Note, NoteOutcome, NoteRefusal } from './note.ts';
import { type NoteChange, openNotebook } from './notebook.ts';
import { IN_MEMORY } from './store.ts';

/** A notebook whose clock advances by a second with each look and whose ids count. */
function createTestNotebook() {
  let nowMs = Date.parse('2026-11-23T10:00:00Z');
  let made = 0;
  return openNotebook({
    file: IN_MEMORY,
    now: () => {
      nowMs += 1_000;
      return nowMs;
    },
    newId: () => {
      made += 1;
      return `note-${made}`;
    },
  });
}

function value<T>(outcome: NoteOutcome<T>): T {
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message);
  return outcome.value;
}

function assertRefused(outcome: NoteOutcome<unknown>, reason: NoteRefusal, message: RegExp): void {
  assert.ok(!outcome.ok);
  assert.equal(outcome.reason, reason);
  assert.match(outcome.message, message);
}

const titles = (notes: readonly Pick<Note, 'title'>[]) => notes.map(({ title }) => title);

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

describe('search', () => {
  test('finds all words in any order and case, without accents, as beginnings; a title counts more', () => {
    const notes = createTestNotebook().of('a');
    for (const [title, body] of [
      ['Shopping', 'Café crème and meeting snacks'],
      ['Meeting with Zoë', 'agenda'],
      ['Agenda', 'for the meeting, meeting, meeting'],
      ['Other', 'nothing'],
    ] as const)
      value(notes.create({ title, body }));
    assert.equal(titles(notes.search('meet'))[0], 'Meeting with Zoë');
    assert.deepEqual(titles(notes.search('MEETING agenda')).toSorted(), ['Agenda', 'Meeting with Zoë']);
    assert.deepEqual(titles(notes.search('cafe creme')), ['Shopping']);
    assert.deepEqual(titles(notes.search('zoe')), ['Meeting with Zoë']);
    assert.match(notes.search('snacks')[0]?.snippet ?? '', /meeting snacks/);
    assert.equal(notes.search('meeting', 1).length, 1);
  });

  test('shows titles first and then the newest, whatever the notes of others contain', () => {
    const search = (others: number) => {
      const notebook = createTestNotebook();
      const notes = notebook.of('a');
      for (const body of ['rare rare', 'rare common', 'common'])
        value(notes.create({ title: `${body.length}`, body: `${body} word` }));
      value(notes.create({ title: 'word', body: '' }));
      for (let count = 0; count < others; count += 1)
        value(notebook.of('b').create({ title: 'x', body: 'rare rare rare' }));
      return ['word', 'rare', 'common', 'rare word'].map((query) => titles(notes.search(query)));
    };
    assert.deepEqual(search(0), [
      ['word', '6', '11', '9'],
      ['11', '9'],
      ['6', '11'],
      ['11', '9'],
    ]);
    // A rank that counts the notes of everybody tells one owner what is in those of another.
    assert.deepEqual(search(50), search(0));
  });

  test('shows the piece of the text that has one of the words, and words count up to their eighth letter', () => {
    const notes = createTestNotebook().of('a');
    value(notes.create({ title: 'x', body: `${'lorem ipsum '.repeat(50)}a needle here${' dolor'.repeat(50)}` }));
    const [found] = notes.search('need');
    assert.match(found?.snippet ?? '', /^….*\ba needle here.*…$/);
    assert.ok((found?.snippet.length ?? 0) < 170);
    assert.equal(notes.search('dolorosa').length, 0);
    value(notes.create({ title: 'International', body: 'É'.repeat(300) }));
    assert.deepEqual(titles(notes.search('internationalisation')), ['International']);
    assert.deepEqual(titles(notes.search('eeeeeeee')), ['International'], 'a word as long as it may be');
    for (const text of ['İ'.repeat(200), '\ufdfa', 'ﬁne', 'x'.repeat(20_000), '🦊 fox'])
      assert.equal(typeof value(notes.create({ title: 'y', body: text })).id, 'string');
    assert.equal(notes.search('fine').length, 1);
  });

  test('follows changes and deletions', () => {
    const notes = createTestNotebook().of('a');
    value(notes.create({ title: 'Milk', body: 'two litres' }));
    value(notes.update('note-1', 1, { body: 'oat drink' }));
    assert.deepEqual(titles(notes.search('litres')), []);
    assert.deepEqual(titles(notes.search('oat')), ['Milk']);
    value(notes.delete('note-1'));
    assert.deepEqual(titles(notes.search('milk')), []);
  });

  test('takes operators, quotes, filters and columns of the index for text', () => {
    const notes = createTestNotebook().of('a');
    value(notes.create({ title: 'Milk', body: 'near the bread' }));
    assert.deepEqual(titles(notes.search('milk NOT bread')), []);
    assert.deepEqual(titles(notes.search('"milk" AND (near)')), []);
    assert.deepEqual(titles(notes.search('near("milk" bread)')), ['Milk']);
    for (const query of ['*', '"', "'; DROP TABLE note; --", 'title:', 'owner : x', '^milk + -', '', '\u0000', '🦊'])
      assert.ok(Array.isArray(notes.search(query)), query);
  });

  test('never throws, and finds what it is given as words, on any string', () => {
    const notes = createTestNotebook().of('a');
    value(notes.create({ title: 'Milk', body: 'two litres' }));
    const anyString = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 600 }),
      fc.string({ unit: 'grapheme', maxLength: 600 }),
      fc
        .array(fc.constantFrom('"', '*', '(', ')', ':', '^', '+', '-', '{', '}', ' ', 'AND', 'NEAR(', 'milk', '\u0000'))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(anyString, (query) => Array.isArray(notes.search(query))),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(anyString, (query) => Array.isArray(notes.suggest(query))),
      { numRuns: 300 },
    );
    const word = fc.stringMatching(/^[a-zäöüß0-9\u0410-\u044f\u4e00-\u4fff]{1,20}$/);
    fc.assert(
      fc.property(word, (body) => {
        const { id } = value(notes.create({ title: 'x', body }));
        assert.ok(
          notes.search(body, 100).some((note) => note.id === id),
          body,
        );
        value(notes.delete(id));
      }),
    );
  });
});

describe('the cost of an operation', () => {
  // Far above what each takes, far below what it took when it grew with the square of the text.
  const withinSeconds = async (seconds: number, run: () => unknown) => {
    const startedAtMs = performance.now();
    await run();
    assert.ok(performance.now() - startedAtMs < seconds * 1_000, `more than ${seconds} s`);
  };

  test('R6.time: of a search does not grow with how often a word stands in a text', async () => {
    const notes = createTestNotebook().of('a');
    const body = 'a b '.repeat(NOTE_LIMITS.maxBodyLength / 4);
    for (let count = 0; count < 100; count += 1) value(notes.create({ title: `n${count}`, body }));
    await withinSeconds(5, () => {
      for (const query of ['a', 'a b', 'a '.repeat(250), 'a b '.repeat(125), 'zz a', 'a zz'])
        assert.equal(notes.search(query, 100).length, query.includes('z') ? 0 : 100);
    });
  });

  test('R6.time: of a search does not grow with how many words begin like the one that is looked for', async () => {
    const notes = createTestNotebook().of('a');
    for (let count = 0; count < 20; count += 1) {
      const words = Array.from({ length: 2_500 }, (_, index) => `ab${(count * 2_500 + index).toString(36)}`);
      value(notes.create({ title: `n${count}`, body: words.join(' ').slice(0, NOTE_LIMITS.maxBodyLength) }));
    }
    await withinSeconds(5, () => {
      for (let times = 0; times < 100; times += 1) assert.equal(notes.search('a ab zz', 100).length, 0);
    });
  });

  test('R6.time: of a suggestion does not grow with how nearly it fits', async () => {
    const notes = createTestNotebook().of('a');
    const drafts = (from: number) =>
      Array.from({ length: 500 }, (_, index) => ({ title: 'a'.repeat(196) + (from + index), body: '' }));
    for (let from = 0; from < 2_000; from += 500) value(await notes.import(drafts(from)));
    await withinSeconds(5, () => {
      for (let times = 0; times < 20; times += 1) assert.deepEqual(notes.suggest(`${'a'.repeat(100)}b`), []);
    });
  });

  test('R6.time: of an import does not grow with how many notes are alike', async () => {
    const notes = createTestNotebook().of('a');
    const drafts = Array.from({ length: 400 }, (_, index) => ({
      title: 'same',
      body: `${'x '.repeat(9_990)}${index}`,
    }));
    value(await notes.import(drafts));
    await withinSeconds(10, async () => assert.equal(value(await notes.import(drafts)).skipped, 400));
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

  const inDirectory = (context: TestContext) => {
    const directory = mkdtempSync(join(tmpdir(), 'notebook-'));
    context.after(() => rmSync(directory, { recursive: true }));
    return directory;
  };

  test('survives a restart, in files that only the owner can read', (context) => {
    const directory = join(inDirectory(context), 'data');
    const file = join(directory, 'notebook.sqlite');
    const first = openNotebook({ file });
    const { id } = value(first.of('a').create({ title: 'Kept', body: '' }));
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
    assert.ok(readdirSync(directory).includes('notebook.sqlite-wal'));
    first.close();
    const second = openNotebook({ file });
    assert.equal(value(second.of('a').read(id)).title, 'Kept');
    second.close();
  });

  test('takes a file of version 1 over, with all notes, and searches it', (context) => {
    const file = join(inDirectory(context), 'notebook.sqlite');
    writeFileSync(file, '', { mode: 0o600 });
    const old = new DatabaseSync(file);
    // As version 1 wrote it.
    old.exec(`
      CREATE TABLE note (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, title TEXT NOT NULL,
        body TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
      CREATE INDEX note_page ON note (owner, created_at DESC, id DESC);
      CREATE INDEX note_title ON note (owner, title);
      CREATE VIRTUAL TABLE note_text USING fts5 (owner, title, body, content = 'note', content_rowid = 'seq');
      CREATE TRIGGER note_inserted AFTER INSERT ON note BEGIN
        INSERT INTO note_text (rowid, owner, title, body) VALUES (new.seq, new.owner, new.title, new.body);
      END;
      CREATE TRIGGER note_deleted AFTER DELETE ON note BEGIN SELECT 1; END;
      CREATE TRIGGER note_updated AFTER UPDATE ON note BEGIN SELECT 1; END;
      PRAGMA user_version = 1;`);
    const owner = createHash('sha256').update('a').digest('hex');
    old.prepare('INSERT INTO note VALUES (7, ?, ?, ?, ?, 2, 1, 2)').run('note-1', owner, 'Milk', 'two litres');
    old.close();
    const notebook = openNotebook({ file });
    context.after(() => notebook.close());
    const notes = notebook.of('a');
    assert.deepEqual(titles(notes.search('lit')), ['Milk']);
    assert.equal(value(notes.update('note-1', 2, { body: 'oat drink' })).version, 3);
    assert.deepEqual([titles(notes.search('lit')), titles(notes.search('oat'))], [[], ['Milk']]);
    value(notes.delete('note-1'));
    assert.deepEqual(notes.search('oat'), []);
  });

  test('advises nobody to give up a file that another process holds', (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'notebook-'));
    context.after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'held.sqlite');
    const holder = new DatabaseSync(file);
    holder.exec('BEGIN EXCLUSIVE');
    chmodSync(file, 0o600);
    assert.throws(
      () => openNotebook({ file }),
      /database is locked.+leave the file as it is.+no other program holds the file/,
    );
    holder.close();
  });

  test('refuses a file that others may read, one that is no database, and one of a later version', (context) => {
    const directory = inDirectory(context);
    const expected = (message: RegExp) => ({ code: 'unreadable_data', message });
    const open = join(directory, 'open.sqlite');
    writeFileSync(open, '');
    chmodSync(open, 0o644);
    assert.throws(() => openNotebook({ file: open }), expected(/mode 0644, expected 0600/));
    const text = join(directory, 'text.sqlite');
    writeFileSync(text, 'not a database, but long enough to be one'.repeat(30), { mode: 0o600 });
    assert.throws(() => openNotebook({ file: text }), expected(/not a database/));
    assert.throws(() => openNotebook({ file: directory }), expected(/EISDIR/));
    const later = join(directory, 'later.sqlite');
    openNotebook({ file: later }).close();
    const database = new DatabaseSync(later);
    database.exec('PRAGMA user_version = 3');
    database.close();
    assert.throws(() => openNotebook({ file: later }), expected(/version 3 of the notebook, expected 2/));
  });
});
