import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openHistory, parseHistory } from './history.ts';

const folder = mkdtempSync(join(tmpdir(), 'chat-history-'));
after(() => rmSync(folder, { recursive: true }));

test('requests are appended one JSON string a line, for the owner alone, and read back', () => {
  const file = join(folder, 'state', 'history');
  const history = openHistory(file, assert.fail);
  assert.deepEqual(history.entries, []);
  for (const request of ['one', 'two\nlines', 'two\nlines', 'one']) history.add(request);
  assert.equal(readFileSync(file, 'utf8'), '"one"\n"two\\nlines"\n"one"\n');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'state')).mode & 0o777, 0o700);
  assert.deepEqual(openHistory(file, assert.fail).entries, ['one', 'two\nlines', 'one']);
});

test('the last thousand entries are kept', () => {
  const entries = parseHistory(Array.from({ length: 1200 }, (_, index) => `"${index}"\n`).join(''));
  assert.equal(entries.length, 1000);
  assert.deepEqual([entries[0], entries.at(-1)], ['200', '1199']);
});

test('a request as long as a file is not remembered', () => {
  const file = join(folder, 'long', 'history');
  const history = openHistory(file, assert.fail);
  history.add('before');
  history.add('x'.repeat(10_001));
  history.add('x'.repeat(10_000));
  const { entries } = openHistory(file, assert.fail);
  assert.deepEqual(
    entries.map(({ length }) => length),
    [6, 10_000],
  );
  assert.deepEqual(parseHistory(`"short"\n"${'x'.repeat(10_001)}"\n`), ['short']);
});

test('lines that are no JSON string are skipped', () => {
  assert.deepEqual(parseHistory('"a"\n{"b":1}\n"half\n\n"c\u2028d"\n'), ['a', 'c\u2028d']);
});

test('a file that cannot be used is reported once, and the chat goes on', () => {
  const blocked = join(folder, 'file');
  writeFileSync(blocked, '');
  const problems: string[] = [];
  const history = openHistory(join(blocked, 'history'), (message) => problems.push(message));
  history.add('one');
  history.add('two');
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /^history is not kept: ENOTDIR/);
});

test('without a file nothing is remembered', () => {
  const history = openHistory(undefined, assert.fail);
  history.add('one');
  assert.deepEqual(history.entries, []);
});
