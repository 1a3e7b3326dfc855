// `agent tasks`: its arguments and flags. The commands themselves are loaded when they run.

import type { Command } from 'commander';
import type { Environment } from '../config.ts';
import type { WrittenFlags } from '../tasks/suite-flags.ts';

/** The process, as far as these commands touch it. */
export interface TasksProcess {
  readonly loadEnvironment: () => Environment;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly terminal: { readonly columns: () => number; readonly hasColor: boolean } | undefined;
  /** Calls back each time that somebody wants the process to end: `interrupt` once is a wish, everything else an order. */
  readonly onEndRequest: (callback: (kind: 'interrupt' | 'terminate') => void) => void;
  readonly setExitCode: (exitCode: number) => void;
}

/** Adds the commands to the program. */
export function defineTasks(program: Command, process: TasksProcess): void {
  const tasks = program.command('tasks').description('scripted tasks: run task files, compare two runs');

  tasks
    .command('run', { isDefault: true })
    .description('run task files; docs/tasks.md explains their format')
    .argument('<files...>', 'YAML, or JSONL with one task a line')
    .option('-j, --jobs <n>', 'attempts that run at the same time', '4')
    .option('--grep <pattern>', 'only tasks whose id this regular expression fits')
    .option('--tag <tag>', 'only tasks with this tag; may be given several times', collect)
    .option('--shard <i/n>', 'only this part of the tasks, such as 1/3')
    .option('--repeat <n>', 'run each task so often')
    .option(
      '--resume [dir]',
      'go on with a run, default the newest: what has a result that still stands is not run again',
    )
    .option('--retry-errors <n>', 'try an attempt that ended in an error again, so often', '0')
    .option('--only-failed', 'only tasks that did not pass in the newest run, or in the one of --resume')
    .option('--fail-fast', 'start nothing new once a task has failed')
    .option('--record <dir>', 'write what model and servers answer to this directory, without secrets')
    .option('--replay <dir>', 'answer from this directory instead of model and servers')
    .option('--out <dir>', 'directory for results and reports; default runs/TIME')
    .option('--model <provider:model>', 'the model for all tasks, whatever they say')
    .option('--judge <provider:model>', 'the model that judges rubrics; without one they are skipped')
    .option('--reporter <name>', 'tty, plain or github; default: by where it runs')
    .option('--timeout <duration>', 'for the whole run, such as 10m')
    .option('--max-turns <n>', 'model calls that one turn may make, where a task says nothing', '12')
    .action(async (files: string[], flags: WrittenFlags) => {
      const run = await import('./tasks.ts');
      const finish = new AbortController();
      const stop = new AbortController();
      process.onEndRequest((kind) => {
        if (finish.signal.aborted || kind === 'terminate') stop.abort();
        finish.abort();
      });
      process.setExitCode(
        await run.tasks({
          ...process,
          environment: process.loadEnvironment(),
          files,
          flags,
          finish: finish.signal,
          stop: stop.signal,
        }),
      );
    });

  tasks
    .command('compare')
    .description('what changed between two runs, and how sure that is')
    .argument('<before>', 'directory of the earlier run')
    .argument('<after>', 'directory of the later one')
    .option('--json', 'the same for a program')
    .action(async (before: string, after: string, { json }: { json?: boolean }) => {
      const { tasksCompare } = await import('./tasks-compare.ts');
      await tasksCompare({ before, after, json: json === true, stdout: process.stdout });
    });

  tasks
    .command('schema')
    .description('the format of task files as JSON Schema, for editors')
    .action(async () => {
      const { toJsonSchema } = await import('../tasks/file/task-file-schema.ts');
      process.stdout(`${JSON.stringify(toJsonSchema(), null, 2)}\n`);
    });
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
