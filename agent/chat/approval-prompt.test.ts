import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApprovalAnswer, ApprovalRequest } from '../approval.ts';
import { approvalText, createApprovalPrompt, readApprovalKey } from './approval-prompt.ts';
import { createChatScreen } from './chat-screen.ts';
import { createFakeTerminal } from './fake-terminal.ts';
import { createKeyRouter, type KeyPress } from './key-router.ts';
import { createQuestions } from './questions.ts';
import { createPaint } from './terminal.ts';
import { widthOf } from './visible-text.ts';

const STYLE = { paint: createPaint(false), columns: () => 80, approvalFile: '~/approvals.json' };
const ESCAPE = '\x1b';

test('each key gives its answer', async () => {
  const cases: readonly (readonly [string, ApprovalAnswer])[] = [
    ['y', { kind: 'once' }],
    ['t', { kind: 'tool-for-session' }],
    ['s', { kind: 'server-for-session' }],
    ['p', { kind: 'always' }],
    ['n', { kind: 'deny', reason: '' }],
    ['\r', { kind: 'deny', reason: '' }],
    [ESCAPE, { kind: 'deny', reason: '' }],
    ['\x04', { kind: 'deny', reason: '' }],
    ['xzY1 \x19n', { kind: 'deny', reason: '' }],
  ];
  for (const [keys, expected] of cases) {
    const { terminal, answer } = ask();
    await terminal.shown('› ');
    await terminal.type(keys);
    assert.deepEqual(await answer, expected, JSON.stringify(keys));
  }
});

test('no key allows anything but those that are named, and none of them with Ctrl or Alt', () => {
  const press = (facts: Partial<KeyPress>): KeyPress => ({ text: '', name: '', ctrl: false, meta: false, ...facts });
  for (let code = 0; code < 0x250; code += 1) {
    const text = String.fromCharCode(code);
    const value = readApprovalKey(press({ text, name: text }))?.value;
    assert.ok(value === undefined || 'ytspevdn'.includes(text), text);
    for (const changed of [{ ctrl: true }, { meta: true }])
      assert.ok(['deny', undefined].includes(readApprovalKey(press({ text, name: text, ...changed }))?.value));
  }
  assert.equal(readApprovalKey(press({ text: 'constructor' })), undefined);
});

test('a denial can have a reason, and Esc there goes back to the question', async () => {
  const { terminal, answer } = ask();
  await terminal.shown('› ');
  await terminal.type('d');
  await terminal.shown('reason: ');
  await terminal.type(ESCAPE);
  await terminal.shown('› ');
  await terminal.type('d');
  await terminal.shown('reason: ');
  await terminal.type('not this one\r');
  assert.deepEqual(await answer, { kind: 'deny', reason: 'not this one' });
});

test('edited arguments are a JSON object that the tool accepts, or are edited again', async () => {
  const { terminal, answer } = ask({}, async (_name, args) => (args['id'] === 7 ? undefined : 'id must be 7'));
  await terminal.shown('› ');
  await terminal.type('e');
  await terminal.shown('arguments: ');
  await terminal.shown('{"id":"1"}');
  await terminal.type('\x15[1]\r');
  await terminal.shown('not a JSON object; edit again');
  await terminal.shown('[1]');
  await terminal.type('\x15{"id":8}\r');
  await terminal.shown('id must be 7; edit again');
  await terminal.shown('{"id":8}');
  await terminal.type('\x7f\x7f7}\r');
  assert.deepEqual(await answer, { kind: 'edit', args: { id: 7 } });
});

test('Esc while editing goes back to the question, with nothing changed', async () => {
  const { terminal, answer } = ask();
  await terminal.shown('› ');
  await terminal.type('e');
  await terminal.shown('{"id":"1"}');
  await terminal.type(ESCAPE);
  await terminal.shown('› ');
  await terminal.type('y');
  assert.deepEqual(await answer, { kind: 'once' });
});

test('long arguments are cut with a word about it, and shown whole by v', async () => {
  const { terminal, answer } = ask({ args: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key${i}`, i])) });
  await terminal.shown('… 30 more lines: v shows them');
  assert.doesNotMatch(terminal.written(), /key39/);
  await terminal.shown('› ');
  await terminal.type('v');
  await terminal.shown('key39');
  await terminal.shown('› ');
  await terminal.type('n');
  await answer;
});

test('the question shows server, tool, arguments, scopes and where an answer for good is kept', () => {
  assert.equal(
    textOf({ scopes: { needed: ['delete:notes'], held: ['read:notes'] } }),
    [
      '? run delete_note on notes?',
      '    {"id":"1"}',
      '  the server does not say: it may change or destroy things',
      '  uses delete:notes · the token holds read:notes · not held: delete:notes',
      '  Deletes a note.',
      '  y once · t this tool, this session · s all of notes, this session',
      '  p always, saved in ~/approvals.json',
      '  e edit arguments · d deny with a reason · n deny (Enter, Esc)',
      '',
    ].join('\n'),
  );
  assert.doesNotMatch(approvalText(request({}), 9, { ...STYLE, approvalFile: undefined }), /always/);
});

test('what a server says of its tool is a fact only if the server is trusted', () => {
  assert.match(textOf({ annotations: { readOnlyHint: true } }), /^ {2}says it is read-only \(not trusted\)$/m);
  assert.match(textOf({ annotations: { readOnlyHint: true }, isTrusted: true }), /^ {2}read-only$/m);
  assert.match(textOf({ annotations: { destructiveHint: true }, isTrusted: true }), /^ {2}destructive$/m);
  assert.match(textOf({ annotations: { destructiveHint: false } }), /^ {2}says it destroys nothing \(not trusted\)$/m);
});

test('a changed tool shows what is different', () => {
  const change = { before: 'Deletes a note.\nid: string', after: 'Deletes a note.\nid: string\nsend_to: string' };
  const shown = textOf({ change });
  assert.match(shown, /the server has changed this tool since it was approved:\n {2}\+ send_to: string\n/);
  assert.doesNotMatch(shown, /[-+] id: string/);
});

test('arguments stay behind their mark, however they are spaced, and none of them is hidden without a word', () => {
  const forged = '? run list_notes on notes?';
  const shown = textOf({
    args: { text: `${'x'.repeat(40)}${' '.repeat(80 - 18 - 32)}${forged}${' '.repeat(70)}end`, wide: '漢'.repeat(60) },
  });
  const rows = shown.split('\n');
  const ofArguments = rows.slice(
    1,
    rows.findIndex((row) => row.includes('the server does not say')),
  );
  assert.ok(ofArguments.length > 4);
  for (const row of ofArguments) {
    assert.match(row, /^ {4}│ /);
    assert.ok(widthOf(row) <= 80, row);
  }
  assert.equal(rows.filter((row) => row.startsWith('?')).length, 1);
  // A single text may be as long as many lines.
  const long = textOf({ args: { text: 'x'.repeat(5000) } });
  assert.match(long, /… \d+ more lines: v shows them/);
  assert.ok(long.split('\n').length < 30);
});

test('a line of a changed tool that was somewhere else before is seen', () => {
  const change = { before: '{\n  true\n}\n{\n  false\n}', after: '{\n  true\n}\n{\n  true\n}' };
  assert.match(textOf({ change }), / {2}- {3}false\n {2}\+ {3}true\n/);
});

test('no escape of a model or a server reaches the terminal', () => {
  const evil = '\x1b[2J\u202E\x9b';
  const shown = textOf({
    name: evil,
    server: evil,
    args: { [evil]: evil },
    description: evil,
    scopes: { needed: [evil], held: [evil] },
    change: { before: evil, after: `${evil}x` },
  });
  assert.doesNotMatch(shown, /[[\p{Cc}\p{Cf}]--\n]/v);
});

function textOf(facts: Partial<ApprovalRequest>): string {
  return approvalText(request(facts), 12, STYLE);
}

function request(facts: Partial<ApprovalRequest>): ApprovalRequest {
  return {
    id: 'call',
    name: 'delete_note',
    server: 'notes',
    args: { id: '1' },
    description: 'Deletes a note.',
    annotations: {},
    isTrusted: false,
    scopes: { needed: [], held: undefined },
    change: undefined,
    ...facts,
  };
}

function ask(
  facts: Partial<ApprovalRequest> = {},
  faultOf: Parameters<typeof createApprovalPrompt>[0]['faultOf'] = async () => undefined,
) {
  const terminal = createFakeTerminal({ isTTY: true });
  const { input, output } = terminal;
  const keys = createKeyRouter(input, { settle: () => terminal.type('') });
  const controller = new AbortController();
  const { hold } = createChatScreen(output);
  const questions = createQuestions({ keys, output, interrupt: () => controller.abort(), hold });
  const approve = createApprovalPrompt({
    ...STYLE,
    questions,
    print: (text) => void output.write(text),
    faultOf,
  });
  return { terminal, answer: approve(request(facts), controller.signal) };
}
