// The agent as people run it: a process with arguments and an environment of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../agent/config.ts';

const main = join(import.meta.dirname, '../../agent/main.ts');

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts the agent with no more of this environment than it needs to run at all. Unless the test names an XDG_STATE_HOME,
 * it is an agent that never ran before: without tokens of earlier runs.
 */
export function startAgentProcess(
  args: readonly string[],
  environment: Environment,
  stdin: 'ignore' | 'pipe' = 'ignore',
): ChildProcess {
  const stateHome = environment['XDG_STATE_HOME'] ?? mkdtempSync(join(tmpdir(), 'agent-state-'));
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], XDG_STATE_HOME: stateHome, ...environment },
    stdio: [stdin, 'pipe', 'pipe'],
  });
  if (environment['XDG_STATE_HOME'] === undefined)
    child.once('exit', () => rmSync(stateHome, { recursive: true, force: true }));
  return child;
}

/** Runs the agent to its end. */
export async function runAgent(args: readonly string[], environment: Environment): Promise<Finished> {
  return finish(startAgentProcess(args, environment));
}

export async function finish(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, stdout, stderr };
}
