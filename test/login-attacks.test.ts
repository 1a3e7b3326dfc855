// Attacks on a login of the real agent process, at the real authorization server: what finds the callback, and what takes the
// server's place afterwards. No attack gets a token, and the person's own way through still ends well.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Environment } from '../agent/config.ts';
import { finish, runAgent, startAgentProcess } from './support/agent-process.ts';
import { createBrowser } from './support/browser.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { serve } from './support/ports.ts';

describe('a login under attack', () => {
  let server: TestServer;
  let folder: string;
  let environment: Environment;
  beforeEach(async () => {
    [server, folder] = await Promise.all([startTestServer(), mkdtemp(join(tmpdir(), 'login-attacks-'))]);
    await writeFile(join(folder, '.mcp.json'), JSON.stringify({ mcpServers: { local: { url: server.url } } }));
    environment = {
      DATA_DIR: join(folder, 'data'),
      MCP_CONFIG: join(folder, '.mcp.json'),
      XDG_STATE_HOME: join(folder, 'state'),
      BROWSER: '/bin/true',
    };
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  /** The agent waits for its browser; `url` is where that was sent. */
  async function begin() {
    const child = startAgentProcess(['mcp', 'login', 'local', '--browser'], environment);
    const ended = finish(child);
    let said = '';
    const url = await new Promise<URL>((resolve, reject) => {
      child.once('close', () => reject(new Error(`The agent ended early: ${said}`)));
      child.stderr?.on('data', (chunk) => {
        said += chunk;
        const [found] = /http\S+code_challenge=\S+(?=\s)/.exec(said) ?? [];
        if (found) resolve(new URL(found));
      });
    });
    const callback = url.searchParams.get('redirect_uri') ?? '';
    /** Through sign-in and consent, to the address that the browser is sent back to. */
    const consent = async () => {
      const browser = createBrowser(callback);
      let page = await browser.visit(url.href);
      for (const answer of ['sign-in', 'allow']) page = await browser.submit(page, answer);
      return page.url;
    };
    return { ended, url, callback, consent };
  }
  const tokens = () => server.log().filter(({ event }) => event === 'token-issued').length;

  test('whoever scans for the callback finds nothing, and keeps nobody from signing in', async () => {
    const login = await begin();
    const { origin } = new URL(login.callback);
    for (const path of ['/', '/callback', '/callback/', '/favicon.ico', '/callback/..%2f', '/.well-known/x', '//'])
      assert.equal((await fetch(`${origin}${path}?code=x&state=y`)).status, 404, path);
    assert.equal((await fetch(login.callback, { method: 'POST', body: 'code=x' })).status, 405);
    const page = await fetch(await login.consent());
    assert.match(await page.text(), /Signed in/);
    const { exitCode, stderr } = await login.ended;
    assert.equal(exitCode, 0, stderr);
  });

  test('a second browser that brings its own code gets no login into the agent, and ours is not redeemed', async () => {
    const login = await begin();
    // The attacker has been allowed by somebody as well, and has a code and a state of their own.
    const attacker = await begin();
    const stolen = new URL(await attacker.consent());
    const forged = new URL(login.callback);
    forged.search = stolen.search;
    const page = await fetch(forged);
    assert.equal(page.status, 400);
    assert.doesNotMatch(await page.text(), new RegExp(stolen.searchParams.get('code') ?? '-'));
    const { exitCode, stderr } = await login.ended;
    assert.equal(exitCode, 3);
    assert.match(stderr, /carries another state than the request.*It was not used/);
    assert.ok(!stderr.includes(stolen.searchParams.get('code') ?? '-'));
    assert.equal(tokens(), 0);
    await fetch(stolen);
    assert.equal((await attacker.ended).exitCode, 0);
  });

  test('an answer in the name of another issuer is not used, whatever its state', async () => {
    for (const issuer of ['https://evil.example', undefined]) {
      const login = await begin();
      const answer = new URL(await login.consent());
      if (issuer) answer.searchParams.set('iss', issuer);
      else answer.searchParams.delete('iss');
      assert.equal((await fetch(answer)).status, 400);
      const { exitCode, stderr } = await login.ended;
      assert.equal(exitCode, 3);
      assert.match(stderr, issuer ? /comes from another issuer/ : /does not say who gave it/);
      assert.doesNotMatch(stderr, /evil/);
    }
    assert.equal(tokens(), 0);
  });

  test('a server that takes our server’s place and names an issuer of its own gets no token, no secret and no code', async () => {
    const login = await begin();
    await fetch(await login.consent());
    assert.equal((await login.ended).exitCode, 0);
    await cp(join(server.dataDir, 'agent-client.json'), join(folder, 'data', 'agent-client.json'));
    const { url, environment: place } = server;
    await server.close();

    const heard: string[] = [];
    const evil = await serve(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body}`);
      const issuer = evil.origin;
      const metadata = {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        registration_endpoint: `${issuer}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
      };
      const isMetadata = request.url?.startsWith('/.well-known/') === true;
      response.writeHead(isMetadata ? 200 : 500, { 'content-type': 'application/json' });
      response.end(isMetadata ? JSON.stringify(metadata) : '{}');
    });
    const atMcp: string[] = [];
    const hostile = createServer((request, response) => {
      atMcp.push(JSON.stringify(request.headers));
      const isMetadata = request.url?.startsWith('/.well-known/') === true;
      const where = `${new URL(url).origin}/.well-known/oauth-protected-resource/mcp`;
      response.writeHead(isMetadata ? 200 : 401, {
        'content-type': 'application/json',
        ...(isMetadata ? {} : { 'www-authenticate': `Bearer resource_metadata="${where}"` }),
      });
      response.end(JSON.stringify({ resource: url, authorization_servers: [evil.origin] }));
    });
    await once(hostile.listen(Number(place['PORT']), 'localhost'), 'listening');
    try {
      for (const args of [
        ['mcp', 'call', 'local.add', 'a:=2', 'b:=40'],
        ['ask', 'add 2 and 40'],
      ]) {
        const { exitCode, stdout, stderr } = await runAgent(args, environment);
        assert.equal(exitCode, 3, stderr);
        assert.doesNotMatch(`${stdout}${stderr}`, /eyJ/);
      }
      assert.ok(atMcp.length > 0);
      assert.doesNotMatch(atMcp.join('\n'), /"authorization"/i, 'no token of ours to the server in its place');
      assert.doesNotMatch(heard.join('\n'), /POST|"authorization"|eyJ|secret|refresh/i, 'only its metadata was read');
    } finally {
      hostile.closeAllConnections();
      await once(hostile.close(), 'close');
      await evil.close();
      server = await startTestServer();
    }
  });
});
