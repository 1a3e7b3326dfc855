// Names of tools that clash, that providers refuse, and that somebody else would like to have.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nameTools } from './tool-names.ts';

const named = (...tools: readonly (readonly [string, string])[]) =>
  nameTools(tools.map(([server, name]) => ({ server, name })));

test('a name that one server alone has stays as it is', () => {
  assert.deepEqual(named(['a', 'add'], ['b', 'search-notes']), ['add', 'search-notes']);
});

test('a name that two servers share is prefixed for both: neither can pass for the other', () => {
  assert.deepEqual(named(['a', 'add'], ['b', 'add'], ['b', 'sub']), ['a__add', 'b__add', 'sub']);
  assert.deepEqual(named(['a', 'Add'], ['b', 'add']), ['a__Add', 'b__add']);
});

test('a server cannot take a name that another one gets by its prefix', () => {
  const names = named(['a', 'add'], ['b', 'add'], ['evil', 'a__add']);
  assert.deepEqual(names, ['a__add', 'b__add', 'evil__a__add']);
  // Nor while that one is down.
  assert.deepEqual(nameTools([{ server: 'evil', name: 'A__add' }], ['a', 'evil']), ['evil__A__add']);
});

test('names that providers refuse are mapped to some that they take', () => {
  const names = named(
    ['a', 'files.read'],
    ['a', 'files/read'],
    ['a', '1st'],
    ['a', 'x'.repeat(100)],
    ['a', 'größe'],
    ['a', 'extract-text'],
  );
  assert.deepEqual(names, [
    'a__files_read',
    'a__files_read_2',
    'a__1st',
    `a__${'x'.repeat(61)}`,
    'a__gr_e',
    'a__extract-text',
  ]);
});

test('whatever tools there are, every name is usable and no name comes twice', async () => {
  const tool = fc.record({
    server: fc.stringMatching(/^[\w-]{1,40}$/),
    name: fc.string({ minLength: 1, maxLength: 90 }),
  });
  const tools = fc.uniqueArray(tool, { selector: ({ server, name }) => JSON.stringify([server, name]) });
  await fc.assert(
    fc.property(tools, (list) => {
      const names = nameTools(list);
      assert.equal(new Set(names).size, list.length);
      for (const name of names) {
        assert.match(name, /^[a-zA-Z_][\w-]{0,63}$/);
        assert.doesNotMatch(name, /^extract-/);
      }
    }),
  );
});
