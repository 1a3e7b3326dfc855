// What conversations cost on disk and at their resumption: 100 turns of 4 messages of 1 KB in the store that the agent uses.
// Run it with: node scripts/bench/threads.ts

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AIMessage } from '@langchain/core/messages';
import { fakeModel } from '@langchain/core/testing';
import { DynamicStructuredTool } from '@langchain/core/tools';
import { createGraph } from '../../agent/graph.ts';
import { openSqliteThreadStore } from '../../agent/threads/sqlite-thread-store.ts';
import { createTestSession } from '../../test/support/session.ts';

const TURNS = 100;
const KILOBYTE = 'All work and no play makes a dull agent. '.repeat(25).slice(0, 1_000);
const SAMPLES = 20;
const LIMITS = { megabytes: 4, resumeMs: 100 };

const directory = await mkdtemp(join(tmpdir(), 'bench-threads-'));
try {
  const file = join(directory, 'state', 'threads.sqlite');
  const writer = await openSqliteThreadStore(file);
  const startedAtMs = performance.now();
  for (let turn = 0; turn < TURNS; turn += 1) await runTurn(writer, 'long', turn);
  const writeMs = performance.now() - startedAtMs;
  const messages = await writer.messages('long');
  assert.equal(messages.length, 4 * TURNS);
  assert.ok(messages.every(({ text }) => text.length >= KILOBYTE.length));
  await writer.close();
  const megabytes = (await sizeOf(join(directory, 'state'))) / 1e6;

  // In turn, so that both meet the same machine.
  const long: number[] = [];
  const fresh: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    fresh.push(await timeTurn(file, `fresh-${sample}`));
    long.push(await timeTurn(file, 'long'));
  }
  const extraMs = median(long) - median(fresh);
  const row = (name: string, value: string, limit: string) => `| ${name} | ${value} | ${limit} |`;
  process.stdout.write(
    [
      '| what | measured | limit |',
      '| --- | --- | --- |',
      row(`${TURNS} turns of 4 messages of 1 KB on disk`, `${megabytes.toFixed(2)} MB`, `${LIMITS.megabytes} MB`),
      row('one turn, written', `${(writeMs / TURNS).toFixed(1)} ms`, ''),
      row('first turn of a new thread, median', `${median(fresh).toFixed(1)} ms`, ''),
      row('next turn of the long thread, median', `${median(long).toFixed(1)} ms`, ''),
      row('resumption of the long thread costs', `${extraMs.toFixed(1)} ms`, `${LIMITS.resumeMs} ms`),
    ]
      .join('\n')
      .concat('\n'),
  );
  if (megabytes > LIMITS.megabytes || extraMs > LIMITS.resumeMs) process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true });
}

async function runTurn(store: Awaited<ReturnType<typeof openSqliteThreadStore>>, threadId: string, turn: number) {
  const call = {
    name: 'read',
    args: {},
    id: `call-${threadId}-${turn}-${crypto.randomUUID()}`,
    type: 'tool_call' as const,
  };
  const model = fakeModel()
    .respond(new AIMessage({ content: KILOBYTE, tool_calls: [call] }))
    .respond(new AIMessage(KILOBYTE));
  const read = new DynamicStructuredTool({
    name: 'read',
    description: 'Reads.',
    schema: { type: 'object' as const, properties: {} },
    func: async () => KILOBYTE,
  });
  const graph = createGraph({ checkpointer: store.saver });
  const session = createTestSession({ model, tools: [read], graph, store, threadId });
  for await (const event of session.run(KILOBYTE, new AbortController().signal))
    if (event.type === 'turn-end') assert.equal(event.status, 'ok', event.error?.message);
}

/** Opens the file, runs one turn, closes it: what a person waits for. */
async function timeTurn(file: string, threadId: string): Promise<number> {
  const startedAtMs = performance.now();
  const store = await openSqliteThreadStore(file);
  await runTurn(store, threadId, 0);
  const tookMs = performance.now() - startedAtMs;
  await store.close();
  return tookMs;
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
