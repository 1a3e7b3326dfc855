// Signing in without leaving the chat, in a real terminal, at the real authorization server: a browser without a screen goes
// through its pages, and new scopes are asked about when a tool first needs them.

import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createBrowser } from '../support/browser.ts';
import { type CompletionRequest, toolCallDeltas } from '../support/chat-completions.ts';
import { type ChatTerminal, makeStateHome, newest, openChat, openModel } from '../support/chat-terminal.ts';
import { startTestServer, type TestServer } from '../support/mcp-server.ts';

const STEP_UP = /\? allow more at local\?[\s\S]*^› ?$/m;
// At the end of the screen: an earlier one may still stand there.
const PASTE = /\npaste that address[^:]*: ?$/;
const AUTHORIZATION_URL = /^(http:\/\/localhost:\d+\/\S+[?&]client_id=\S+)$/gm;

describe('a login in the chat', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  /** A chat whose model writes a note for `write X`, and otherwise repeats what it was told. */
  const open = async (t: TestContext, environment: Record<string, string> = {}) => {
    const requests: CompletionRequest[] = [];
    const model = await openModel(t, (_index, request) => {
      requests.push(request);
      const { role, text } = newest(request);
      if (role === 'tool') return [{ content: `It said: ${text.replace(/\s+/g, ' ').slice(0, 60)}` }];
      if (text.startsWith('write ')) return toolCallDeltas('create_note', { title: text.slice(6), body: 'text' });
      return [{ content: `You said ${text}.` }];
    });
    const chat = await openChat(t, {
      // No screen: whoever runs this may have one.
      environment: { ...server.environment, DISPLAY: '', WAYLAND_DISPLAY: '', ...environment },
      stateHome: await makeStateHome(t),
      model,
      flags: '--approval all',
    });
    return { chat, requests };
  };
  /** Goes to the address that is on the screen, presses these buttons, and pastes where the browser ends. */
  const signInByPaste = async (chat: ChatTerminal, answer: 'allow' | 'deny') => {
    await chat.waitFor(PASTE);
    const redirect = await browse(await shownAddress(chat), answer);
    await chat.paste(redirect);
    await chat.press('Enter');
    return redirect;
  };
  const logIn = async (chat: ChatTerminal) => {
    await beginLogin(chat);
    await signInByPaste(chat, 'allow');
    await chat.waitFor(/demo-user by authorization-code[\s\S]*^› ?$/m);
  };
  const calls = () => server.log().filter(({ event, tool }) => event === 'tool-call' && tool === 'create_note');

  test('a person signs in, and is asked again when a tool needs more: what is held, what is new, and then the call goes through', async (t) => {
    const { chat } = await open(t);
    const before = calls().length;
    await beginLogin(chat);
    const redirect = await signInByPaste(chat, 'allow');
    await chat.waitFor(/demo-user by authorization-code[\s\S]*^› ?$/m);
    await chat.send('write Mine');
    const asked = await chat.waitFor(STEP_UP);
    assert.match(asked, /needs more: holds read:add · new write:notes$/m);
    assert.match(asked, /^ +holds read:add$/m);
    assert.match(asked, /^ +asks for read:add \+ write:notes \(new\)$/m);
    await chat.press('y');
    await signInByPaste(chat, 'allow');
    await chat.waitFor(/local signed in · holds read:add write:notes[\s\S]*It said: Created Mine/);
    const made = calls().slice(before);
    assert.deepEqual(
      made.map(({ subject }) => subject),
      ['demo-user'],
    );
    // The codes of both logins were pasted, and stand nowhere.
    const shown = await chat.unwrapped(500);
    const code = new URL(redirect).searchParams.get('code') ?? '';
    assert.ok(code.length > 20);
    assert.ok(!shown.includes(code));
    await chat.send('write Another');
    await chat.waitFor(/It said: Created Another/);
    await chat.send('/logout');
    await chat.waitFor(/local signed out · \/login local signs in again/);
  });

  test('whoever says no to new scopes is told what is missing, and so is the model; the conversation goes on', async (t) => {
    const { chat, requests } = await open(t);
    await logIn(chat);
    const before = calls().length;
    await chat.send('write Never');
    await chat.waitFor(STEP_UP);
    await chat.press('Enter');
    await chat.waitFor(/not now[\s\S]*sign-in refused[\s\S]*✗ .*write:notes[\s\S]*It said: [\s\S]*^› ?$/m);
    assert.match(newest(requests.at(-1) ?? { model: '', messages: [] }).text, /write:notes/);
    assert.equal(calls().length, before);
    await chat.send('still there?');
    await chat.waitFor(/You said still there\?\./);
  });

  test('whoever presses deny in the browser is taken at their word, at the login and for new scopes', async (t) => {
    const { chat, requests } = await open(t);
    await beginLogin(chat);
    await signInByPaste(chat, 'deny');
    await chat.waitFor(/denied[\s\S]*^› ?$/m);
    await chat.send('/servers');
    await chat.waitFor(/local-agent by client-credentials/);
    await logIn(chat);
    await chat.send('write Never');
    await chat.waitFor(STEP_UP);
    await chat.press('y');
    await signInByPaste(chat, 'deny');
    // One ending: the call fails for want of the scope, the model hears of it, and the turn goes on to its answer.
    const shown = await chat.waitFor(/\nmissing write:notes\n› ?$/);
    const ending = shown.slice(shown.lastIndexOf('● local sign-in refused'));
    assert.match(
      ending,
      /^● local sign-in refused · holds read:add\n {2}✗ needs scope write:notes: The access token lacks the scope write:notes: [^\n]*\nIt said: The access token lacks the scope write:notes: it was not [^\n]*\n/,
    );
    assert.match(ending.replace(/\n/g, ' '), /it was not granted\. Access was denied at http:\/\/localhost:\d+\. /);
    const heard = newest(requests.at(-1) ?? { model: '', messages: [] });
    assert.equal(heard.role, 'tool');
    assert.match(heard.text, /lacks the scope write:notes: it was not granted/);
    await chat.send('still there?');
    await chat.waitFor(/You said still there\?\./);
  });

  test('Ctrl+C cancels a login that waits', async (t) => {
    const { chat } = await open(t);
    await beginLogin(chat);
    await chat.waitFor(PASTE);
    await chat.press('C-c');
    await chat.waitFor(/\[interrupted\]\n› ?$/);
    await chat.send('still there?');
    await chat.waitFor(/You said still there\?\./);
  });

  test('where there is a screen the browser comes back by itself', async (t) => {
    // A browser that shows nothing: the test is the person in front of it.
    const { chat } = await open(t, { DISPLAY: ':99', BROWSER: 'true' });
    await beginLogin(chat);
    await chat.waitFor(/waiting for the browser/);
    const redirect = await browse(await shownAddress(chat), 'allow');
    const page = await fetch(redirect);
    assert.equal(page.status, 200);
    await page.text();
    await chat.waitFor(/demo-user by authorization-code[\s\S]*^› ?$/m);
  });
});

/** The newest address to sign in at. */
async function shownAddress(chat: ChatTerminal): Promise<string> {
  const [, url = ''] = [...(await chat.unwrapped(200)).matchAll(AUTHORIZATION_URL)].at(-1) ?? [];
  assert.notEqual(url, '', await chat.screen());
  return url;
}

/** Asks for a login, and says yes where that is asked once more. */
async function beginLogin(chat: ChatTerminal): Promise<void> {
  await chat.type('/login local');
  await chat.waitFor(/\n› \/login local$/);
  await chat.press('Enter');
  const shown = await chat.waitFor(/\n +asks for [\s\S]*\n(› ?|paste that [^\n]*|waiting for [^\n]*)$/);
  if (/\n› ?$/.test(shown)) await chat.press('y');
}

/** Through the pages of the authorization server; returns the address that it sends the browser back to. */
async function browse(url: string, answer: 'allow' | 'deny'): Promise<string> {
  const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? '';
  const browser = createBrowser(redirectUri);
  let page = await browser.visit(url);
  while (page.form) page = await browser.submit(page, page.form.answers.includes('sign-in') ? 'sign-in' : answer);
  assert.ok(page.url.startsWith(redirectUri), page.text);
  return page.url;
}
