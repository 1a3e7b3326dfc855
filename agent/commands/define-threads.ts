// The command line of `threads`. Light: what it runs is loaded when it runs.

import type { Command } from 'commander';
import { loadEnvironment, threadFileOf } from '../config.ts';
import { AgentError } from '../errors.ts';
import { type CommandProcess, writeAll } from './define-ask.ts';
import type { ThreadsAction } from './threads.ts';

const DEFAULT_LIMIT = '50';

export function defineThreads(program: Command, process: CommandProcess): void {
  const threads = program.command('threads').description('conversations that are kept');
  const run = async (action: ThreadsAction) => {
    const { threads: runThreads } = await import('./threads.ts');
    const file = threadFileOf(loadEnvironment());
    process.finish(await runThreads({ action, file, stdout: (text) => writeAll(process.stdout, text) }));
  };

  threads
    .command('list')
    .description('the latest ones: id, time, turns, model, title')
    .option('--limit <n>', 'how many', DEFAULT_LIMIT)
    .option('--json', 'the same for a program')
    .action(async ({ limit, json }: { limit: string; json?: boolean }) => {
      if (!/^[1-9]\d{0,6}$/.test(limit))
        throw new AgentError('usage', `--limit: expected a whole number from 1, got ${JSON.stringify(limit)}`);
      await run({ kind: 'list', limit: Number(limit), isJson: json === true });
    });

  threads
    .command('show')
    .description('one conversation, as Markdown')
    .argument('<id>', 'its id; the beginning is enough')
    .option('--json', 'the same for a program')
    .action((id: string, { json }: { json?: boolean }) => run({ kind: 'show', id, isJson: json === true }));

  threads
    .command('export')
    .description('one conversation, for another program')
    .argument('<id>', 'its id; the beginning is enough')
    .option('--format <format>', 'markdown, or openai: messages as chat completions take them', 'markdown')
    .action(async (id: string, { format }: { format: string }) => {
      if (format !== 'markdown' && format !== 'openai')
        throw new AgentError('usage', `--format: expected markdown or openai, got ${JSON.stringify(format)}`);
      await run({ kind: 'export', id, format });
    });

  threads
    .command('delete')
    .description('one conversation, for good')
    .argument('<id>', 'its id; the beginning is enough')
    .option('--json', 'the answer for a program')
    .action((id: string, { json }: { json?: boolean }) => run({ kind: 'delete', id, isJson: json === true }));
}
