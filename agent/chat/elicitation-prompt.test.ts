import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ElicitationRequest } from '../mcp/elicitation.ts';
import { createChatScreen } from './chat-screen.ts';
import { createElicitationPrompt } from './elicitation-prompt.ts';
import { createFakeTerminal } from './fake-terminal.ts';
import { createKeyRouter } from './key-router.ts';
import { createQuestions } from './questions.ts';
import { createPaint } from './terminal.ts';

const ESCAPE = '\x1b';
const CONFIRM = { properties: { confirm: { type: 'boolean', title: 'Delete it?' } }, required: ['confirm'] };

test('a form is answered field by field, after a yes, and a wrong value is asked for again', async () => {
  const schema = {
    properties: {
      name: { type: 'string', title: 'Name', description: 'Who it is for' },
      size: { type: 'string', enum: ['S', 'L'], default: 'L' },
      count: { type: 'integer', minimum: 1 },
    },
    required: ['name', 'count'],
  };
  const { terminal, answer } = ask(form(schema));
  await terminal.shown('? notes asks: Please tell');
  await terminal.shown('Name – Who it is for');
  await terminal.shown('› ');
  await terminal.type('y');
  await terminal.shown('Name – Who it is for: ');
  await terminal.type('Ann\r');
  await terminal.shown('1 S\n');
  await terminal.shown('default "L"]: ');
  await terminal.type('\r');
  await terminal.shown('count [a whole number, at least 1]: ');
  await terminal.type('0\r');
  await terminal.shown('expected a whole number, at least 1');
  await terminal.shown('count [a whole number, at least 1]: ');
  await terminal.type('2\r');
  await terminal.shown('{"name":"Ann","size":"L","count":2}');
  await terminal.shown('y send to notes');
  await terminal.shown('› ');
  await terminal.type('y');
  assert.deepEqual(await answer, { action: 'accept', content: { name: 'Ann', size: 'L', count: 2 } });
});

test('nothing is sent without a yes: n and Enter decline, Esc cancels, also in the middle', async () => {
  for (const [keys, action] of [
    ['n', 'decline'],
    ['\r', 'decline'],
    [ESCAPE, 'cancel'],
  ] as const) {
    const { terminal, answer } = ask(form(CONFIRM));
    await terminal.shown('› ');
    await terminal.type(keys);
    assert.deepEqual(await answer, { action });
  }
  const { terminal, answer } = ask(form(CONFIRM));
  await terminal.shown('› ');
  await terminal.type('y');
  await terminal.shown('Delete it? [yes or no]: ');
  await terminal.type(ESCAPE);
  assert.deepEqual(await answer, { action: 'cancel' });
});

test('a yes to the question is no yes to the field', async () => {
  const { terminal, answer } = ask(form(CONFIRM));
  await terminal.shown('› ');
  await terminal.type('y');
  await terminal.shown('Delete it? [yes or no]: ');
  await terminal.type('n\r');
  assert.deepEqual(await answer, { action: 'accept', content: { confirm: false } });
});

test('a form that seems to ask for a secret is marked', async () => {
  const { terminal, answer } = ask(form({ properties: { key: { type: 'string', title: 'API key' } } }));
  await terminal.shown('This seems to ask for a secret');
  await terminal.shown('› ');
  await terminal.type('n');
  assert.deepEqual(await answer, { action: 'decline' });
});

test('what is no form is declined without a question', async () => {
  const { terminal, answer } = ask(form({ properties: { x: 1 } }));
  assert.deepEqual(await answer, { action: 'decline' });
  await terminal.shown('none by the protocol; declined');
});

test('a page is opened after a yes alone, with its whole address and its host in sight', async () => {
  const url = 'https://pay.example/consent?order=1&x=very-long';
  for (const [key, expected] of [
    ['y', { action: 'accept' }],
    ['n', { action: 'decline' }],
    ['\r', { action: 'decline' }],
    [ESCAPE, { action: 'cancel' }],
  ] as const) {
    const opened: string[] = [];
    const { terminal, answer } = ask({ mode: 'url', server: 'shop', message: 'Pay', url }, async (address) => {
      opened.push(address);
    });
    await terminal.shown(url);
    await terminal.shown('opens a page of pay.example');
    await terminal.shown('› ');
    assert.deepEqual(opened, []);
    await terminal.type(key);
    assert.deepEqual(await answer, expected);
    assert.deepEqual(opened, key === 'y' ? [url] : []);
  }
});

test('where no browser can be opened, the person is told to open the page', async () => {
  const request = { mode: 'url', server: 'shop', message: 'Pay', url: 'https://pay.example/' } as const;
  const { terminal, answer } = ask(request, () => Promise.reject(new Error('no xdg-open')));
  await terminal.shown('› ');
  await terminal.type('y');
  await terminal.shown('no browser could be opened (no xdg-open): open the address yourself');
  assert.deepEqual(await answer, { action: 'accept' });
});

test('no escape of a server reaches the terminal', async () => {
  const evil = `${ESCAPE}[2J\u202E`;
  const schema = {
    properties: { [evil]: { type: 'string', title: evil, description: evil, enum: [evil], default: evil } },
  };
  const { terminal, answer } = ask({ ...form(schema), server: evil, message: `${evil}\n${evil}` });
  await terminal.shown('› ');
  await terminal.type('y');
  await terminal.shown(']: ');
  // Without what the line editor writes itself.
  const shown = terminal.written().replaceAll(new RegExp(`${ESCAPE}\\[(?:0J|\\d+G)`, 'g'), '');
  assert.doesNotMatch(shown, /[[\p{Cc}\p{Cf}]--\n]/v);
  await terminal.type(ESCAPE);
  await answer;
});

function form(requestedSchema: Record<string, unknown>): ElicitationRequest & { mode: 'form' } {
  return { mode: 'form', server: 'notes', message: 'Please tell', requestedSchema };
}

function ask(request: ElicitationRequest, openUrl: (url: string) => Promise<void> = async () => undefined) {
  const terminal = createFakeTerminal({ isTTY: true, columns: 200 });
  const { input, output } = terminal;
  const keys = createKeyRouter(input, { settle: () => terminal.type('') });
  const controller = new AbortController();
  const { hold } = createChatScreen(output);
  const questions = createQuestions({ keys, output, interrupt: () => controller.abort(), hold });
  const elicit = createElicitationPrompt({
    questions,
    print: (text) => void output.write(text),
    paint: createPaint(false),
    openUrl,
  });
  return { terminal, answer: elicit(request, controller.signal) };
}
