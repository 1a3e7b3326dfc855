import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { PAGE_HEADERS, renderPage } from './page-response.ts';
import { connectionsPage, consentPage, deviceCodePage, deviceConfirmPage, errorPage, signInPage } from './pages.ts';
import { refusalPage } from './refusal-page.ts';

const HOSTILE = '"><img src=x onerror=alert(1)>';
const consent = renderPage(
  consentPage({
    action: '/interaction/1',
    formToken: 'token',
    clientName: HOSTILE,
    clientId: HOSTILE,
    redirectHost: HOSTILE,
    cautions: ['Careful'],
    accountName: 'Demo User',
    resource: 'http://localhost:8000/mcp',
    scopes: [
      { name: 'read:add', description: 'Use the add tool', risky: false, alreadyAllowed: true },
      { name: 'write:notes', description: 'Change your notes', risky: true, alreadyAllowed: false },
    ],
  }),
);
const signIn = renderPage(
  signInPage({ action: '/interaction/1', formToken: 'token', clientName: HOSTILE, demoAccountName: 'Demo User' }),
);
const password = renderPage(
  signInPage({
    action: '/interaction/1',
    formToken: 'token',
    clientName: HOSTILE,
    demoAccountName: undefined,
    accountName: HOSTILE,
    problem: HOSTILE,
  }),
);
const deviceCode = renderPage(
  deviceCodePage({ action: '/activate', formToken: 'token', userCode: HOSTILE, problem: HOSTILE }),
);
const deviceConfirm = renderPage(
  deviceConfirmPage({
    action: '/activate',
    formToken: 'token',
    clientName: HOSTILE,
    clientId: HOSTILE,
    userCode: 'ABCD-EFGH',
  }),
);
const connections = renderPage(
  connectionsPage({
    action: '/connections',
    formToken: 'token',
    accountName: HOSTILE,
    revoked: true,
    connections: [
      {
        grantId: HOSTILE,
        clientName: HOSTILE,
        clientId: HOSTILE,
        scopes: [{ name: 'write:notes', description: 'Change your notes', risky: true }],
        lastUsed: { at: '2026-11-23T10:00:00.000Z', ago: 'just now' },
      },
    ],
  }),
);
const error = renderPage(errorPage({ title: 'No', explanation: HOSTILE, code: HOSTILE }));
const refusals = ['invalid_client', HOSTILE, 'constructor'].map((code) => renderPage(refusalPage(code, HOSTILE)));
const all = [...refusals, consent, signIn, password, deviceCode, deviceConfirm, connections, error];

test('no page lets a name become markup, runs a script or loads anything', () => {
  for (const page of all) {
    assert.doesNotMatch(page, /<img|<script|<link|<iframe|\bsrc=(?!x)|url\(|@import|\sonerror=alert\(1\)">/);
    assert.match(page, /<html lang="en">/);
    assert.match(page, /name="viewport"/);
  }
});

test('the consent page names client, destination, account, resource and scopes, and what is new or risky', () => {
  for (const text of ['Demo User', 'http://localhost:8000/mcp', 'Use the add tool', 'Change your notes', '&#60;img'])
    assert.ok(consent.includes(text), text);
  const [, write = '', read = ''] = consent.split('<li');
  assert.match(read, /allowed before/);
  assert.doesNotMatch(read, /Think twice|>new</);
  assert.match(write, /Think twice/);
  assert.match(write, />new</);
});

test('where everything is new nothing is called so', () => {
  const first = renderPage(
    consentPage({
      action: '/interaction/1',
      formToken: 'token',
      clientName: 'A tool',
      clientId: 'dyn_1',
      redirectHost: 'tool.example.com',
      cautions: ['One', 'Two'],
      accountName: 'Demo User',
      resource: 'http://localhost:8000/mcp',
      scopes: [{ name: 'read:add', description: 'Use the add tool', risky: false, alreadyAllowed: false }],
    }),
  );
  assert.doesNotMatch(first, />new<|allowed before/);
  assert.match(first, /It would be able to/);
  assert.match(first, /<p class="caution">One<\/p>\s*<p class="caution">Two<\/p>/);
});

test('a refusal says in words what happened, and to the author of the program what exactly', () => {
  const [known = '', unknown = '', inherited = ''] = refusals;
  assert.match(known, /does not know the program that sent you here/);
  assert.match(known, /<code>invalid_client<\/code>/);
  for (const page of [unknown, inherited]) assert.match(page, /asked for something that cannot be done/);
});

test('allow and deny are two plain buttons that look the same, deny first, nothing focused beforehand', () => {
  const buttons = consent.match(/<button[^>]*>/g);
  assert.deepEqual(buttons, ['<button name="answer" value="deny">', '<button name="answer" value="allow">']);
  assert.doesNotMatch(consent, /autofocus/);
});

test('with nothing connected the page says what would be here', () => {
  const page = renderPage(
    connectionsPage({
      action: '/connections',
      formToken: 'token',
      accountName: 'ana',
      revoked: false,
      connections: [],
    }),
  );
  assert.match(page, /Nothing is connected\./);
  assert.doesNotMatch(page, /until you revoke them|<ul/);
});

test('the one-click sign-in says that it is for development on this machine only', () => {
  assert.match(signIn, /development server.*this machine only/);
  assert.match(signIn, /Sign in as Demo User/);
});

test('the content policy allows the one style of the page and nothing else', () => {
  const policy = PAGE_HEADERS['content-security-policy'] ?? '';
  for (const page of all) {
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    assert.ok(policy.includes(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`));
    assert.doesNotMatch(page, /\sstyle=/);
  }
  assert.match(policy, /^default-src 'none'; /);
  assert.match(policy, /frame-ancestors 'none'; base-uri 'none'$/);
});
