// A run of 200 tasks that is killed at random moments: whatever was reported is on the disk, and what --resume makes of it
// is the same as if nothing had happened.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runAgent, startAgentProcess } from './support/agent-process.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { readAttempts, writeSums } from './support/task-suite.ts';

const TASKS = 200;
/** A busy machine loses a connection now and then: an error, which has no verdict and is tried again. */
const FLAGS = ['-j', '8', '--retry-errors', '9'];
/** Each takes some seconds; 50 is the full scale. */
const ROUNDS = Number(process.env['TASKS_CRASH_ROUNDS'] ?? 2);

describe('a run of tasks that is killed', () => {
  let server: TestServer;
  let directory: string;
  let file: string;
  before(async () => {
    // Faster than any person: nothing of this is about the server's limits.
    server = await startTestServer({ RATE_LIMIT_PER_MINUTE: '1000000' });
    directory = mkdtempSync(join(tmpdir(), 'tasks-crash-'));
    file = join(directory, 'sums.yaml');
    writeSums(file, TASKS);
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Starts the run, kills it when so many bytes of its output have come, and returns what it had reported. */
  const runAndKill = async (args: readonly string[], afterBytes: number): Promise<string[]> => {
    const child = startAgentProcess(['tasks', file, ...FLAGS, ...args], { ...server.environment, CI: 'true' });
    let stdout = '';
    if (afterBytes === 0) child.kill('SIGKILL');
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.length >= afterBytes) child.kill('SIGKILL');
    });
    await once(child, 'close');
    return [...stdout.matchAll(/^✓ (sum-\d+) \((?!as before)/gm)].map(([, id]) => `${id}#1`);
  };

  for (let round = 1; round <= ROUNDS; round += 1)
    test(`round ${round}: each task has exactly one final result, none ran twice to completion, none is lost`, async (context) => {
      const out = join(directory, `round-${round}`);
      // A line has some 16 bytes. Killed a second time as well: a resumed run is no safer from it.
      const moments = [Math.floor(Math.random() * TASKS * 16), Math.floor(Math.random() * TASKS * 16)];
      context.diagnostic(`killed after ${moments.join(' and ')} bytes of output`);
      const reported = await runAndKill(['--out', out], moments[0] ?? 0);
      const hasResults = () => existsSync(join(out, 'results.jsonl'));
      const keptKeys = () => (hasResults() ? readAttempts(out).map(({ key }) => key) : []);
      const goOn = () => (hasResults() ? ['--resume', out] : ['--out', out]);
      const kept = keptKeys();
      assert.deepEqual(
        reported.filter((key) => !kept.includes(key)),
        [],
        'what was reported is on the disk',
      );

      const reportedAgain = await runAndKill(goOn(), moments[1] ?? 0);
      assert.deepEqual(
        reportedAgain.filter((key) => kept.includes(key)),
        [],
        'what is on the disk does not run again',
      );

      const keptNow = keptKeys();
      const { exitCode, stdout, stderr } = await runAgent(['tasks', file, ...FLAGS, ...goOn()], {
        ...server.environment,
        CI: 'true',
      });
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /\n200 passed, 0 failed, 0 skipped\n$/);
      const ranNow = [...stdout.matchAll(/^✓ (sum-\d+) \((?!as before)/gm)].map(([, id]) => `${id}#1`);
      assert.deepEqual(
        ranNow.filter((key) => keptNow.includes(key)),
        [],
        'what is on the disk does not run again',
      );

      const attempts = readAttempts(out);
      assert.equal(attempts.length, TASKS, 'one line for each');
      assert.equal(new Set(attempts.map(({ key }) => key)).size, TASKS);
      assert.ok(attempts.every(({ outcome }) => outcome === 'passed'));
    });
});
