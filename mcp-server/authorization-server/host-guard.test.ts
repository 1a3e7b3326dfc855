import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { createHostGuard } from './host-guard.ts';

function request(host: string | undefined, url = '/'): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.url = url;
  if (host !== undefined) message.headers.host = host;
  return message;
}

const guard = createHostGuard('http://localhost:8001');

test('the issuer and the other loopback names on its port pass, and the request then carries the issuer', () => {
  for (const [host, isAlias] of [
    ['localhost:8001', false],
    ['LOCALHOST:8001', false],
    ['127.0.0.1:8001', true],
    ['[::1]:8001', true],
  ] as const) {
    const message = request(host);
    assert.deepEqual(guard.check(message), { ok: true, isAlias }, host);
    assert.equal(message.headers.host, 'localhost:8001');
  }
});

test('every other host is misdirected', () => {
  for (const host of [
    undefined,
    '',
    'evil.test',
    'evil.test:8001',
    'localhost',
    'localhost:8002',
    'localhost:8001.evil.test',
    'localhost.evil.test:8001',
    '127.0.0.1.nip.io:8001',
    'evil@localhost:8001',
    'localhost:8001, evil.test',
    '0.0.0.0:8001',
    '[::]:8001',
  ]) {
    const verdict = guard.check(request(host));
    assert.equal(verdict.ok ? 200 : verdict.status, 421, String(host));
  }
});

test('two Host headers are refused, whichever comes first', () => {
  for (const hosts of [
    ['localhost:8001', 'evil.test'],
    ['evil.test', 'localhost:8001'],
    ['localhost:8001', 'localhost:8001'],
  ]) {
    const message = request('localhost:8001');
    message.rawHeaders = hosts.flatMap((host) => ['Host', host]);
    const verdict = guard.check(message);
    assert.equal(verdict.ok ? 200 : verdict.status, 400, String(hosts));
  }
});

test('an absolute request target, which outranks the Host header, is refused', () => {
  for (const url of ['http://evil.test/.well-known/oauth-authorization-server', 'HTTPS://evil.test/', '*', '']) {
    const verdict = guard.check(request('localhost:8001', url));
    assert.equal(verdict.ok ? 200 : verdict.status, 400, url);
  }
});

test('an issuer outside loopback has no other names', () => {
  const remote = createHostGuard('https://auth.example.com');
  assert.equal(remote.check(request('auth.example.com')).ok, true);
  assert.equal(remote.check(request('localhost')).ok, false);
});
