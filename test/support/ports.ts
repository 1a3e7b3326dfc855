// Ports that the system picks. A port is free when it is handed out; tests take it at once.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `count` different free ports. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      // A listening TCP server has an AddressInfo.
      return (server.address() as AddressInfo).port;
    }),
  );
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Serves `handle` on a free loopback port until the returned function is called, the first time. */
export async function serve(handle: RequestListener): Promise<{ origin: string; close: () => Promise<void> }> {
  const server = createServer(handle);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  let closing: Promise<unknown> | undefined;
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      closing ??= once(server.close(), 'close');
      await closing;
    },
  };
}
