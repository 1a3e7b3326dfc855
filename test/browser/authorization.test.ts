// M7 in a real browser: a client that knows nothing but the URL of the MCP server, a person at a Chromium, and everything
// in between over real HTTP.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import * as oauth from 'openid-client';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { openAdministration } from '../../mcp-server/authorization-server/administration.ts';
import { createLog } from '../../mcp-server/log.ts';
import { launchChromium } from '../support/chromium.ts';
import { callTool, startTestServer, type TestServer } from '../support/mcp-server.ts';
import { serve } from '../support/ports.ts';
import { beginLogin } from './login-client.ts';
import { createPerson } from './person.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const PASSWORD = 'correct horse battery';

describe('a person at a browser', () => {
  let chromium: Browser;
  let callback: Awaited<ReturnType<typeof serve>>;
  let server: TestServer;
  let context: BrowserContext;
  let page: Page;
  let person: ReturnType<typeof createPerson>;
  before(async () => {
    [chromium, callback] = await Promise.all([
      launchChromium(),
      serve((_request, response) => response.setHeader('content-type', 'text/html').end('<h1>Back at the client</h1>')),
    ]);
  });
  after(async () => {
    await chromium.close();
    await callback.close();
  });
  beforeEach(async () => {
    server = await startTestServer({ RATE_LIMIT_PER_MINUTE: '1000000' });
    await open();
  });
  afterEach(async () => {
    await context.close();
    await server.close();
  });

  async function open(options: BrowserContextOptions = {}): Promise<void> {
    context = await chromium.newContext(options);
    context.setDefaultTimeout(10_000);
    page = await context.newPage();
    person = createPerson(page);
  }

  const begin = (scope?: string, clientId?: string) =>
    beginLogin(server.url, { redirectUri: `${callback.origin}/callback`, scope, clientId });
  const backAtClient = () => page.getByText('Back at the client').waitFor();

  test('M7: 401, discovery, registration, sign-in, consent, code, token, call, 42', async () => {
    const flow = await begin();
    const outside: string[] = [];
    page.on('request', (request) => outside.push(new URL(request.url()).host));
    await page.goto(flow.url);
    await person.press('Sign in as Demo User');
    assert.equal(await person.heading(), 'Allow A new tool to act for you?');
    const text = await person.textOf(page.locator('main'));
    for (const part of [
      'A new tool',
      new URL(callback.origin).host,
      'Demo User',
      flow.resource,
      'Nobody has checked this name',
    ])
      assert.ok(text.includes(part), part);
    await person.press('Allow');
    await backAtClient();
    const tokens = await flow.redeem(page.url());
    const response = await callTool(server.url, tokens.access_token, 'add', { a: 2, b: 40 });
    assert.match(await response.text(), /42/);
    const known = [new URL(server.issuer).host, new URL(callback.origin).host];
    assert.deepEqual(
      outside.filter((host) => !known.includes(host)),
      [],
      'the pages ask nobody else for anything',
    );
  });

  test('a person who says no comes back to the client without a code', async () => {
    const flow = await begin();
    await person.answer(flow.url, 'Deny');
    await backAtClient();
    await assert.rejects(flow.redeem(page.url()), { error: 'access_denied' });
  });

  test('a step up shows what is new, and what was allowed before only on request', async () => {
    const first = await begin('read:notes', 'local-cli');
    await person.answer(first.url, 'Allow');
    await backAtClient();
    const more = await begin('read:notes write:notes delete:notes', 'local-cli');
    await page.goto(more.url);
    await page.getByRole('heading', { name: 'New: it would also be able to' }).waitFor();
    const fresh = page.getByRole('list', { name: 'New: it would also be able to' }).getByRole('listitem');
    assert.equal(await fresh.count(), 2);
    assert.match((await fresh.allTextContents()).join(' '), /write:notes.*delete:notes/s);
    assert.equal(await page.getByText('read:notes').isVisible(), false);
    await page.getByText('You allowed this before (1)').click();
    assert.equal(await page.getByText('read:notes').isVisible(), true);
    assert.ok((await page.getByText('Think twice').count()) > 0, 'risky scopes are marked');
    await person.press('Allow');
    await backAtClient();
    assert.equal((await more.redeem(page.url())).scope, 'read:notes write:notes delete:notes');
  });

  test('a device is connected with its code', async () => {
    const { configuration, resource } = await begin(undefined, 'local-cli');
    const device = await oauth.initiateDeviceAuthorization(configuration, { resource });
    await page.goto(device.verification_uri);
    await page.getByLabel('Code').fill('WRNG-CODE');
    await person.press('Continue');
    assert.match(await person.textOf(page.getByRole('alert')), /not known/);
    await page.getByLabel('Code').fill(device.user_code.toLowerCase());
    await person.press('Continue');
    assert.equal(await person.heading(), 'Is this your device?');
    assert.ok((await person.textOf(page.locator('main'))).includes(device.user_code));
    await person.press('Continue');
    await person.press('Sign in as Demo User');
    await person.press('Allow');
    await page.getByText('The device is connected').waitFor();
    const tokens = await oauth.genericGrantRequest(configuration, DEVICE_GRANT, { device_code: device.device_code });
    assert.equal((await callTool(server.url, tokens.access_token, 'add', { a: 2, b: 40 })).status, 200);
  });

  test('what is connected is listed and can be revoked, and then its token is refused', async () => {
    const flow = await begin();
    await person.answer(flow.url, 'Allow');
    await backAtClient();
    const { access_token } = await flow.redeem(page.url());
    await page.goto(`${server.issuer}/connections`);
    assert.match(await person.textOf(page.getByRole('listitem').first()), /A new tool[\s\S]*last used just now/);
    await person.press('Revoke A new tool');
    assert.match(await person.textOf(page.getByRole('status')), /Revoked/);
    assert.equal(await page.getByText('Nothing is connected').isVisible(), true);
    const until = Date.now() + 3_000;
    let status = 200;
    while (status !== 401 && Date.now() < until)
      ({ status } = await callTool(server.url, access_token, 'add', { a: 2, b: 40 }));
    assert.equal(status, 401);
  });

  test('wrong passwords are answered alike, and then not at all for a while', async () => {
    const administration = await openAdministration({ dataDir: server.dataDir, log: createLog({ level: 'error' }) });
    await administration.addUser('ana', PASSWORD);
    administration.close();
    const flow = await begin();
    await page.goto(flow.url);
    const tryPassword = (password: string) => person.signIn('ana', password);
    await tryPassword('wrong-guess');
    assert.equal(await person.textOf(page.getByRole('alert')), 'Name or password is wrong.');
    assert.equal(await page.getByLabel('Name').inputValue(), 'ana');
    assert.equal(await page.getByLabel('Password').inputValue(), '');
    await tryPassword(PASSWORD);
    assert.match(await person.heading(), /^Allow/);
    await page.goto(`${flow.url}&prompt=login`);
    for (let i = 0; i < 10; i += 1) await tryPassword('wrong-guess');
    await tryPassword(PASSWORD);
    assert.match(await person.textOf(page.getByRole('alert')), /Too many tries/);
  });

  test('the keyboard is enough: Tab goes from top to bottom, the focus is visible, Enter answers', async () => {
    const flow = await begin();
    await page.goto(flow.url);
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Sign in as Demo User');
    assert.notEqual(
      await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle),
      'none',
    );
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'BODY', 'no answer is chosen beforehand');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Deny');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Allow');
    await page.keyboard.press('Enter');
    await backAtClient();
    assert.ok((await flow.redeem(page.url())).access_token);
  });

  test('everything works with JavaScript off', async () => {
    await context.close();
    await open({ javaScriptEnabled: false });
    const flow = await begin(undefined, 'local-cli');
    await person.answer(flow.url, 'Allow');
    await backAtClient();
    assert.ok((await flow.redeem(page.url())).access_token);
    const device = await oauth.initiateDeviceAuthorization(flow.configuration, { resource: flow.resource });
    await page.goto(device.verification_uri_complete ?? '');
    assert.equal(await page.getByLabel('Code').inputValue(), device.user_code);
    await person.press('Continue');
    await person.press('Continue');
    await person.press('Allow');
    await page.getByText('The device is connected').waitFor();
    await page.goto(`${server.issuer}/connections`);
    await person.press('Sign out');
    await page.getByText('Signed out').waitFor();
  });

  test('a name cannot reach into the sentence around it, and one of several alphabets is pointed out', async () => {
    const redirectUri = `${callback.origin}/callback`;
    for (const [name, warned] of [
      ['\u05DE\u05E0\u05D4\u05DC 1', false],
      ['G\u043E\u043Egle', true],
    ] as const) {
      const flow = await beginLogin(server.url, { redirectUri, name });
      await page.goto(flow.url);
      if (!warned) await person.press('Sign in as Demo User');
      assert.equal(await person.heading(), `Allow ${name} to act for you?`);
      const heading = page.getByRole('heading', { level: 1 }).locator('bdi');
      assert.equal(await heading.evaluate((element) => getComputedStyle(element).unicodeBidi), 'isolate');
      assert.equal(await page.getByText('several alphabets').isVisible(), warned);
    }
  });

  for (const colorScheme of ['light', 'dark'] as const)
    test(`every page fits a phone and can be read, in ${colorScheme}`, async () => {
      await context.close();
      await open({ colorScheme, viewport: { width: 320, height: 640 } });
      const check = async () => {
        await page.getByRole('heading', { level: 1 }).waitFor();
        const { overflow, contrast } = await page.evaluate(measure);
        assert.ok(overflow <= 0, `${page.url()} is ${overflow} px too wide`);
        assert.ok(contrast >= 4.5, `${page.url()} has a contrast of ${contrast}`);
      };
      const scope = 'read:add read:notes write:notes delete:notes';
      const redirectUri = `${callback.origin}/callback`;
      const flow = await beginLogin(server.url, { redirectUri, scope, name: 'Supercalifragilistic'.repeat(4) });
      await page.goto(flow.url);
      await check();
      await person.press('Sign in as Demo User');
      await page.getByRole('button', { name: 'Allow' }).waitFor();
      await check();
      await page.goto(`${server.issuer}/connections`);
      await page.getByText('Nothing is connected').waitFor();
      await check();
      await person.answer(flow.url, 'Allow');
      await backAtClient();
      await flow.redeem(page.url());
      for (const path of ['/connections', '/interaction/nonsense', '/authorize?client_id=nobody', '/activate']) {
        await page.goto(`${server.issuer}${path}`);
        await check();
      }
      await page.getByLabel('Code').fill('WRNG-CODE');
      await person.press('Continue');
      await check();
      const { configuration, resource } = await begin(undefined, 'local-cli');
      const device = await oauth.initiateDeviceAuthorization(configuration, { resource });
      await page.getByLabel('Code').fill(device.user_code);
      await person.press('Continue');
      await check();
      await person.press('Continue');
      await check();
      await person.press('Deny');
      await check();
      const administration = await openAdministration({ dataDir: server.dataDir, log: createLog({ level: 'error' }) });
      await administration.addUser('ana', PASSWORD);
      administration.close();
      await page.goto(flow.url);
      await person.signIn('ana', 'wrong-guess');
      await check();
    });
});

/** Runs in the page: how much it is too wide, and the least contrast of text on its card. WCAG 2.2 §1.4.3, §1.4.10 */
function measure(): { overflow: number; contrast: number } {
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element: Element | null): string => {
    const { backgroundColor } = getComputedStyle(element ?? document.body);
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? groundOf(element?.parentElement ?? null) : backgroundColor;
  };
  const ratios = [...document.querySelectorAll('main *')].map((element) => {
    const [ink, ground] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))];
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  });
  return {
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    contrast: Math.min(...ratios),
  };
}
