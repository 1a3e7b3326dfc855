// Task files made for a test, and what a run of them left behind.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { defineTasks } from '../../agent/commands/define-tasks.ts';
import type { Environment } from '../../agent/config.ts';
import { AgentError, exitCodeOf } from '../../agent/errors.ts';
import type { Finished } from './agent-process.ts';

/** `agent tasks …` in this process, from its words to its exit code: a process of its own costs seconds. */
export async function runSuiteHere(args: readonly string[], environment: Environment): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  let exitCode = 0;
  const program = new Command().exitOverride();
  defineTasks(program, {
    loadEnvironment: () => environment,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    terminal: undefined,
    onEndRequest: () => undefined,
    setExitCode: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync(['tasks', ...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    stderr += `${error.message}\n`;
    exitCode = exitCodeOf(error);
  }
  return { exitCode, stdout, stderr };
}

/** A suite of sums that the demo model can do. */
export function writeSums(file: string, count: number): void {
  const tasks = Array.from(
    { length: count },
    (_, n) =>
      `  - { id: sum-${n}, prompt: "What is ${n} + 1?", expect: [{ answer: { number: { value: ${n + 1} } } }] }`,
  );
  writeFileSync(file, `version: 1\ndefaults: { model: demo }\ntasks:\n${tasks.join('\n')}\n`);
}

/** The attempts in results.jsonl, one entry for each whole line. */
export function readAttempts(directory: string): { readonly key: string; readonly outcome: string }[] {
  return readFileSync(join(directory, 'results.jsonl'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line === '' || !line.endsWith('}')) return [];
      const { task, attempt, outcome } = JSON.parse(line);
      return [{ key: `${task}#${attempt}`, outcome }];
    });
}
