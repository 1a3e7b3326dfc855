import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertMayBeAsked, isLocalHost } from './trusted-url.ts';

test('T1.private-address: addresses of this machine and of private networks are known as such, in every spelling', () => {
  for (const host of [
    'localhost',
    'a.localhost',
    'printer.local',
    'metadata.google.internal',
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '[::1]',
    '[::]',
    '[fe80::1]',
    '[fd00::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
  ])
    assert.equal(isLocalHost(host), true, host);
  for (const host of ['id.example', '8.8.8.8', '172.32.0.1', '[2001:db8::1]', 'localhost.example', 'mylocal'])
    assert.equal(isLocalHost(host), false, host);
});

test('T1.private-address: a server on the open network cannot send us into our own; one inside can', () => {
  for (const text of [
    'https://10.0.0.1/token',
    'https://127.0.0.1/token',
    'http://localhost:1/token',
    'https://[::1]/',
  ])
    assert.throws(() => assertMayBeAsked('the issuer', text, 'https://tools.example/mcp'), {
      code: 'untrusted_issuer',
      message: /inside this network/,
    });
  assertMayBeAsked('the issuer', 'https://10.0.0.2', 'https://10.0.0.1/mcp');
  assertMayBeAsked('the issuer', 'http://localhost:8001', 'http://localhost:8000/mcp');
  assertMayBeAsked('the issuer', 'https://id.example', 'https://tools.example/mcp');
});

test('T1.plain-http: nothing but https is asked beyond loopback', () => {
  for (const text of [
    'http://id.example',
    'ftp://id.example',
    'file:///etc/passwd',
    'javascript:1',
    'https://u:p@id.example',
    '',
    'id',
  ])
    assert.throws(() => assertMayBeAsked('the issuer', text, 'http://localhost:8000/mcp'), {
      code: 'untrusted_issuer',
    });
});
