// The client leg: the agent's own token source and connection against the suite's servers, each of which is wrong or
// demanding in its own way.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { contextSchema, runScenario } from './client-under-test.ts';
import { runSuite } from './suite.ts';
import type { RevisionRun } from './verdict.ts';

const REVISIONS = ['2025-11-25', '2026-07-28'];
const COMMAND = join(import.meta.dirname, 'client-command.mjs');
const SCENARIO_TIMEOUT_MS = 60_000;

/** The suite starts everything at once; a busy machine would have none of it done in time. */
const AT_ONCE = 8;

const runSchema = z.object({ serverUrl: z.string(), scenario: z.string(), context: contextSchema });

export async function runClientLeg(): Promise<readonly RevisionRun[]> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-client-'));
  const socketPath = join(folder, 'socket');
  const turns = createTurns(AT_ONCE);
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    try {
      const run = runSchema.parse(JSON.parse(await text(socket)));
      await turns.take(() => runScenario(run));
      socket.end();
    } catch (error) {
      socket.end(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  });
  await once(server.listen(socketPath), 'listening');
  try {
    const command = [process.execPath, COMMAND, socketPath].join(' ');
    const runs: RevisionRun[] = [];
    // One after the other: a revision starts all its scenarios at once.
    for (const revision of REVISIONS)
      runs.push(await runSuite('client', revision, ['--command', command, '--timeout', String(SCENARIO_TIMEOUT_MS)]));
    return runs;
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Lets `count` pieces of work go on at once; the others wait for their turn, in order. */
function createTurns(count: number): { take(work: () => Promise<void>): Promise<void> } {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    take: async (work) => {
      if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      else free -= 1;
      try {
        await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
