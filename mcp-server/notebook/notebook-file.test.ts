import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { openNotebook } from './notebook.ts';
import { titles, value } from './test-notebook.ts';

describe('the notebook', () => {
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
