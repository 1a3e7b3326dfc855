// Limits of a service on time, headers and connections, set short: on raw sockets, since an HTTP client would not hit them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { listen } from '../mcp-server/listen.ts';
import { freePorts } from './support/ports.ts';
import { sendRaw } from './support/raw-socket.ts';

describe('a service with short limits', () => {
  const withLimits = async (
    limits: NonNullable<Parameters<typeof listen>[0]['limits']>,
    run: (port: number) => Promise<void>,
  ) => {
    const [port = 0] = await freePorts(1);
    const listener = await listen({
      addresses: ['127.0.0.1'],
      port,
      portVariable: 'PORT',
      limits,
      handle: (request, response) => void request.resume().on('end', () => response.end('ok')),
    });
    try {
      await run(port);
    } finally {
      await listener.close(0);
    }
  };

  test('R6.slow: slow headers and slow bodies are cut off', async () => {
    const limits = { headersTimeoutMs: 50, requestTimeoutMs: 100, checkIntervalMs: 20 };
    await withLimits(limits, async (port) => {
      assert.match(await sendRaw(port, 'POST /mcp HTTP/1.1\r\nHost: localhost\r\n'), /^HTTP\/1\.1 408 /);
      assert.match(
        await sendRaw(port, 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc'),
        /^HTTP\/1\.1 408 /,
      );
    });
  });

  test('R6.unread-answer: a connection whose client reads nothing of its answer is ended, and a silent one is not', async () => {
    const [port = 0] = await freePorts(1);
    const ended = Promise.withResolvers<void>();
    const silent = Promise.withResolvers<{ end(text: string): unknown }>();
    const listener = await listen({
      addresses: ['127.0.0.1'],
      port,
      portVariable: 'PORT',
      limits: { unreadTimeoutMs: 1_000 },
      handle: (request, response) => {
        if (request.url === '/silent') {
          response.write('begun');
          return silent.resolve(response);
        }
        // More than the buffers of two sockets hold.
        for (let piece = 0; piece < 64; piece += 1) response.write('x'.repeat(1024 * 1024));
        response.end();
        response.on('close', () => ended.resolve());
      },
    });
    const reader = fetch(`http://127.0.0.1:${port}/silent`);
    const waiting = await silent.promise;
    const socket = connect(port, '127.0.0.1').pause();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await ended.promise;
    // Silent for longer than that, and still there.
    waiting.end(', and done');
    assert.equal(await (await reader).text(), 'begun, and done');
    const whole = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal((await whole.arrayBuffer()).byteLength, 64 * 1024 * 1024);
    socket.destroy();
    await listener.close(0);
  });

  test('R6.slow: long headers are refused', async () => {
    await withLimits({ maxHeaderBytes: 2_048 }, async (port) => {
      assert.match(
        await sendRaw(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(4_096)}\r\n\r\n`),
        /^HTTP\/1\.1 431 /,
      );
    });
  });

  test('R6.connections: connections over the limit are closed', async () => {
    await withLimits({ maxConnections: 2 }, async (port) => {
      const open = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
      await Promise.all(open.map((socket) => once(socket, 'connect')));
      // Both are known to the server once it has answered on them.
      for (const socket of open) {
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
        await once(socket, 'data');
      }
      assert.equal(await sendRaw(port, ''), '');
      for (const socket of open) socket.destroy();
    });
  });
});
