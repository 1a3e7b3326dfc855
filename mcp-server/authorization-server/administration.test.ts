import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { ServerError } from '../errors.ts';
import { openAdministration } from './administration.ts';
import { KEY_ROTATION_SECONDS, PASSWORD_LIMITS } from './limits.ts';
import { createPasswordCheck, hashPassword } from './passwords.ts';
import { codeRequest, createBrowser, obtainCode } from './test-browser.ts';
import { postForm, recordingLog, startTestServer, type TestServer } from './test-support.ts';

const PASSWORD = 'correct horse battery';

async function administration(server: Pick<TestServer, 'dataDir'>, now?: () => number) {
  return await openAdministration({ dataDir: server.dataDir, log: recordingLog(), ...(now && { now }) });
}

async function addUser(server: TestServer, name: string): Promise<void> {
  const administer = await administration(server);
  await administer.addUser(name, PASSWORD);
  administer.close();
}

async function signIn(server: TestServer, name: string, password: string, browser = createBrowser(server.issuer)) {
  const page = await browser.walk(codeRequest(server.issuer).url);
  return await browser.answer(page, 'sign-in', { name, password });
}

test('a password is kept as a salted scrypt hash, and only the right one fits', async () => {
  const [one, other] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)];
  assert.notEqual(one, other);
  assert.match(one, /^scrypt\$32768\$8\$3\$/);
  const check = createPasswordCheck();
  assert.equal(await check(PASSWORD, one), 'right');
  for (const wrong of ['', 'Correct horse battery', `${PASSWORD} `]) assert.equal(await check(wrong, one), 'wrong');
  assert.equal(await check(PASSWORD, undefined), 'wrong');
  assert.equal(await check('Zoe\u0308', await hashPassword('Zo\u00eb')), 'right', 'however the accent was typed');
});

test('A7.unknown-name: an unknown name takes about as long as a known one', async () => {
  const check = createPasswordCheck();
  const stored = await hashPassword(PASSWORD);
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let i = 0; i < 5; i += 1)
    for (const kind of ['known', 'unknown'] as const) {
      const startedAtMs = performance.now();
      await check('a-wrong-password', kind === 'known' ? stored : undefined);
      times[kind].push(performance.now() - startedAtMs);
    }
  // The least of each: what else runs on this machine only adds. Without a decoy it would be a thousandth.
  const ratio = Math.min(...times.unknown) / Math.min(...times.known);
  assert.ok(ratio > 0.5 && ratio < 2, String(ratio));
});

test('A10.passwords: a flood of passwords is checked a few at a time, and the rest is turned away', async () => {
  const check = createPasswordCheck();
  const hash = await hashPassword(PASSWORD);
  const most = PASSWORD_LIMITS.maxConcurrentChecks + PASSWORD_LIMITS.maxWaitingChecks;
  const verdicts = await Promise.all(Array.from({ length: most + 10 }, () => check('wrong', hash)));
  assert.equal(verdicts.filter((verdict) => verdict === 'busy').length, 10);
});

test('with the first account the demo user is gone, and people sign in with name and password', async (t) => {
  const server = await startTestServer(t);
  const demo = await obtainCode(server);
  const tokens = await postForm(server, demo.form);
  await addUser(server, 'Ana');
  const refresh = {
    grant_type: 'refresh_token',
    client_id: 'local-cli',
    refresh_token: tokens.body['refresh_token'] ?? '',
  };
  assert.equal((await postForm(server, refresh)).body['error'], 'invalid_grant');
  const page = await demo.browser.walk(codeRequest(server.issuer).url);
  assert.match(page.text, /<input id="password"/);
  assert.doesNotMatch(page.text, /Demo User/);
  assert.equal((await demo.browser.answer(page, 'sign-in')).status, 403);
  const consent = await signIn(server, ' ANA ', PASSWORD);
  assert.match(consent.text, /Signed in as<\/dt><dd><bdi>ana</);
});

test('A7.unknown-name: a wrong password and an unknown name get the same answer, and neither is logged', async (t) => {
  const server = await startTestServer(t);
  await addUser(server, 'ana');
  const wrong = await signIn(server, 'ana', 'a-wrong-password');
  const unknown = await signIn(server, 'nobody-here', 'a-wrong-password');
  const shape = ({ status, text }: { status: number; text: string }) => [
    status,
    text.replace(/value="[^"]*"|interaction\/[\w-]+/g, ''),
  ];
  assert.deepEqual(shape(wrong), shape(unknown));
  assert.equal(wrong.status, 403);
  assert.match(wrong.text, /role="alert"/);
  const log = JSON.stringify(server.entries);
  for (const secret of ['a-wrong-password', 'nobody-here']) assert.equal(log.includes(secret), false, secret);
});

test('A7.passwords: whoever tries passwords is stopped for a while, in parallel and across a restart, and so is the right one', async (t) => {
  const server = await startTestServer(t);
  await addUser(server, 'ana');
  await addUser(server, 'ben');
  const tries = Array.from({ length: PASSWORD_LIMITS.maxTriesPerName + 2 }, () => signIn(server, 'ana', 'wrong-guess'));
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 403).length, PASSWORD_LIMITS.maxTriesPerName);
  assert.equal(statuses.filter((status) => status === 429).length, 2);
  const stopped = await signIn(server, 'Ana', PASSWORD);
  assert.equal(stopped.status, 429);
  assert.ok(Number(stopped.headers.get('retry-after')) > 0);
  await server.restart();
  assert.equal((await signIn(server, 'ana', PASSWORD)).status, 429, 'a restart gives no fresh start');
  assert.match((await signIn(server, 'ben', PASSWORD)).text, /value="allow"/, 'others are not concerned');
  server.advance(PASSWORD_LIMITS.windowMs / 1_000);
  assert.match((await signIn(server, 'ana', PASSWORD)).text, /value="allow"/);
});

test('A7.addresses: many names from one address are stopped as well', async (t) => {
  const server = await startTestServer(t);
  await addUser(server, 'ana');
  for (let i = 0; i < PASSWORD_LIMITS.maxTriesPerAddress; i += 5)
    await Promise.all([0, 1, 2, 3, 4].map((n) => signIn(server, `name-${i + n}`, 'wrong-guess')));
  assert.equal((await signIn(server, 'ana', PASSWORD)).status, 429);
});

test('another person can sign in where somebody is signed in, without a script', async (t) => {
  const server = await startTestServer(t);
  await addUser(server, 'ana');
  await addUser(server, 'ben');
  const browser = createBrowser(server.issuer);
  await signIn(server, 'ana', PASSWORD, browser);
  const page = await browser.walk(codeRequest(server.issuer, { prompt: 'login' }).url);
  const consent = await browser.answer(page, 'sign-in', { name: 'ben', password: PASSWORD });
  assert.match(consent.text, /Signed in as<\/dt><dd><bdi>ben</);
  assert.match((await browser.answer(consent, 'allow')).location ?? '', /code=/);
});

test('removing an account ends its sessions and connections; a new password ends its sessions', async (t) => {
  const server = await startTestServer(t);
  await addUser(server, 'ana');
  await addUser(server, 'ben');
  const browser = createBrowser(server.issuer);
  const connect = async () => {
    const { url, verifier } = codeRequest(server.issuer);
    let page = await browser.walk(url);
    if (page.text.includes('value="sign-in"'))
      page = await browser.answer(page, 'sign-in', { name: 'ana', password: PASSWORD });
    page = await browser.answer(page, 'allow');
    const code = new URL(page.location ?? '').searchParams.get('code') ?? '';
    const redirect_uri = 'http://127.0.0.1:53123/callback';
    return await postForm(server, {
      grant_type: 'authorization_code',
      client_id: 'local-cli',
      code,
      code_verifier: verifier,
      redirect_uri,
    });
  };
  const tokens = await connect();
  const refresh = {
    grant_type: 'refresh_token',
    client_id: 'local-cli',
    refresh_token: tokens.body['refresh_token'] ?? '',
  };
  const administer = await administration(server);
  t.after(() => administer.close());
  await administer.setPassword('ana', `${PASSWORD} 2`);
  assert.match((await browser.walk(codeRequest(server.issuer).url)).text, /<input id="password"/);
  assert.equal((await postForm(server, refresh)).status, 200);
  administer.removeUser('ANA');
  assert.deepEqual(administer.listUsers(), ['ben']);
  assert.equal((await postForm(server, refresh)).body['error'], 'invalid_grant');
});

test('names and passwords that cannot be are refused and change nothing', async (t) => {
  const server = await startTestServer(t);
  const administer = await administration(server);
  t.after(() => administer.close());
  await administer.addUser('ana', PASSWORD);
  const isFault = (error: unknown) => error instanceof ServerError && error.code === 'invalid_configuration';
  for (const [name, password] of [
    ['', PASSWORD],
    ['a b', PASSWORD],
    ['<b>', PASSWORD],
    ['x'.repeat(101), PASSWORD],
    ['ben', 'short'],
    ['ben', 'x'.repeat(201)],
    ['Ana', PASSWORD],
  ] as const)
    await assert.rejects(administer.addUser(name, password), isFault, name);
  await assert.rejects(administer.setPassword('nobody', PASSWORD), isFault);
  assert.throws(() => administer.removeUser('nobody'), isFault);
  assert.deepEqual(administer.listUsers(), ['ana']);
});

async function published(server: TestServer) {
  return await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json();
}

async function machineToken(server: TestServer): Promise<string> {
  const { client_id, client_secret } = await server.agentClient();
  const { body } = await postForm(server, { grant_type: 'client_credentials', client_id, client_secret });
  return body['access_token'] ?? '';
}

test('A8.rotation: the next key is published first, signs later, and the old one stays until its tokens have expired', async (t) => {
  const server = await startTestServer(t);
  const before = await machineToken(server);
  const oldKid = decodeProtectedHeader(before).kid;
  const administer = await administration(server);
  t.after(() => administer.close());
  const { kid } = await administer.rotateKeys(false);
  assert.equal((await administer.rotateKeys(false)).kind, 'already-planned');
  assert.equal((await stat(join(server.dataDir, 'signing-keys.json'))).mode & 0o777, 0o600);

  server.advance(2);
  const kids = async () => (await published(server)).keys.map((key: { kid: string }) => key.kid);
  assert.deepEqual(await kids(), [oldKid, kid]);
  for (const key of (await published(server)).keys)
    assert.deepEqual(Object.keys(key).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
  assert.equal(decodeProtectedHeader(await machineToken(server)).kid, oldKid);

  server.advance(KEY_ROTATION_SECONDS.publishAhead);
  assert.equal(decodeProtectedHeader(await machineToken(server)).kid, kid);
  await jwtVerify(before, createLocalJWKSet(await published(server)));
  server.advance(KEY_ROTATION_SECONDS.keepAfter);
  assert.deepEqual(await kids(), [kid]);
});

test('a running server goes on with the keys it has when their file is damaged, and says so', async (t) => {
  const server = await startTestServer(t);
  await writeFile(join(server.dataDir, 'signing-keys.json'), '{', { mode: 0o600 });
  server.advance(2);
  await jwtVerify(await machineToken(server), createLocalJWKSet(await published(server)));
  assert.ok(server.entries.some(({ event }) => event === 'signing-keys-unreadable'));
});

test('A8.leaked: a key in wrong hands is replaced at once, in the middle of a consent that goes on', async (t) => {
  const server = await startTestServer(t);
  const browser = createBrowser(server.issuer);
  const consent = await browser.answer(await browser.walk(codeRequest(server.issuer).url), 'sign-in');
  const oldKid = decodeProtectedHeader(await machineToken(server)).kid;
  const administer = await administration(server);
  t.after(() => administer.close());
  const { kid } = await administer.rotateKeys(true);
  server.advance(2);
  assert.equal(decodeProtectedHeader(await machineToken(server)).kid, kid);
  assert.notEqual(kid, oldKid);
  assert.equal((await published(server)).keys.length, 1);
  assert.match((await browser.answer(consent, 'allow')).location ?? '', /code=/);
});
