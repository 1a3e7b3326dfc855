// Runs the official suite once, in a process of its own, and reads what it found.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { RevisionRun, ScenarioResult } from './verdict.ts';

/** The package has a command and no entry point. */
const SUITE = join(import.meta.dirname, '../../node_modules/.bin/conformance');

const checksSchema = z.array(
  z.object({ id: z.string(), status: z.string(), errorMessage: z.string().nullish().catch(undefined) }),
);
/** Folders of results: `server-ping-2026-01-01T00-00-00-000Z`; those of a client have no prefix, and may lie in `auth/`. */
const RESULT_FOLDER = /^(?:(?:authorization-server|server)-)?(.+)-(\d{4}-\d{2}-\d{2}T[\d-]+Z)$/;
/** The suite's last lines say what it ran without scoring: `  ✓ server-sse-polling (pending)`. */
const NOT_SCORED = /^ {2}[✓✗] (\S+) \(([\w-]+)\)$/gm;
const TIMEOUT_MS = 120_000;

/**
 * Runs every scenario that `revision` has for a leg, `args` saying what is under test.
 *
 * @param watch sees what was printed so far, each time that something comes
 */
export async function runSuite(
  leg: string,
  revision: string,
  args: readonly string[],
  watch?: (output: string) => void,
): Promise<RevisionRun> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    // The authorization leg has one set of scenarios and no such option.
    const selection = leg === 'authorization' ? [] : ['--requirements', revision];
    const child = spawn(process.execPath, [SUITE, leg, ...args, ...selection, '--output-dir', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
        watch?.(output);
      });
    const [exitCode] = await once(child, 'close');
    // 1 says that something failed; what, and whether it counts, is read below.
    if (exitCode !== 0 && exitCode !== 1)
      throw new Error(`The suite ended with ${exitCode ?? 'a signal'}:\n${output.slice(-2_000)}`);
    const notScored = new Map([...output.matchAll(NOT_SCORED)].map(([, name = '', reason = '']) => [name, reason]));
    return { revision, scenarios: readResults(folder, notScored) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readResults(folder: string, notScored: ReadonlyMap<string, string>): ScenarioResult[] {
  const results = globSync('**/checks.json', { cwd: folder }).map((file) => {
    const [, name = file, startedAt = ''] = RESULT_FOLDER.exec(dirname(file)) ?? [];
    return { file, name, startedAt };
  });
  const inOrder = results.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
  return inOrder.map(({ file, name }) => {
    const checks = checksSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    const passed = checks.filter(({ status }) => status === 'SUCCESS').length;
    // A warning is a SHOULD that is not met; the suite counts it against us, and so do we.
    const faults = checks
      .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
      .map(({ id, errorMessage }) => `${id}: ${errorMessage ?? 'no message'}`);
    return { name, notScored: notScored.get(name), passed, faults };
  });
}
