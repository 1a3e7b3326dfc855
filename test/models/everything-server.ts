// The reference server of the protocol, which has a tool for everything, as a process of its own. It knows no tokens.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from '../support/ports.ts';

const script = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js');

/** Starts it on a free loopback port. */
export async function startEverythingServer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const [port] = await freePorts(1);
  const child = spawn(process.execPath, [script, 'streamableHttp'], {
    env: { PATH: process.env['PATH'], PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stderr })) if (line.includes('listening')) break;
  if (child.exitCode !== null) throw new Error(`server-everything left with ${child.exitCode}.`);
  child.stderr.resume();
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      child.kill();
      await exited;
    },
  };
}
