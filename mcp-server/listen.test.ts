import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freePorts } from '../test/support/ports.ts';
import { listen } from './listen.ts';

const handle = (_request: unknown, response: { end(text: string): unknown }) => void response.end('here');

describe('listen', () => {
  test('answers on every loopback address that the machine has', async () => {
    const [port = 0] = await freePorts(1);
    const listener = await listen({ addresses: ['127.0.0.1', '::1'], port, portVariable: 'PORT', handle });
    assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'here');
    assert.equal(await (await fetch(`http://[::1]:${port}`)).text(), 'here');
    await listener.close();
    await assert.rejects(fetch(`http://127.0.0.1:${port}`));
  });

  test('a taken port is named together with the variable that moves it, and nothing stays open', async () => {
    const [port = 0] = await freePorts(1);
    const first = await listen({ addresses: ['::1'], port, portVariable: 'PORT', handle });
    await assert.rejects(listen({ addresses: ['127.0.0.1', '::1'], port, portVariable: 'AUTH_SERVER_PORT', handle }), {
      code: 'port_taken',
      message: new RegExp(`Port ${port} is taken on ::1.*AUTH_SERVER_PORT=${port + 100}`),
    });
    await assert.rejects(fetch(`http://127.0.0.1:${port}`));
    await first.close();
  });
});
