// How a token is presented, what refusals look like, and who may address the server: over real HTTP, on raw sockets where
// an HTTP client would not do it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ReadableStream } from 'node:stream/web';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { callTool, startTestServer, type TestServer } from './support/mcp-server.ts';
import { sendRaw } from './support/raw-socket.ts';
import { machineToken } from './support/tokens.ts';

describe('the MCP server over HTTP', () => {
  let server: TestServer;
  let token: string;
  let origin: string;
  before(async () => {
    server = await startTestServer();
    token = await machineToken(server);
    origin = new URL(server.url).origin;
  });
  after(() => server.close());

  const call = (headers: Record<string, string>) => callTool(server.url, undefined, 'add', { a: 2, b: 40 }, headers);
  /** The server hangs up on a body that it will not read; the next request must not meet that connection. */
  const alone = { connection: 'close', 'content-type': 'application/json' };
  const port = () => Number(new URL(server.url).port);
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'add', arguments: { a: 2, b: 40 } },
  });
  const rawCall = (host: string, lines: readonly string[]) =>
    [
      'POST /mcp HTTP/1.1',
      `Host: ${host}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      `Content-Length: ${body.length}`,
      'Connection: close',
      ...lines,
      '',
      body,
    ].join('\r\n');

  /** 400 with the challenge that names the scopes and the metadata. */
  const INVALID_REQUEST = `Bearer error="invalid_request", error_description="The request presents its access token wrongly", scope="read:add", resource_metadata="`;
  const assertInvalidRequest = (response: Response, message?: string) => {
    assert.equal(response.status, 400, message);
    assert.ok(response.headers.get('www-authenticate')?.startsWith(INVALID_REQUEST), message);
  };
  /** 401 as if there were no token: the challenge without `error`. */
  const assertNoCredential = (response: Response, message?: string) => {
    assert.equal(response.status, 401, message);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer scope="read:add", resource_metadata="/);
  };

  test('R4.none, S2, S3: no token is 401 without error, with scope and metadata', async () => {
    const response = await call({});
    assert.equal(response.status, 401);
    assert.equal(
      response.headers.get('www-authenticate'),
      `Bearer scope="read:add", resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`,
    );
    assert.equal((await response.json()).error, 'unauthorized');
  });

  test('R4.query: a token in the query is 400, whatever the header says, and is not logged', async () => {
    const url = `${server.url}?access_token=${token}`;
    for (const header of [undefined, token]) assertInvalidRequest(await callTool(url, header, 'add', { a: 1, b: 1 }));
    assert.ok(!server.logText().includes(token));
  });

  test('R4.query, R10.url: a target with a user, a password or a host is 400, and nothing of it is logged', async () => {
    const before = server.logText().length;
    for (const target of [
      `http://me:s3cret-word@localhost:${port()}/mcp?access_token=${token}`,
      `http://me@localhost:${port()}/mcp`,
      `http://localhost:${port()}/mcp?access_token=${token}`,
      'http://evil.example/mcp',
      'localhost:80',
    ])
      for (const method of ['GET', 'POST']) {
        const lines = [
          `${method} ${target} HTTP/1.1`,
          `Host: localhost:${port()}`,
          'Content-Length: 0',
          'Connection: close',
        ];
        assert.match(await sendRaw(port(), `${lines.join('\r\n')}\r\n\r\n`), /^HTTP\/1\.1 400 /, target.slice(0, 30));
      }
    const written = server.logText().slice(before);
    assert.doesNotMatch(written, /s3cret-word|evil|request-failed/);
    assert.ok(!written.includes(token) && !written.includes(token.slice(0, 20)));
  });

  test('R4.body: a token in the body is no token', async () => {
    assertNoCredential(await fetch(server.url, { method: 'POST', body: new URLSearchParams({ access_token: token }) }));
    assertNoCredential(await callTool(server.url, undefined, 'add', { a: 2, b: 40, access_token: token }));
  });

  test('R4.two-headers: two Authorization headers are refused, also when both are good', async () => {
    const line = `Authorization: Bearer ${token}`;
    assert.match(await sendRaw(port(), rawCall(`localhost:${port()}`, [line])), /^HTTP\/1\.1 200 /);
    for (const first of [line, 'Authorization: Bearer x', 'authorization: Basic x']) {
      const answer = await sendRaw(port(), rawCall(`localhost:${port()}`, [first, line]));
      assert.match(answer, /^HTTP\/1\.1 400 /, first.slice(0, 25));
      assert.ok(answer.includes(INVALID_REQUEST), first.slice(0, 25));
    }
  });

  test('R4.two-tokens, S3: two tokens in one header are refused', async () => {
    for (const authorization of [
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      'Bearer',
      `Bearer=${token}`,
    ])
      assertInvalidRequest(await call({ authorization }), authorization.slice(0, 12));
  });

  test('R4.scheme-case: the scheme is case-insensitive', async () => {
    for (const scheme of ['bearer', 'BEARER', 'bEaReR'])
      assert.equal((await call({ authorization: `${scheme} ${token}` })).status, 200);
  });

  test('R4.other-scheme: another scheme is no bearer token', async () => {
    for (const scheme of ['Basic', 'Token', 'Digest'])
      assertNoCredential(await call({ authorization: `${scheme} ${token}` }), scheme);
  });

  test('R4.cookie: a token in a cookie is refused', async () => {
    assertNoCredential(await call({ cookie: `access_token=${token}; authorization=Bearer ${token}` }));
  });

  test('R5.places: metadata at the path and at the root, with CORS, HEAD and OPTIONS', async () => {
    for (const path of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource']) {
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        const response = await fetch(`${origin}${path}`, { method });
        assert.ok(response.ok, `${method} ${path}`);
        assert.equal(response.headers.get('access-control-allow-origin'), '*');
      }
      const metadata = await (await fetch(`${origin}${path}`)).json();
      assert.equal(metadata.resource, server.url);
    }
    assert.equal((await fetch(`${origin}/.well-known/oauth-protected-resource/other`)).status, 404);
  });

  test('R5.resource: the metadata names the loopback name that was used', async () => {
    for (const host of ['127.0.0.1', '[::1]']) {
      const own = `http://${host}:${port()}`;
      const metadata = await (await fetch(`${own}/.well-known/oauth-protected-resource/mcp`)).json();
      assert.equal(metadata.resource, `${own}/mcp`);
      assert.equal((await callTool(`${own}/mcp`, token, 'add', { a: 2, b: 40 })).status, 200);
    }
  });

  test('R5.host, R6.host: a foreign Host is 403 and gets no metadata URL', async () => {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      '[::ffff:7f00:1]',
      '0.0.0.0',
      'localhost:80@evil.example',
      '',
    ]) {
      const answer = await sendRaw(port(), rawCall(host, [`Authorization: Bearer ${token}`]));
      assert.match(answer, /^HTTP\/1\.1 40[03] /, host);
      assert.doesNotMatch(answer, /resource_metadata/);
    }
    // A foreign port on our own name is a proxy's business, but the metadata stays where it is.
    assert.match(await sendRaw(port(), rawCall('localhost:1', [])), new RegExp(`resource_metadata="${origin}/`));
  });

  test('R5.forwarded: headers of a proxy change neither the metadata nor where the challenge points', async () => {
    const forged = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-original-host': 'evil.example',
      'x-host': 'evil.example',
      forwarded: 'host=evil.example;proto=https',
    };
    assert.ok((await call(forged)).headers.get('www-authenticate')?.includes(`resource_metadata="${origin}/`));
    const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`, { headers: forged });
    assert.equal((await metadata.json()).resource, server.url);
  });

  test('R6.origin, S8: a foreign or opaque Origin is 403 although the Host is right', async () => {
    for (const bad of [
      'https://evil.example',
      'null',
      'http://localhost.evil.example',
      'file://',
      'chrome-extension://x',
      'http://127.0.0.1.nip.io',
      'http://[::ffff:7f00:1]',
      'http://[2001:db8::1]:8000',
      'http://localhost@evil.example',
      'http://evil@localhost:6274',
      'http://localhost:6274/',
      '',
    ])
      assert.equal((await call({ authorization: `Bearer ${token}`, origin: bad })).status, 403, `Origin ${bad}`);
    assert.equal((await call({ authorization: `Bearer ${token}`, origin: 'http://localhost:6274' })).status, 200);
  });

  test('R6.loopback: nobody answers on the other addresses of this machine', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of others) await assert.rejects(fetch(`http://${address}:${port()}/healthz`), address);
    assert.equal((await fetch(`http://127.0.0.1:${port()}/healthz`)).status, 200);
  });

  test('R6.size: a large body is 413 before the token is looked at', async () => {
    const large = `"${'x'.repeat(1024 * 1024)}"`;
    const response = await fetch(server.url, {
      method: 'POST',
      body: large,
      headers: { authorization: 'Bearer forged', ...alone },
    });
    assert.equal(response.status, 413);
  });

  test('R6.size: a large body without a length is cut off as well', async () => {
    async function* chunks() {
      for (let index = 0; index < 40; index += 1) yield new Uint8Array(64 * 1024).fill(0x20);
    }
    const init = {
      method: 'POST',
      body: ReadableStream.from(chunks()),
      duplex: 'half',
      headers: { authorization: `Bearer ${token}`, ...alone },
    };
    // The server may close the connection before the body has been sent.
    const status = await fetch(server.url, init as RequestInit).then(
      (response) => response.status,
      () => 'closed',
    );
    assert.ok(status === 413 || status === 'closed', String(status));
  });

  test('R6.size: a body without a length is refused for its token before it has come', async () => {
    const head = [
      'POST /mcp HTTP/1.1',
      `Host: localhost:${port()}`,
      'Authorization: Bearer forged',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      'Connection: close',
    ];
    const socket = connect(port(), '127.0.0.1');
    // The last chunk never comes; the answer does.
    socket.write(`${head.join('\r\n')}\r\n\r\n5\r\n{"id"\r\n`);
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 401 [\s\S]*www-authenticate: Bearer error="invalid_token"/i);
    socket.destroy();
  });

  test('a client that hangs up in the middle of a body is no failure of the server', async () => {
    const head = [
      'POST /mcp HTTP/1.1',
      `Host: localhost:${port()}`,
      `Authorization: Bearer ${token}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      'Expect: 100-continue',
      'X-Request-Id: hang-up-1',
      'Content-Length: 1000',
    ];
    const socket = connect(port(), '127.0.0.1');
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    // The server has the request once it asks for the body.
    await once(socket, 'data');
    const ended = server.nextLogged('request');
    socket.write('{"id":');
    socket.destroy();
    await ended;
    const events = server.log().filter(({ request_id }) => request_id === 'hang-up-1');
    assert.deepEqual(
      events.map(({ event }) => event),
      ['request-aborted', 'request'],
    );
  });

  test('R6.gzip: a compressed body is 415, unpacked never', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, 0x20));
    for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip']) {
      const headers = {
        authorization: `Bearer ${token}`,
        ...alone,
        'content-encoding': encoding,
      };
      assert.equal((await fetch(server.url, { method: 'POST', body: bomb, headers })).status, 415, encoding);
    }
  });

  test('R6.depth: a deeply nested body is 400, brackets in strings are not', async () => {
    const send = (text: string) =>
      fetch(server.url, {
        method: 'POST',
        body: text,
        headers: {
          authorization: `Bearer ${token}`,
          ...alone,
          accept: 'application/json, text/event-stream',
        },
      });
    for (const open of ['[', '{"a":']) assert.equal((await send(open.repeat(100_000))).status, 400);
    assert.equal(
      (await send(JSON.stringify({ jsonrpc: '2.0', id: '[['.repeat(100), method: 'tools/list' }))).status,
      200,
    );
  });

  test('R10.injection: a request id is taken only if it is short and plain', async () => {
    const idOf = async (id: string) =>
      (await fetch(`${origin}/healthz`, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    assert.equal(await idOf('abc-123'), 'abc-123');
    for (const id of ['x'.repeat(65), 'a b', '{"event":"forged"}'])
      assert.match((await idOf(id)) ?? '', /^[0-9a-f-]{36}$/);
  });
});
