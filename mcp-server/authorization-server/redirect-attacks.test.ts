// Attacks that would send a browser, or an answer, somewhere else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientMetadata } from 'oidc-provider';
import { type BrowserPage, codeRequest, createBrowser, formTokenOf, obtainCode } from './test-browser.ts';
import { postForm, REDIRECT_URI, RESOURCE, startTestServer } from './test-support.ts';

const EVIL = 'https://evil.test/';
const WEB_URI = 'https://app.example.com/callback';
const ONE_NAME = 'http://127.0.0.1/callback';
const CLIENTS: readonly ClientMetadata[] = [
  {
    client_id: 'web-app',
    client_secret: 'web-app-secret-web-app-secret-web-app',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [WEB_URI],
  },
  {
    client_id: 'one-name',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [ONE_NAME, 'com.example.tool:/callback', 'https://tool.example.com/callback'],
  },
];

function assertNoRedirect(page: BrowserPage, label: string): void {
  assert.deepEqual([page.status, page.location], [400, undefined], label);
}

test('A1.idn: a redirect host that only looks like the registered one is refused', async (t) => {
  const { issuer } = await startTestServer(t, { extraClients: CLIENTS });
  for (const redirect_uri of [
    'https://app.ex\u0430mple.com/callback',
    'https://app.xn--exmple-4nf.com/callback',
    'https://app\uFF0Eexample.com/callback',
    'https://app\u3002example.com/callback',
    'https://app.example.com./callback',
    'https://APP.example.com/callback',
    'https://app.example.com:443/callback',
    'https://app%2Eexample.com/callback',
    'https://app.example.com/%63allback',
    'https://app.example.com/./callback',
    'https://app.example.com\u200B/callback',
    ' https://app.example.com/callback',
    'https://app.example.com/callback\n',
  ])
    assertNoRedirect(
      await createBrowser(issuer).visit(codeRequest(issuer, { client_id: 'web-app', redirect_uri }).url),
      redirect_uri,
    );
});

test('A1.loopback-name: a client that named one loopback address does not get its answers under another', async (t) => {
  const { issuer } = await startTestServer(t, { extraClients: CLIENTS });
  const ask = (redirect_uri: string) =>
    createBrowser(issuer).visit(codeRequest(issuer, { client_id: 'one-name', redirect_uri }).url);
  for (const host of ['localhost:5000', '[::1]:5000', '127.0.0.2:5000', '127.1:5000', '2130706433:5000', '0x7f.1:5000'])
    assertNoRedirect(await ask(`http://${host}/callback`), host);
  assert.equal((await ask('http://127.0.0.1:5000/callback')).status, 303);
});

test('A1.port: another port is good for http on loopback only', async (t) => {
  const { issuer } = await startTestServer(t, { extraClients: CLIENTS });
  for (const [client_id, redirect_uri] of [
    ['web-app', 'https://app.example.com:8443/callback'],
    ['one-name', 'https://tool.example.com:8443/callback'],
    ['one-name', 'https://127.0.0.1:5000/callback'],
    ['one-name', 'http://tool.example.com:5000/callback'],
    ['one-name', 'http://127.0.0.1:x/callback'],
    ['one-name', 'http://127.0.0.1:99999/callback'],
    ['one-name', 'com.example.tool://x:5000/callback'],
  ] as const)
    assertNoRedirect(
      await createBrowser(issuer).visit(codeRequest(issuer, { client_id, redirect_uri }).url),
      redirect_uri,
    );
});

test('A1.order: with a wrong client or redirect URI no other fault makes the server redirect', async (t) => {
  const { issuer } = await startTestServer(t, { extraClients: CLIENTS });
  const faults: Record<string, string | undefined>[] = [
    {},
    { scope: 'nonsense' },
    { resource: 'https://api.evil.test' },
    { code_challenge: undefined },
    { response_type: 'token' },
    { response_type: 'nonsense' },
    { response_mode: 'fragment' },
    { response_mode: 'form_post' },
    { response_mode: 'nonsense' },
    { prompt: 'none' },
    { request: 'x.y.z' },
    { request_uri: EVIL },
  ];
  for (const wrong of [
    { client_id: 'nobody' },
    { client_id: undefined },
    { redirect_uri: EVIL },
    { redirect_uri: undefined },
  ])
    for (const fault of faults)
      assertNoRedirect(
        await createBrowser(issuer).visit(codeRequest(issuer, { ...fault, ...wrong }).url),
        JSON.stringify({ ...fault, ...wrong }),
      );
});

test('A1.pollution: a parameter that comes twice is refused, and never are two of them mixed', async (t) => {
  const server = await startTestServer(t, { extraClients: CLIENTS });
  const { issuer } = server;
  const { url } = codeRequest(issuer);
  for (const [name, value] of [
    ['client_id', 'web-app'],
    ['redirect_uri', EVIL],
    ['redirect_uri', REDIRECT_URI],
  ] as const)
    for (const both of [
      `${url}&${name}=${encodeURIComponent(value)}`,
      url.replace('?', `?${name}=${encodeURIComponent(value)}&`),
    ])
      assertNoRedirect(await createBrowser(issuer).visit(both), `${name}=${value}`);
  for (const [name, value] of [
    ['scope', 'write:notes'],
    ['state', 'x'],
    ['code_challenge', 'x'],
    ['code_challenge_method', 'plain'],
    ['response_type', 'token'],
    ['resource', 'https://api.evil.test'],
    ['audience', 'https://api.evil.test'],
  ] as const) {
    const { location = '' } = await createBrowser(issuer).visit(`${url}&${name}=${encodeURIComponent(value)}`);
    assert.match(location, /^http:\/\/127\.0\.0\.1:53123\/callback\?error=invalid_(request|target)/, name);
  }
  const { client_id, client_secret } = await server.agentClient();
  const machine = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret });
  for (const more of [
    'client_id=local-cli',
    'client_secret=x',
    'grant_type=refresh_token',
    'scope=read:add&scope=write:notes',
    `resource=${RESOURCE}&resource=https://api.evil.test`,
    `resource=${RESOURCE}&audience=https://api.evil.test`,
  ]) {
    const body = new URLSearchParams(`${machine}&${more}`);
    assert.equal((await fetch(`${issuer}/oauth/token`, { method: 'POST', body })).status, 400, more);
  }
});

test('A1.response-mode: an answer comes as a redirect and never as a page that posts itself', async (t) => {
  const { issuer } = await startTestServer(t);
  for (const response_mode of ['form_post', 'web_message', 'jwt', 'form_post.jwt', 'fragment']) {
    const page = await createBrowser(issuer).visit(codeRequest(issuer, { response_mode }).url);
    assert.equal(page.status, 303, response_mode);
    assert.doesNotMatch(page.text, /<script|<form/, response_mode);
    assert.ok(page.location?.startsWith(REDIRECT_URI));
    assert.match(page.location ?? '', /error=(unsupported_response_mode|invalid_request)/);
  }
});

test('A1.splitting: what a client sends ends no header and no line of the log', async (t) => {
  const server = await startTestServer(t);
  const hostile = 'x\r\nset-cookie: planted=1\r\n\r\n<script>alert(1)</script>\u2028';
  for (const name of ['state', 'scope', 'client_id', 'resource', 'login_hint', 'prompt', 'redirect_uri']) {
    const page = await createBrowser(server.issuer).visit(
      codeRequest(server.issuer, { prompt: 'none', [name]: hostile }).url,
    );
    assert.ok([303, 400].includes(page.status), `${name} ${page.status}`);
    assert.equal(
      page.headers.getSetCookie().some((line) => line.includes('planted')),
      false,
      name,
    );
    assert.doesNotMatch(page.text, /<script/, name);
    assert.doesNotMatch(page.location ?? '', /[\r\n]/, name);
  }
  // One JSON object a line, whatever is in it.
  for (const entry of server.entries) assert.doesNotMatch(JSON.stringify(entry), /[\r\n]/);
});

test('A7.return: no parameter of a page says where the browser goes', async (t) => {
  const server = await startTestServer(t);
  const { browser } = await obtainCode(server);
  const names = [
    'returnTo',
    'return_to',
    'next',
    'redirect',
    'redirect_uri',
    'post_logout_redirect_uri',
    'url',
    'target',
  ];
  const query = names.map((name) => `${name}=${encodeURIComponent(EVIL)}`).join('&');
  const consent = await browser.walk(codeRequest(server.issuer).url);
  for (const path of [
    '/connections',
    '/activate',
    '/oidc/logout',
    '/session/end',
    '//evil.test',
    '/\\evil.test',
    '/interaction/x',
  ])
    assert.doesNotMatch((await browser.visit(`${server.issuer}${path}?${query}`)).location ?? '', /evil/, path);
  const fields = Object.fromEntries(names.map((name) => [name, EVIL]));
  const answered = await browser.visit(`${consent.url}?${query}`, {
    form_token: formTokenOf(consent),
    answer: 'allow',
    ...fields,
  });
  assert.ok(answered.location?.startsWith(`${server.issuer}/authorize/`));
  const connections = await browser.visit(`${server.issuer}/connections?${query}`);
  const signOut = { form_token: formTokenOf(connections), answer: 'sign-out', ...fields };
  assert.equal((await browser.visit(`${server.issuer}/connections?${query}`, signOut)).location, undefined);
  await postForm(server, { client_id: 'local-cli', ...fields }, '/oidc/logout');
});
