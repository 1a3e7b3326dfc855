// 500 tasks with the demo model against the local servers, 32 at a time: how fast, and whether memory stays flat. Prints the
// heap after a collection at every tenth of the run; ends with 1 if it grows with the number of tasks.
//
//   node --expose-gc scripts/bench/tasks.ts [tasks] [jobs]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAgent } from '../../agent/agent.ts';
import { parseConfig } from '../../agent/config.ts';
import { loadSuite } from '../../agent/tasks/file/load-suite.ts';
import { createLocalExecutor } from '../../agent/tasks/run/local-executor.ts';
import { openResults, readResults } from '../../agent/tasks/run/results-file.ts';
import { takeDirectory, writeTranscript } from '../../agent/tasks/run/run-directory.ts';
import { runTasks } from '../../agent/tasks/run/run-tasks.ts';
import { startTestServer } from '../../test/support/mcp-server.ts';
import { writeSums } from '../../test/support/task-suite.ts';

/** What a finished task may keep: its result and little else. */
const MAX_KEPT_BYTES_PER_TASK = 20_000;

const tasks = Number(process.argv[2] ?? 500);
const jobs = Number(process.argv[3] ?? 32);
const collect = globalThis.gc;
if (!collect) throw new Error('Run it with node --expose-gc: a heap before a collection says nothing.');

const directory = mkdtempSync(join(tmpdir(), 'tasks-bench-'));
const server = await startTestServer({ RATE_LIMIT_PER_MINUTE: '1000000', LOG_LEVEL: 'error' });
const config = parseConfig({ ...server.environment, XDG_STATE_HOME: directory });
const executor = createLocalExecutor({
  startAgentFor: ({ model }) => startAgent({ ...config, threadFile: undefined }, { model }),
});
writeSums(join(directory, 'sums.yaml'), tasks);
const suite = loadSuite(['sums.yaml'], { directory });
const release = await takeDirectory(join(directory, 'run'), { isNew: true });
const results = await openResults(join(directory, 'run'));

const heap: { readonly done: number; readonly bytes: number }[] = [];
let done = 0;
const startedAtMs = performance.now();
const verdicts = await runTasks({
  tasks: suite.tasks,
  executor,
  earlier: [],
  concurrency: jobs,
  retryErrors: 0,
  isFailFast: false,
  judge: undefined,
  checks: new Map(),
  scrub: (text) => text,
  writeTranscript: (run) => writeTranscript(join(directory, 'run'), run, (text) => text),
  append: results.append,
  onEvent: ({ type }) => {
    if (type !== 'attempt-end') return;
    done += 1;
    if (done % Math.max(1, Math.floor(tasks / 10)) !== 0) return;
    collect();
    heap.push({ done, bytes: process.memoryUsage().heapUsed });
  },
  finish: new AbortController().signal,
  stop: new AbortController().signal,
});
const ms = performance.now() - startedAtMs;
await results.close();
await release();

const written = (await readResults(join(directory, 'run'))).results;
const passed = verdicts.filter(({ outcome }) => outcome === 'passed').length;
if (passed !== tasks || written.length !== tasks)
  throw new Error(`${passed} of ${tasks} passed, ${written.length} are on the disk`);

await executor.close();
await server.close();
rmSync(directory, { recursive: true, force: true });

const durations = written.map(({ durationMs }) => durationMs).toSorted((a, b) => a - b);
const at = (share: number) => durations[Math.floor((durations.length - 1) * share)];
process.stdout.write(
  `${tasks} tasks, ${jobs} at a time: ${(ms / 1_000).toFixed(1)} s, ${((tasks / ms) * 1_000).toFixed(1)} a second\n`,
);
process.stdout.write(`one task: median ${at(0.5)} ms, 95 % within ${at(0.95)} ms\n`);
process.stdout.write('heap after a collection, server in the same process:\n');
for (const { done: count, bytes } of heap)
  process.stdout.write(`  ${String(count).padStart(6)} done  ${(bytes / 1e6).toFixed(1)} MB\n`);

// Between the first and the last tenth: what is loaded once is loaded by then.
const [first] = heap;
const last = heap.at(-1);
const kept = first && last && last.done > first.done ? (last.bytes - first.bytes) / (last.done - first.done) : 0;
const isFlat = kept <= MAX_KEPT_BYTES_PER_TASK;
process.stdout.write(
  `each task keeps ${Math.round(kept)} bytes (${isFlat ? 'flat' : `more than ${MAX_KEPT_BYTES_PER_TASK}`})\n`,
);
process.exitCode = isFlat ? 0 : 1;
