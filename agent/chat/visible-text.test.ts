import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cutToWidth,
  EMPTY_STREAM,
  visibleChunk,
  visibleLine,
  visibleRest,
  visibleText,
  widthOf,
} from './visible-text.ts';

test('escape sequences and other controls are spelled out', () => {
  assert.equal(visibleText('\x1b[31mred\x1b]0;title\x07'), '<U+001B>[31mred<U+001B>]0;title<U+0007>');
  assert.equal(visibleText('\x9b2J\x7f\b\0'), '<U+009B>2J<U+007F><U+0008><U+0000>');
});

test('a lone carriage return cannot overwrite what was read', () => {
  assert.equal(visibleText('rm -rf\rls'), 'rm -rf<U+000D>ls');
  assert.equal(visibleText('one\r\ntwo\n'), 'one\ntwo\n');
});

test('bidi controls, zero-width characters, tags and fillers are spelled out', () => {
  for (const hidden of [
    '\u202E',
    '\u2066',
    '\u200F',
    '\u200B',
    '\u2060',
    '\uFEFF',
    '\u00AD',
    '\u2028',
    '\u3164',
    '\u{E0041}',
    '\u{E0100}',
  ]) {
    const spelled = `<U+${hidden.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}>`;
    assert.equal(visibleText(`a${hidden}b`), `a${spelled}b`);
  }
  assert.equal(visibleText('a\uD800b'), 'a<U+D800>b');
});

test('joiners stay where writing needs them and nowhere else', () => {
  assert.equal(visibleText('👩🏽‍💻 ❤️‍🔥 1️⃣'), '👩🏽‍💻 ❤️‍🔥 1️⃣');
  assert.equal(visibleText('می\u200Cخواهم'), 'می\u200Cخواهم');
  assert.equal(visibleText('pass\u200Cword\u200D'), 'pass<U+200C>word<U+200D>');
  assert.equal(visibleText('😀\uFE01\uFE0F\uFE0F'), '😀<U+FE01><U+FE0F><U+FE0F>');
});

test('a line shows its line breaks', () => {
  assert.equal(visibleLine(' one\r\ntwo\tthree\n'), 'one⏎two three');
});

test('streamed pieces show what the whole text would show, wherever it is split', () => {
  const text = 'a👩🏽‍💻b\r\nc\x1b[2Jd\u202Ee❤️‍🔥 می\u200Cخواهم\r\r\n😀';
  for (let split = 0; split <= text.length; split += 1) {
    let stream = EMPTY_STREAM;
    let shown = '';
    for (const piece of [text.slice(0, split), text.slice(split)]) {
      const next = visibleChunk(stream, piece);
      stream = next.stream;
      shown += next.text;
    }
    assert.equal(shown + visibleRest(stream), visibleText(text), `split at ${split}`);
  }
  let stream = EMPTY_STREAM;
  let shown = '';
  for (const unit of text.split('')) {
    const next = visibleChunk(stream, unit);
    stream = next.stream;
    shown += next.text;
  }
  assert.equal(shown + visibleRest(stream), visibleText(text), 'unit by unit');
});

test('a long line is cut by columns, and wide characters count twice', () => {
  assert.equal(cutToWidth('abcdef', 6), 'abcdef');
  assert.equal(cutToWidth('abcdefg', 6), 'abcde…');
  assert.equal(cutToWidth('日本語', 6), '日本語');
  assert.equal(cutToWidth('日本語です', 6), '日本…');
  assert.equal(widthOf('日本 👩🏽‍💻'), 7);
});
