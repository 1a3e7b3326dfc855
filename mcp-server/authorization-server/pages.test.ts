import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { PAGE_HEADERS, renderPage } from './page-response.ts';
import { consentPage, errorPage, signInPage } from './pages.ts';

const HOSTILE = '"><img src=x onerror=alert(1)>';
const consent = renderPage(
  consentPage({
    action: '/interaction/1',
    formToken: 'token',
    clientName: HOSTILE,
    clientId: HOSTILE,
    redirectHost: HOSTILE,
    isPublic: true,
    accountName: 'Demo User',
    resource: 'http://localhost:8000/mcp',
    scopes: [
      { name: 'read:add', description: 'Use the add tool', risky: false, alreadyAllowed: true },
      { name: 'write:notes', description: 'Change your notes', risky: true, alreadyAllowed: false },
    ],
  }),
);
const signIn = renderPage(
  signInPage({ action: '/interaction/1', formToken: 'token', clientName: HOSTILE, accountName: 'Demo User' }),
);
const error = renderPage(errorPage({ title: 'No', explanation: HOSTILE, code: HOSTILE }));

test('no page lets a name become markup, runs a script or loads anything', () => {
  for (const page of [consent, signIn, error]) {
    assert.doesNotMatch(page, /<img|<script|<link|<iframe|\bsrc=(?!x)|url\(|@import|\sonerror=alert\(1\)">/);
    assert.match(page, /<html lang="en">/);
    assert.match(page, /name="viewport"/);
  }
});

test('the consent page names client, destination, account, resource and scopes, and what is new or risky', () => {
  for (const text of ['Demo User', 'http://localhost:8000/mcp', 'Use the add tool', 'Change your notes', '&#60;img'])
    assert.ok(consent.includes(text), text);
  const [, read = '', write = ''] = consent.split('<li');
  assert.match(read, /allowed before/);
  assert.doesNotMatch(read, /Think twice|>new</);
  assert.match(write, /Think twice/);
  assert.match(write, />new</);
});

test('allow and deny are two plain buttons that look the same, deny first, nothing focused beforehand', () => {
  const buttons = consent.match(/<button[^>]*>/g);
  assert.deepEqual(buttons, ['<button name="answer" value="deny">', '<button name="answer" value="allow">']);
  assert.doesNotMatch(consent, /autofocus/);
});

test('the sign-in page says that the account is for development on this machine only', () => {
  assert.match(signIn, /for development on this machine only/);
  assert.match(signIn, /Sign in as Demo User/);
});

test('the content policy allows the one style of the page and nothing else', () => {
  const policy = PAGE_HEADERS['content-security-policy'] ?? '';
  for (const page of [consent, signIn, error]) {
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    assert.ok(policy.includes(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`));
    assert.doesNotMatch(page, /\sstyle=/);
  }
  assert.match(policy, /^default-src 'none'; /);
  assert.match(policy, /frame-ancestors 'none'; base-uri 'none'$/);
});
