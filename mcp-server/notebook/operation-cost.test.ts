import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOTE_LIMITS } from './limits.ts';
import { createTestNotebook, value } from './test-notebook.ts';

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
