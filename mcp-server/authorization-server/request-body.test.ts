import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { readBody, withFormBody } from './request-body.ts';

const LIMITS = { maxBodyBytes: 10, bodyTimeoutMs: 1_000 };

function exchange() {
  const request = new IncomingMessage(new Socket());
  return { request, response: new ServerResponse(request) };
}

test('a body up to the limit is read, whatever its pieces', async () => {
  const { request, response } = exchange();
  const body = readBody(request, response, LIMITS);
  for (const piece of [Buffer.from('abcdefg'), Buffer.from([0xc3]), Buffer.from([0xa4]), null]) request.push(piece);
  assert.deepEqual(await body, { ok: true, text: 'abcdefgä' });
});

test('one byte more is refused with 413, and the connection ends after the answer', async () => {
  const { request, response } = exchange();
  const body = readBody(request, response, LIMITS);
  request.push(Buffer.alloc(11));
  const result = await body;
  assert.equal(result.ok ? 200 : result.status, 413);
  assert.equal(response.getHeader('connection'), 'close');
});

test('A10.time: a body that does not come in time is refused with 408', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { request, response } = exchange();
  const body = readBody(request, response, LIMITS);
  request.push('abc');
  t.mock.timers.tick(LIMITS.bodyTimeoutMs);
  const result = await body;
  assert.equal(result.ok ? 200 : result.status, 408);
});

test('a client that goes away in the middle is noticed', async () => {
  const { request, response } = exchange();
  const body = readBody(request, response, LIMITS);
  request.destroy();
  const result = await body;
  assert.equal(result.ok ? 200 : result.status, 400);
});

test('a request gets another body and keeps everything else', async () => {
  const { request, response } = exchange();
  request.method = 'POST';
  request.url = '/oauth/token';
  request.headers = { host: 'localhost', authorization: 'Basic eDp5', 'transfer-encoding': 'chunked' };
  const copy = withFormBody(request, 'a=1');
  assert.equal(copy.method, 'POST');
  assert.equal(copy.url, '/oauth/token');
  assert.deepEqual(copy.headers, {
    host: 'localhost',
    authorization: 'Basic eDp5',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': '3',
  });
  assert.deepEqual(await readBody(copy, response, LIMITS), { ok: true, text: 'a=1' });
});
