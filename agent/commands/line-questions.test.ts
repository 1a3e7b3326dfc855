// What a person answers outside of the chat: only a clear yes, nothing on the screen that should stay off it, and an end for
// every wait.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createLineQuestions } from './line-questions.ts';

const NEVER = new AbortController().signal;

function start(isTTY = false) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const controller = new AbortController();
  const questions = createLineQuestions({
    input: Object.assign(input, { isTTY, setRawMode: () => undefined }),
    output,
    interrupt: () => controller.abort(new Error('interrupted')),
  });
  const shown = () => {
    output.end();
    return text(output);
  };
  return { input, questions, shown, signal: controller.signal };
}

test('only a clear yes is one, and the end of the input is none', async () => {
  for (const [typed, expected] of [
    ['y\n', true],
    ['YES\n', true],
    ['\n', false],
    ['n\n', false],
    ['yep\n', false],
    ['', false],
  ] as const) {
    const { input, questions } = start();
    input.end(typed);
    assert.equal(await questions.agree('sign in to notes?\n', NEVER), expected, JSON.stringify(typed));
  }
});

test('what is asked stands before the question', async () => {
  const { input, questions, shown } = start();
  input.end('n\n');
  await questions.agree('sign in to notes?\n', NEVER);
  assert.match(await shown(), /^sign in to notes\?\nSign in\? \[y\/N\] /);
});

test('what is typed in hiding is read, and does not appear', async () => {
  const { input, questions, shown } = start(true);
  const line = questions.readHidden('paste it: ', NEVER);
  input.write('http://127.0.0.1:1/callback?code=secret\r');
  assert.equal(await line, 'http://127.0.0.1:1/callback?code=secret');
  const seen = await shown();
  assert.match(seen, /paste it: /);
  assert.doesNotMatch(seen, /secret|callback/);
});

test('what follows a question that shows its answer is hidden just as well', async () => {
  const { input, questions, shown } = start(true);
  const agreed = questions.agree('sign in?\n', NEVER);
  input.write('y\r');
  assert.equal(await agreed, true);
  const line = questions.readHidden('paste it: ', NEVER);
  input.write('secret\r');
  assert.equal(await line, 'secret');
  assert.doesNotMatch(await shown(), /secret/);
});

test('a line may be piped in, and an end without one is a person who gives up', async () => {
  const piped = start();
  piped.input.end('?code=c&state=s\n');
  assert.equal(await piped.questions.readHidden('paste it: ', NEVER), '?code=c&state=s');
  const nothing = start();
  nothing.input.end();
  assert.equal(await nothing.questions.readHidden('paste it: ', NEVER), undefined);
});

test('Ctrl+C at a question ends what is going on', async () => {
  const { input, questions, signal } = start(true);
  const line = questions.readHidden('paste it: ', signal);
  input.write('\x03');
  await assert.rejects(line, /interrupted/);
});
