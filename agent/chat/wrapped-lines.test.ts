import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createPaint } from './terminal.ts';
import { wrapLines } from './wrapped-lines.ts';

test('a line is broken between words, and goes on under its indent', () => {
  assert.equal(wrapLines('one two three', 8), 'one two\nthree');
  assert.equal(wrapLines('  one two three four', 9), '  one two\n  three\n  four');
  assert.equal(wrapLines('short\n  also short', 20), 'short\n  also short');
});

test('blanks within a row stay as they are', () => {
  assert.equal(wrapLines('a  b', 4), 'a  b');
  assert.equal(wrapLines('/help      commands and keys', 20), '/help      commands\nand keys');
});

test('a word that is wider than a row stays in one piece', () => {
  assert.equal(
    wrapLines('  see https://example.com/a/long/path now', 12),
    '  see\n  https://example.com/a/long/path\n  now',
  );
  assert.equal(wrapLines('    https://example.com/a/long/path', 12), '    https://example.com/a/long/path');
});

test('colours take no room, and wide characters take two columns', () => {
  const paint = createPaint(true);
  const painted = wrapLines(`${paint('bad', 'one')} ${paint('good', 'two three')}`, 8);
  assert.equal(stripVTControlCharacters(painted), 'one two\nthree');
  assert.equal(wrapLines('中文 中文 中文', 9), '中文 中文\n中文');
});
