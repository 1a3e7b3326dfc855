import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { serve } from '../../test/support/ports.ts';
import { createBoundedFetch } from './bounded-fetch.ts';

test('T1.slow: a server that never answers, or never ends its answer, is given up on', async () => {
  const server = await serve((request, response) => {
    if (request.url === '/drip') response.write('{');
  });
  try {
    const fetch = createBoundedFetch(globalThis.fetch, { timeoutMs: 200 });
    for (const path of ['/silent', '/drip'])
      await assert.rejects(fetch(server.origin + path), { code: 'unreachable', message: /no answer within 0.2 s/ });
  } finally {
    await server.close();
  }
});

test('T1.huge: an answer that does not end is cut off', async () => {
  let sent = 0;
  const endless = function* () {
    for (; sent < 100_000_000; sent += 65_536) yield 'x'.repeat(65_536);
  };
  const server = await serve((_request, response) => {
    // The client hangs up in the middle, which is the point.
    pipeline(Readable.from(endless()), response).catch(() => undefined);
  });
  try {
    await assert.rejects(createBoundedFetch()(server.origin), {
      code: 'protocol_error',
      message: /more than 262144 bytes/,
    });
    assert.ok(sent < 100_000_000);
  } finally {
    await server.close();
  }
});

test('T1.redirect: a redirect is an answer, and nobody is asked on its word', async () => {
  const asked: (string | undefined)[] = [];
  const server = await serve((request, response) => {
    asked.push(request.url);
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  try {
    assert.equal((await createBoundedFetch()(server.origin)).status, 302);
    assert.deepEqual(asked, ['/']);
  } finally {
    await server.close();
  }
});
