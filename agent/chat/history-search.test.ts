import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeTerminal } from './fake-terminal.ts';
import { startHistorySearch } from './history-search.ts';

const ENTRIES = ['add 2 and 3', 'delete the note', 'Add 1 and 2'];

test('the newest request with the letters in it is found, in either case, and Ctrl+R goes further back', () => {
  const { search, terminal } = start();
  assert.equal(search.found(), undefined);
  assert.equal(search.press({ name: 'a' }, 'a'), 'goes-on');
  assert.equal(search.press({ name: 'd' }, 'aD'), 'goes-on');
  assert.equal(search.found(), 'add 2 and 3');
  search.press({ name: 'r', ctrl: true }, 'aD');
  assert.equal(search.found(), 'Add 1 and 2');
  search.press({ name: 'r', ctrl: true }, 'aD');
  assert.equal(search.found(), 'Add 1 and 2');
  search.press({ name: 'backspace' }, 'a');
  assert.equal(search.found(), 'add 2 and 3');
  assert.ok(terminal.written().endsWith('(search) a: add 2 and 3'));
});

test('what matches nothing says so, and a key that moves takes what is found', () => {
  const { search, terminal } = start();
  search.press({ name: 'x' }, 'x');
  assert.equal(search.found(), undefined);
  assert.ok(terminal.written().endsWith('(search) x: nothing found'));
  search.press({ name: 'u', ctrl: true }, '');
  search.press({ name: 'n' }, 'note');
  for (const name of ['left', 'right', 'up', 'down', 'tab', 'escape', 'home'])
    assert.equal(search.press({ name }, name === 'up' ? 'an older line' : 'note'), 'accepted');
  assert.equal(search.found(), 'delete the note');
  assert.equal(search.press({ name: 'g', ctrl: true }, 'note'), 'given-up');
});

function start() {
  const terminal = createFakeTerminal({ isTTY: true });
  return { terminal, search: startHistorySearch(terminal.output, ENTRIES) };
}
