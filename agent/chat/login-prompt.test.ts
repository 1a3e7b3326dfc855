import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoginRequest } from '../auth/login-prompt.ts';
import { createChatScreen } from './chat-screen.ts';
import { createFakeTerminal } from './fake-terminal.ts';
import { createKeyRouter } from './key-router.ts';
import { createTerminalLoginPrompt, keyQuestions, loginText } from './login-prompt.ts';
import { loginMethods } from './open-url.ts';
import { createQuestions } from './questions.ts';
import { createPaint } from './terminal.ts';

const ESCAPE = '\x1b';
const STEP_UP: LoginRequest = {
  server: 'notes',
  serverUrl: 'https://notes.example/mcp',
  issuer: 'https://issuer.example',
  reason: 'step-up',
  isRequested: false,
  held: ['read:notes'],
  requested: ['read:notes', 'write:notes'],
};

test('a step-up shows what is held, and marks what is new', () => {
  assert.equal(
    loginText(STEP_UP, createPaint(false)),
    [
      '? allow more at notes?',
      '    server https://notes.example/mcp',
      '    signs in at https://issuer.example',
      '    holds read:notes',
      '    asks for read:notes + write:notes (new)',
      '',
    ].join('\n'),
  );
  const first = loginText({ ...STEP_UP, reason: 'first-login', held: [], requested: [] }, createPaint(false));
  assert.match(first, /\? sign in to notes\?[\s\S]*asks for no scope/);
  assert.doesNotMatch(first, /holds/);
  const plain = loginText({ ...STEP_UP, reason: 'first-login', held: [] }, createPaint(false));
  assert.match(plain, /asks for read:notes write:notes\n/);
});

test('nothing begins without a yes', async () => {
  for (const [keys, expected] of [
    ['y', true],
    ['n', false],
    ['\r', false],
    [ESCAPE, false],
    ['\x04', false],
    ['x1n', false],
  ] as const) {
    const { terminal, login, signal } = start();
    const confirmed = login.confirm(STEP_UP, signal);
    await terminal.shown('› ');
    await terminal.type(keys);
    assert.equal(await confirmed, expected);
  }
});

test('who has just asked for a login sees what it is, and is not asked again', async () => {
  const { terminal, login, signal } = start();
  assert.equal(await login.confirm({ ...STEP_UP, reason: 'first-login', isRequested: true }, signal), true);
  await terminal.shown('asks for read:notes + write:notes (new)\n');
  assert.match(terminal.written(), /^sign in to notes\n/);
});

test('names of a server cannot move the cursor', () => {
  const text = loginText(
    { ...STEP_UP, server: 'notes\u001B[2J\u202E', issuer: 'https://id.example/\u001B]0;' },
    createPaint(false),
  );
  assert.ok(!text.includes('\u001B') && !text.includes('\u202E'));
  assert.match(text, /notes<U\+001B>\[2J<U\+202E>/);
});

test('the browser gets the address as one argument, whatever is in it', async () => {
  const url = new URL('https://issuer.example/authorize?a=1&b=$(id);"x"`y`');
  const opened: string[] = [];
  const { login } = start(async (address) => void opened.push(address));
  await login.showAuthorizationUrl(url, 'browser');
  assert.deepEqual(opened, [url.href]);
});

test('a browser is opened for the method that has one, and the address is shown in any case', async () => {
  const url = new URL('https://issuer.example/authorize?state=s');
  const opened: string[] = [];
  const { terminal, login } = start(async (address) => void opened.push(address));
  await login.showAuthorizationUrl(url, 'paste');
  await terminal.shown(url.href);
  assert.deepEqual(opened, []);
  await login.showAuthorizationUrl(url, 'browser');
  await terminal.shown(url.href);
  assert.deepEqual(opened, [url.href]);
  const without = start(() => Promise.reject(new Error('none')));
  await without.login.showAuthorizationUrl(url, 'browser');
  await without.terminal.shown('no browser could be opened');
});

test('a pasted address stays off the screen, and nothing pasted is no login', async () => {
  const { terminal, login, signal } = start();
  const pasted = login.readPastedRedirect(signal);
  await terminal.shown('(it stays hidden): ');
  await terminal.type('\x1b[200~http://127.0.0.1:1/callback?code=secret\r\x1b[201~\r');
  assert.equal(await pasted, 'http://127.0.0.1:1/callback?code=secret');
  assert.doesNotMatch(terminal.written(), /secret/);
  const nothing = login.readPastedRedirect(signal);
  await terminal.shown('(it stays hidden): ');
  const rejected = assert.rejects(nothing, { code: 'login_required' });
  await terminal.type(ESCAPE);
  await rejected;
});

test('a device code is shown with where to enter it', async () => {
  const { terminal, login } = start();
  login.showDeviceCode({
    userCode: 'WDJB-MJHT',
    verificationUri: 'https://issuer.example/device',
    verificationUriComplete: 'https://issuer.example/device?user_code=WDJB-MJHT',
    expiresInSeconds: 600,
  });
  await terminal.shown('open https://issuer.example/device\n');
  await terminal.shown('enter the code WDJB-MJHT\n');
  await terminal.shown('for up to 10 min');
});

test('a browser is offered where somebody sits in front of one', () => {
  const browser = ['browser', 'paste', 'device'];
  const remote = ['paste', 'device'];
  assert.deepEqual(loginMethods({ DISPLAY: ':0' }, 'linux'), browser);
  assert.deepEqual(loginMethods({}, 'darwin'), browser);
  assert.deepEqual(loginMethods({}, 'linux'), remote);
  assert.deepEqual(loginMethods({ DISPLAY: ':0', SSH_CONNECTION: '1' }, 'linux'), remote);
  assert.deepEqual(loginMethods({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux'), browser);
  for (const name of ['SSH_CLIENT', 'SSH_TTY', 'CODESPACES', 'REMOTE_CONTAINERS'])
    assert.deepEqual(loginMethods({ [name]: '1' }, 'darwin'), remote, name);
});

function start(openUrl: (url: string) => Promise<void> = async () => undefined) {
  const terminal = createFakeTerminal({ isTTY: true });
  const { input, output } = terminal;
  const keys = createKeyRouter(input, { settle: () => terminal.type('') });
  const controller = new AbortController();
  const screen = createChatScreen(output);
  const questions = createQuestions({ keys, output, interrupt: () => controller.abort(), hold: screen.hold });
  const login = createTerminalLoginPrompt({
    questions: keyQuestions(questions, createPaint(false)),
    print: (text) => screen.show(text),
    paint: createPaint(false),
    methods: ['browser', 'paste', 'device'],
    openUrl,
  });
  return { terminal, login, signal: controller.signal };
}
