// What the person sees, and what is opened: no shell, no hidden character, no without being asked.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createTerminalLoginPrompt, methodsOf, type TerminalLoginOptions } from './terminal-login-prompt.ts';

const REQUEST = {
  server: 'notes',
  serverUrl: 'https://notes.example/mcp',
  issuer: 'https://id.example',
  reason: 'first-login',
  held: [],
  requested: ['read:notes'],
} as const;
const NEVER = new AbortController().signal;

function promptWith(typed: string, options: Partial<TerminalLoginOptions> = {}) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  input.end(typed);
  const opened: string[] = [];
  const prompt = createTerminalLoginPrompt({
    input,
    output,
    environment: {},
    open: async (url) => opened.push(url),
    ...options,
  });
  const shown = () => {
    output.end();
    return text(output);
  };
  return { prompt, opened, shown };
}

test('a browser is for a machine with a screen in front of the person', () => {
  assert.deepEqual(methodsOf({ DISPLAY: ':0' }, 'linux'), ['browser', 'paste', 'device']);
  assert.deepEqual(methodsOf({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux'), ['browser', 'paste', 'device']);
  assert.deepEqual(methodsOf({}, 'darwin'), ['browser', 'paste', 'device']);
  for (const elsewhere of [
    {},
    { DISPLAY: ':0', SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' },
    { DISPLAY: ':0', CODESPACES: 'true' },
  ])
    assert.deepEqual(methodsOf(elsewhere, 'linux'), ['paste', 'device']);
});

test('the command line decides on the method', () => {
  assert.deepEqual(promptWith('', { method: 'device' }).prompt.methods, ['device']);
});

test('only a clear yes is one', async () => {
  for (const [typed, expected] of [
    ['y\n', true],
    ['YES\n', true],
    ['\n', false],
    ['n\n', false],
    ['yep\n', false],
  ] as const)
    assert.equal(await promptWith(typed).prompt.confirm(REQUEST, NEVER), expected, typed);
});

test('who has just asked for a login is not asked again, but for new scopes', async () => {
  assert.equal(await promptWith('', { isRequested: true }).prompt.confirm(REQUEST, NEVER), true);
  const { prompt, shown } = promptWith('\n', { isRequested: true });
  const request = {
    ...REQUEST,
    reason: 'step-up',
    held: ['read:notes'],
    requested: ['read:notes', 'write:notes'],
  } as const;
  assert.equal(await prompt.confirm(request, NEVER), false);
  const seen = await shown();
  assert.match(seen, /held: read:notes\n/);
  assert.match(seen, /asked for: \+ write:notes\n/);
});

test('names of a server cannot move the cursor', async () => {
  const { prompt, shown } = promptWith('n\n');
  await prompt.confirm({ ...REQUEST, server: 'notes\u001B[2J\u202E' }, NEVER);
  const seen = await shown();
  assert.ok(!seen.includes('\u001B[2J') && !seen.includes('\u202E'));
  assert.match(seen, /notes<U\+001B>\[2J<U\+202E>/);
});

test('the browser gets the URL as one argument, and the person sees it as well', async () => {
  const { prompt, opened, shown } = promptWith('');
  const url = new URL('https://id.example/authorize?a=1&b=$(id);"x"');
  await prompt.showAuthorizationUrl(url, 'browser');
  assert.deepEqual(opened, [url.href]);
  assert.ok((await shown()).includes(url.href));
});

test('a browser that does not start is no end: the URL is there', async () => {
  const { prompt, shown } = promptWith('', { open: () => Promise.reject(new Error('spawn xdg-open ENOENT')) });
  await prompt.showAuthorizationUrl(new URL('https://id.example/authorize'), 'browser');
  assert.match(
    await shown(),
    /https:\/\/id\.example\/authorize[\s\S]*No browser could be started: spawn xdg-open ENOENT/,
  );
});

test('with a browser elsewhere nothing is opened, and the address is read back', async () => {
  const { prompt, opened } = promptWith(' http://127.0.0.1:1/callback?code=c&state=s \n');
  await prompt.showAuthorizationUrl(new URL('https://id.example/authorize'), 'paste');
  assert.equal(await prompt.readPastedRedirect(NEVER), 'http://127.0.0.1:1/callback?code=c&state=s');
  assert.deepEqual(opened, []);
});

test('waiting for the person can be given up', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const prompt = createTerminalLoginPrompt({ input, output, environment: {} });
  const abort = new AbortController();
  const pasted = prompt.readPastedRedirect(abort.signal);
  abort.abort();
  await assert.rejects(pasted, { name: 'AbortError' });
});

test('a device code is shown with its address and its life', async () => {
  const { prompt, shown } = promptWith('');
  prompt.showDeviceCode({
    userCode: 'ABCD-EFGH',
    verificationUri: 'https://id.example/device',
    verificationUriComplete: undefined,
    expiresInSeconds: 600,
  });
  assert.match(await shown(), /go to https:\/\/id\.example\/device and type ABCD-EFGH\n.*10 minutes/);
});
