// Opens the sockets of one service: the same handler on every address, all or none, with time limits on slow clients.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { ServerError } from './errors.ts';

export interface Listener {
  /** Stops taking connections, lets requests in flight finish for `deadlineMs`, then cuts them off. Default 5 000. */
  close(deadlineMs?: number): Promise<void>;
}

export interface ListenOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  /** The variable that moves the port; named in the error when it is taken. */
  readonly portVariable: string;
  readonly handle: RequestListener;
  /** Other limits than the default ones, for tests. */
  readonly limits?: Partial<ListenLimits>;
}

export interface ListenLimits {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long a client may leave an answer lie unread, at most twice this; it is kept in memory meanwhile, however large. */
  readonly unreadTimeoutMs: number;
  /** How often Node looks for connections that are over their time. */
  readonly checkIntervalMs: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
}

const LIMITS: ListenLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
  unreadTimeoutMs: 20_000,
  checkIntervalMs: 1_000,
  maxConnections: 1_000,
  maxHeaderBytes: 16 * 1024,
};

/**
 * Listens on every address that this machine has; a machine without IPv6 just has fewer.
 *
 * @throws {ServerError} `port_taken` when another program has the port on any of the addresses: half a service on
 *   `localhost` would send some clients to a stranger
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const servers: Server[] = [];
  const close = async (deadlineMs = 5_000) => {
    const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    const cut = setTimeout(() => {
      for (const server of servers) server.closeAllConnections();
    }, deadlineMs);
    for (const server of servers) server.closeIdleConnections();
    await closed;
    clearTimeout(cut);
  };
  try {
    for (const address of options.addresses) {
      const server = await open(options, address);
      if (server) servers.push(server);
    }
    if (servers.length === 0)
      throw new ServerError(
        'invalid_configuration',
        `HOST: none of the addresses ${options.addresses.join(', ')} exists on this machine`,
      );
  } catch (error) {
    await close(0);
    throw error;
  }
  return { close };
}

async function open(options: ListenOptions, address: string): Promise<Server | undefined> {
  const { handle, port, portVariable } = options;
  const limits = { ...LIMITS, ...options.limits };
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      maxHeaderSize: limits.maxHeaderBytes,
    },
    handle,
  );
  server.maxConnections = limits.maxConnections;
  endUnreadConnections(server, limits.unreadTimeoutMs);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ port, host: address, exclusive: true }, resolve);
  try {
    await promise;
    return server;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return undefined;
    if (code === 'EADDRINUSE')
      throw new ServerError(
        'port_taken',
        `Port ${port} is taken on ${address}. Stop the program that has it, or choose another port: ${portVariable}=${port + 100}`,
        { cause: error },
      );
    if (code === 'EACCES')
      throw new ServerError('port_taken', `Port ${port} needs privileges. Choose another: ${portVariable}=8000`, {
        cause: error,
      });
    throw error;
  } finally {
    server.off('error', reject);
  }
}

/**
 * Ends connections whose client takes nothing of what waits for it. One that still takes some goes on, and so does a stream
 * that has nothing to say. Node tells of silence and leaves what follows to whoever listens, for idle connections as well.
 */
function endUnreadConnections(server: Server, timeoutMs: number): void {
  const answering = new Set<Socket>();
  server.on('request', ({ socket }, response) => {
    answering.add(socket);
    response.once('close', () => answering.delete(socket));
  });
  server.setTimeout(timeoutMs, (socket) => {
    if (socket.writableLength > 0 || !answering.has(socket)) socket.destroy();
  });
}
