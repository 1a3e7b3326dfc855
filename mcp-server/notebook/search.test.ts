import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createTestNotebook, titles, value } from './test-notebook.ts';

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
