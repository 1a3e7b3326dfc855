import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createChatScreen } from './chat-screen.ts';
import { createFakeTerminal, type FakeTerminal } from './fake-terminal.ts';
import { createKeyRouter } from './key-router.ts';
import { createQuestions, type KeyQuestion, type Questions } from './questions.ts';

const CTRL_C = '\x03';
const ESCAPE = '\x1b';
const YES_OR_NO: KeyQuestion<boolean> = {
  text: 'really?\n',
  prompt: '> ',
  read: ({ text }) =>
    text === 'y' ? { value: true, shown: 'yes' } : text === 'n' ? { value: false, shown: 'no' } : undefined,
};
const never = new AbortController().signal;

test('one key answers, keys that mean nothing do not, and the answer stands in the line', async () => {
  const { terminal, questions } = start();
  const answer = questions.key(YES_OR_NO, never);
  await terminal.shown('really?\n> ');
  await terminal.type(`x${ESCAPE}[Ay`);
  assert.equal(await answer, true);
  assert.ok(terminal.written().endsWith('> yes\n'));
});

test('what comes on the keys after the answer is no second one', async () => {
  const { terminal, questions } = start();
  const answer = questions.key(YES_OR_NO, never);
  await terminal.shown('> ');
  await terminal.type('yn');
  assert.equal(await answer, true);
  assert.ok(terminal.written().endsWith('> yes\n'));
});

test('a key that was pressed before the question was there does not answer it, and is not lost', async () => {
  const { terminal, questions, editorKeys, becomeQuiet } = start({ isQuiet: false });
  const answer = questions.key(YES_OR_NO, never);
  await terminal.type('y');
  assert.equal(terminal.written(), '');
  becomeQuiet();
  await terminal.type('y');
  becomeQuiet();
  becomeQuiet();
  await terminal.shown('> ');
  assert.equal(editorKeys(), 'yy');
  await terminal.type('n');
  assert.equal(await answer, false);
  assert.equal(editorKeys(), 'yy');
});

test('a paste that is under way when the question comes stays with the line, however it is split', async () => {
  for (const mark of ['\x1b[200~', '\x1b[20']) {
    const { terminal, questions, editorKeys } = start();
    await terminal.type(`${mark}${mark.length < 6 ? '' : 'y'}`);
    if (mark.length < 6) await terminal.type('0~y');
    const answer = questions.key(YES_OR_NO, never);
    await terminal.type('y\ny');
    assert.equal(terminal.written(), '');
    await terminal.type('y\x1b[201~');
    await terminal.shown('> ');
    assert.match(editorKeys(), /yy\nyy/);
    await terminal.type('n');
    assert.equal(await answer, false);
  }
});

test('what is pasted at a question answers nothing', async () => {
  const { terminal, questions } = start();
  const answer = questions.key(YES_OR_NO, never);
  await terminal.shown('> ');
  await terminal.type('\x1b[200~yyy\x1b[201~');
  await terminal.type('n');
  assert.equal(await answer, false);
});

test('Ctrl+C at a question cancels what is going on, and the question with it', async () => {
  const { terminal, questions, controller } = start();
  const answer = questions.key(YES_OR_NO, controller.signal);
  const line = questions.line({ prompt: 'name: ' }, controller.signal);
  const refused = Promise.all([assert.rejects(answer), assert.rejects(line)]);
  await terminal.shown('> ');
  await terminal.type(CTRL_C);
  await refused;
  assert.doesNotMatch(terminal.written(), /name/);
});

test('questions are asked one after the other, and output waits for the answer', async () => {
  const { terminal, questions, screen } = start();
  screen.show('', 'working');
  const first = questions.key(YES_OR_NO, never);
  const second = questions.line({ prompt: 'name: ' }, never);
  await terminal.shown('> ');
  screen.show('a result\n', 'still working');
  assert.doesNotMatch(terminal.written(), /result|still|name/);
  await terminal.type('y');
  await first;
  await terminal.shown('a result\n');
  await terminal.shown('name: ');
  await terminal.type('Ann\r');
  assert.equal(await second, 'Ann');
});

test('a line can be edited, is empty after Enter alone, and is none after Esc or Ctrl+D', async () => {
  const { terminal, questions } = start();
  const edited = questions.line({ prompt: 'args: ', initial: '{"a":1}' }, never);
  await terminal.shown('{"a":1}');
  await terminal.type('\x7f,"b":2}\r');
  assert.equal(await edited, '{"a":1,"b":2}');
  for (const [keys, line] of [
    ['\r', ''],
    ['\x04', undefined],
    [ESCAPE, undefined],
  ] as const) {
    const prompt = `${JSON.stringify(keys)}: `;
    const answer = questions.line({ prompt }, never);
    await terminal.shown(prompt);
    await terminal.type(keys);
    assert.equal(await answer, line);
  }
});

test('a pasted answer of several lines is one answer, and a hidden one stays off the screen', async () => {
  const { terminal, questions } = start();
  const several = questions.line({ prompt: 'text: ' }, never);
  await terminal.shown('text: ');
  await terminal.type('\x1b[200~one\rtwo\x1b[201~\r');
  assert.equal(await several, 'one\ntwo');
  const hidden = questions.line({ prompt: 'address: ', isHidden: true }, never);
  await terminal.shown('address: ');
  await terminal.type('http://127.0.0.1/?code=abc\r');
  assert.equal(await hidden, 'http://127.0.0.1/?code=abc');
  assert.doesNotMatch(terminal.written(), /code=abc/);
});

test('a terminal that goes away answers nothing', async () => {
  const { terminal, questions } = start();
  const answer = questions.key(YES_OR_NO, never);
  await terminal.shown('> ');
  const rejected = assert.rejects(answer, /terminal is gone/);
  terminal.hangUp();
  await rejected;
});

interface Started {
  readonly terminal: FakeTerminal;
  readonly questions: Questions;
  readonly screen: ReturnType<typeof createChatScreen>;
  readonly controller: AbortController;
  editorKeys(): string;
  becomeQuiet(): void;
}

function start({ isQuiet = true }: { isQuiet?: boolean } = {}): Started {
  const terminal = createFakeTerminal({ isTTY: true });
  const { input, output } = terminal;
  const controller = new AbortController();
  const clock = new EventTarget();
  const keys = createKeyRouter(input, {
    settle: async () => {
      // Another turn of the event loop, or as long as the test says.
      await (isQuiet ? terminal.type('') : once(clock, 'quiet'));
    },
  });
  let typed = '';
  keys.editorInput.on('data', (chunk: Buffer) => {
    typed += chunk.toString();
  });
  const screen = createChatScreen(output);
  const questions = createQuestions({ keys, output, interrupt: () => controller.abort(), hold: screen.hold });
  return {
    terminal,
    questions,
    screen,
    controller,
    editorKeys: () => typed,
    becomeQuiet: () => void clock.dispatchEvent(new Event('quiet')),
  };
}
