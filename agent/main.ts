// argv + environment → command → exit code. The only user of process.argv and process.exit in this half. Commands are
// loaded when they run, so that --help and --version answer at once.

import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { visibleText } from './chat/visible-text.ts';
import { tellUsageFault } from './commands/ask-usage.ts';
import { type CommandProcess, defineAsk, writeAll } from './commands/define-ask.ts';
import { defineChat } from './commands/define-chat.ts';
import { defineMcp } from './commands/define-mcp.ts';
import { defineTasks } from './commands/define-tasks.ts';
import { defineThreads } from './commands/define-threads.ts';
import { type AgentConfig, loadEnvironment } from './config.ts';
import { type CommandFlags, configure } from './configure.ts';
import { AgentError, EXIT_CODES, exitCodeOf } from './errors.ts';

async function main(argv: readonly string[]): Promise<number> {
  // Most of the time until the first prompt goes into compiling what has not changed. Kept beside what was installed, where
  // nobody else can write; Node goes without where it cannot.
  enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compiled'));
  let exitCode = 0;
  const program = new Command('agent')
    .description('An agent that uses the tools of OAuth-protected MCP servers')
    .version('0.1.0')
    .showHelpAfterError('--help shows what there is.')
    .exitOverride();

  const commandProcess: CommandProcess = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    interrupted: () => {
      const interrupt = new AbortController();
      // Once: who insists gets what the system does.
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => interrupt.abort());
      return interrupt.signal;
    },
    configFrom,
    finish: (code) => {
      exitCode = code;
    },
  };
  defineAsk(common(program.command('ask')), commandProcess);
  defineThreads(program, commandProcess);

  defineChat(common(program.command('chat')), {
    ...commandProcess,
    stdin: process.stdin,
    stdout: process.stdout,
    // Through process.exit, so that the chat gives the terminal back.
    exitWhenTold: () => {
      for (const signal of ['SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(EXIT_CODES.interrupted));
    },
  });

  program
    .command('models')
    .description('which model is configured, which keys were found, which providers answer')
    .option('--model <provider:model>', 'the model to use; default: LLM_MODEL')
    .option('--check', 'ask the configured providers whether they are there; sends no prompt')
    .option('--json', 'the same for a program')
    .action(async ({ model, check, json }: { model?: string; check?: boolean; json?: boolean }) => {
      const { models } = await import('./commands/models.ts');
      exitCode = await models({
        environment: loadEnvironment(),
        model,
        check: check === true,
        json: json === true,
        stdout: (text) => process.stdout.write(text),
      });
    });

  defineMcp(program, (code) => {
    exitCode = code;
  });
  defineTasks(program, {
    loadEnvironment,
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY
      ? { columns: () => process.stderr.columns, hasColor: process.stdout.hasColors?.() ?? false }
      : undefined,
    onEndRequest: (callback) => {
      process.on('SIGINT', () => callback('interrupt'));
      for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => callback('terminate'));
    },
    setExitCode: (code) => {
      exitCode = code;
    },
  });

  await program.parseAsync(argv, { from: 'user' });
  return exitCode;
}

function common(command: Command): Command {
  return command
    .option('--model <provider:model>', 'the model to use; default: LLM_MODEL')
    .option('--record <dir>', 'write what model and servers answer to this directory, without secrets')
    .option('--replay <dir>', 'answer from this directory instead of model and servers')
    .option('--max-turns <n>', 'model calls that one turn may make', '12')
    .option('--trust-mcp-file', 'use all servers of .mcp.json, whoever wrote it');
}

function configFrom(flags: CommandFlags): AgentConfig {
  // Either will do: a piped question at a terminal is a person's too.
  const isTerminal = process.stdin.isTTY === true || process.stdout.isTTY === true;
  return configure(loadEnvironment(), { ...flags, isTerminal });
}

/** Leaves after what was written has reached its reader. */
function leave(exitCode: number): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
}

// A reader that has gone, as in `… | head`, wants nothing more.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(1);
});

main(process.argv.slice(2)).then(leave, async (error: unknown) => {
  if (error instanceof CommanderError) {
    // Commander has printed help, version or what is wrong with the command line already, for people.
    if (error.exitCode !== 0)
      await tellUsageFault(process.argv.slice(2), error.message, (text) => writeAll(process.stdout, text));
    return leave(error.exitCode === 0 ? 0 : EXIT_CODES.usage);
  }
  const text = error instanceof AgentError ? error.message : error instanceof Error ? error.stack : String(error);
  // It may quote a server, and a terminal obeys what it reads.
  process.stderr.write(`${visibleText(text ?? '')}\n`);
  leave(exitCodeOf(error));
});
