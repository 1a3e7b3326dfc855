import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createFakeTerminal, type FakeTerminal } from './fake-terminal.ts';
import { createKeyRouter } from './key-router.ts';
import { createLineEditor, type LineEditorOptions } from './line-editor.ts';
import type { RequestSource } from './request-source.ts';

const CTRL_C = '\x03';
const CTRL_D = '\x04';
const CTRL_U = '\x15';
const CTRL_Z = '\x1a';
const UP = '\x1b[A';
const paste = (text: string) => `\x1b[200~${text}\x1b[201~`;

test('a line is a request, and blank lines are none', async (t) => {
  const { terminal, editor } = start(t);
  const next = editor.next();
  await terminal.type('\r  \rhello \r');
  assert.deepEqual(await next, { type: 'request', text: 'hello' });
  assert.match(terminal.written(), /› /);
});

test('a line feed sends a line as a carriage return does', async (t) => {
  const { terminal, editor } = start(t);
  const next = editor.next();
  await terminal.type('hello\n');
  assert.deepEqual(await next, { type: 'request', text: 'hello' });
});

test('a backslash at the end of a line goes on with the request', async (t) => {
  const { terminal, editor } = start(t);
  const next = editor.next();
  await terminal.type('one\\\rtwo\r');
  assert.deepEqual(await next, { type: 'request', text: 'one\ntwo' });
  assert.match(terminal.written(), /… .*two/);
});

test('pasted lines are one request, which only Enter sends', async (t) => {
  const { terminal, editor } = start(t);
  const next = editor.next();
  await terminal.type(`see: ${paste('one\\\r\ttwo\r\rthree\r')}`);
  assert.equal(await Promise.race([next, 'not sent']), 'not sent');
  await terminal.type('\r');
  assert.deepEqual(await next, { type: 'request', text: 'see: one\\\n\ttwo\n\nthree' });
});

test('paste marks are asked for at start and given up at the end', async (t) => {
  const { terminal, editor } = start(t);
  assert.ok(terminal.written().startsWith('\x1b[?2004h'));
  await editor.close();
  await editor.close();
  await terminal.shown('\x1b[?2004l');
  assert.equal(terminal.written().split('\x1b[?2004l').length, 2);
});

test('keys pressed during an answer are not echoed, and stand at the next prompt', async (t) => {
  const { terminal, editor } = start(t);
  await request(terminal, editor, 'go');
  const before = terminal.written();
  await editor.whileAnswering(() => terminal.type('and then'));
  assert.equal(terminal.written(), before);
  const next = editor.next();
  await terminal.shown('› ');
  await terminal.shown('and then');
  await terminal.type('?\r');
  assert.deepEqual(await next, { type: 'request', text: 'and then?' });
});

test('requests sent during an answer are shown and answered in turn', async (t) => {
  const { terminal, editor } = start(t);
  await request(terminal, editor, 'go');
  await editor.whileAnswering(() => terminal.type('second\rthird\\\rline\rfour'));
  assert.deepEqual(await editor.next(), { type: 'request', text: 'second' });
  assert.deepEqual(await editor.next(), { type: 'request', text: 'third\nline' });
  await terminal.shown('› second\n');
  await terminal.shown('› third\n… line\n');
  const next = editor.next();
  await terminal.shown('four');
  await terminal.type('th\r');
  assert.deepEqual(await next, { type: 'request', text: 'fourth' });
});

test('a request that was begun over several lines during an answer goes on at the next prompt', async (t) => {
  const { terminal, editor } = start(t);
  await request(terminal, editor, 'go');
  await editor.whileAnswering(() => terminal.type('one\\\rtw'));
  const next = editor.next();
  await terminal.shown('› one\n');
  await terminal.shown('tw');
  await terminal.type('o\r');
  assert.deepEqual(await next, { type: 'request', text: 'one\ntwo' });
});

test('Ctrl+C during an answer cancels it, and puts what was sent meanwhile back into the line', async (t) => {
  const { terminal, editor } = start(t);
  await request(terminal, editor, 'go');
  await editor.whileAnswering(async (signal) => {
    const aborted = once(signal, 'abort');
    await terminal.type(`delete\rall${CTRL_C}`);
    await aborted;
  });
  const next = editor.next();
  await terminal.shown('delete⏎all');
  await terminal.type('\r');
  assert.deepEqual(await next, { type: 'request', text: 'delete\nall' });
});

test('Ctrl+C at a line with text clears it, and the lines above it', async (t) => {
  const { terminal, editor } = start(t);
  const next = editor.next();
  await terminal.type(`one\\\rwrong${CTRL_C}right\r`);
  await terminal.shown('^C');
  assert.deepEqual(await next, { type: 'request', text: 'right' });
});

test('a second Ctrl+C at an empty line leaves with 130, but only within two seconds', async (t) => {
  let now = 0;
  const { terminal, editor } = start(t, { now: () => now });
  const next = editor.next();
  await terminal.type(CTRL_C);
  await terminal.shown('(hint)');
  now = 2000;
  await terminal.type(CTRL_C);
  await terminal.shown('(hint)');
  now = 3999;
  await terminal.type(CTRL_C);
  assert.deepEqual(await next, { type: 'end', exitCode: 130 });
  assert.deepEqual(await editor.next(), { type: 'end', exitCode: 130 });
});

test('the Ctrl+C that cancels or clears does not count towards leaving', async (t) => {
  const { terminal, editor } = start(t);
  await request(terminal, editor, 'go');
  await editor.whileAnswering(() => terminal.type(CTRL_C));
  const next = editor.next();
  await terminal.type(`x${CTRL_C}`);
  assert.doesNotMatch(terminal.written(), /hint/);
  await terminal.type(CTRL_C);
  await terminal.shown('(hint)');
  await terminal.type(`y\r`);
  assert.deepEqual(await next, { type: 'request', text: 'y' });
});

test('an answer that does not stop when cancelled can be left by two more Ctrl+C', async (t) => {
  const { terminal, editor } = start(t);
  await request(terminal, editor, 'go');
  await editor.whileAnswering(async () => {
    await terminal.type(CTRL_C + CTRL_C);
    await terminal.shown('(hint)');
    await terminal.type(CTRL_C);
  });
  assert.deepEqual(await editor.next(), { type: 'end', exitCode: 130 });
});

test('Ctrl+D at an empty line leaves with 0', async (t) => {
  const { terminal, editor } = start(t);
  const next = editor.next();
  await terminal.type(CTRL_D);
  assert.deepEqual(await next, { type: 'end', exitCode: 0 });
});

test('a terminal that goes away cancels the answer, and nothing more is answered', async (t) => {
  const { terminal, editor } = start(t);
  await request(terminal, editor, 'go');
  await editor.whileAnswering(async (signal) => {
    const aborted = once(signal, 'abort');
    await terminal.type('half a request');
    terminal.hangUp();
    await aborted;
  });
  assert.deepEqual(await editor.next(), { type: 'end', exitCode: 0 });
  await editor.whileAnswering(() => assert.fail('answered without a terminal'));
});

test('a terminal that fails ends the chat like one that goes away', async (t) => {
  const { terminal, editor } = start(t);
  const next = editor.next();
  terminal.input.destroy(new Error('EIO'));
  assert.deepEqual(await next, { type: 'end', exitCode: 0 });
});

test('the up arrow calls back whole requests, newest first, and cleared lines never', async (t) => {
  const { terminal, editor } = start(t, { history: ['oldest', 'a\nb'] });
  await request(terminal, editor, `${paste('p\rq')}`);
  const next = editor.next();
  await terminal.type(`oops${CTRL_C}${UP}`);
  await terminal.shown('p⏎q');
  await terminal.type(UP);
  await terminal.shown('a⏎b');
  await terminal.type(CTRL_C + UP);
  await terminal.shown('p⏎q');
  await terminal.type(UP + UP);
  await terminal.shown('oldest');
  await terminal.type(`${CTRL_U}\x1b[B\x1b[B\x1b[B${CTRL_U}x\r`);
  assert.deepEqual(await next, { type: 'request', text: 'x' });
  const again = editor.next();
  await terminal.type(`${UP}${UP}\r`);
  assert.deepEqual(await again, { type: 'request', text: 'p\nq' });
});

test('keys that follow Tab come after what it completes, and a server that does not answer completes nothing', async (t) => {
  for (const [answers, expected] of [
    [true, 'abacus now'],
    [false, 'ab now'],
  ] as const) {
    const answer = Promise.withResolvers<[string[], string]>();
    const tired = Promise.withResolvers<undefined>();
    const { terminal, editor } = start(t, { complete: () => answer.promise, patience: () => tired.promise });
    const next = editor.next();
    for (const keys of ['ab', '\t', ' now\r']) await terminal.type(keys);
    if (answers) answer.resolve([['abacus'], 'ab']);
    else tired.resolve(undefined);
    assert.deepEqual(await next, { type: 'request', text: expected });
  }
});

test('Ctrl+R finds an earlier request by a part of it, however fast it is typed', async (t) => {
  const CTRL_R = '\x12';
  const { terminal, editor } = start(t, { history: ['alpha one', 'beta two', 'a\nb'] });
  const sent = editor.next();
  await terminal.type(`draft${CTRL_R}bet\r`);
  assert.deepEqual(await sent, { type: 'request', text: 'beta two' });
  const edited = editor.next();
  await terminal.type(`${CTRL_R}A`);
  await terminal.shown('(search) A: beta two');
  await terminal.type(`${CTRL_R}${CTRL_R}${CTRL_R}`);
  await terminal.shown('(search) A: alpha one');
  await terminal.type('\x1b[C');
  await terminal.shown('alpha one');
  await terminal.type(' more\r');
  assert.deepEqual(await edited, { type: 'request', text: 'alpha one more' });
  const lines = editor.next();
  await terminal.type(`${CTRL_R}⏎\r`);
  assert.deepEqual(await lines, { type: 'request', text: 'a\nb' });
});

test('a search that finds nothing, or is given up, leaves the line as it was', async (t) => {
  for (const end of ['zzz\r', 'al\x07', `al${CTRL_C}`]) {
    const { terminal, editor } = start(t, { history: ['alpha'] });
    const next = editor.next();
    await terminal.type(`draft\x12${end}`);
    await terminal.shown('(search)');
    await terminal.type('!\r');
    assert.deepEqual(await next, { type: 'request', text: 'draft!' });
  }
});

test('Tab completes a command', async (t) => {
  const { terminal, editor } = start(t);
  const next = editor.next();
  await terminal.type('/to\t');
  await terminal.shown('ols');
  await terminal.type('\r');
  assert.deepEqual(await next, { type: 'request', text: '/tools' });
});

test('closing takes every listener off again', async () => {
  const terminal = createFakeTerminal({ isTTY: true });
  const listeners = () => [
    ...['data', 'end', 'error'].map((name) => terminal.input.listenerCount(name)),
    terminal.output.listenerCount('resize'),
    process.listenerCount('exit'),
  ];
  const before = listeners();
  const options = optionsFor(terminal);
  const editor = createLineEditor(options);
  await editor.close();
  options.keys.close();
  assert.deepEqual(listeners(), before);
});

test('Ctrl+Z stops what is in front of the terminal, and the line is there again afterwards', async (t) => {
  const stopped: boolean[] = [];
  const rawModes: boolean[] = [];
  const terminal = createFakeTerminal({ isTTY: true });
  Object.assign(terminal.input, { setRawMode: (mode: boolean) => rawModes.push(mode) });
  const suspend = () => void stopped.push(rawModes.at(-1) === true);
  const editor = createLineEditor({ ...optionsFor(terminal), suspend });
  t.after(() => editor.close());
  const next = editor.next();
  await terminal.type('half');
  await terminal.shown('half');
  await terminal.type(CTRL_Z);
  // What the shell gets does not hand over single keys, and marks no pastes.
  assert.deepEqual(stopped, [false]);
  await terminal.shown('\x1b[?2004l');
  await terminal.shown('\x1b[?2004h');
  await terminal.shown('› half');
  assert.equal(rawModes.at(-1), true);
  await terminal.type(' a line\r');
  assert.deepEqual(await next, { type: 'request', text: 'half a line' });
});

function start(t: { after(action: () => Promise<void>): void }, options: Partial<LineEditorOptions> = {}) {
  const terminal = createFakeTerminal({ isTTY: true });
  const editor = createLineEditor({ ...optionsFor(terminal), ...options });
  t.after(() => editor.close());
  return { terminal, editor };
}

function optionsFor({ input, output }: FakeTerminal): LineEditorOptions {
  return {
    keys: createKeyRouter(input),
    output,
    prompt: '› ',
    continuationPrompt: '… ',
    leaveHint: '(hint)',
    history: [],
    complete: (line) => [['/tools'].filter((name) => name.startsWith(line)), line],
    now: () => 0,
  };
}

async function request(terminal: FakeTerminal, editor: RequestSource, text: string): Promise<void> {
  const next = editor.next();
  await terminal.type(`${text}\r`);
  await next;
}
