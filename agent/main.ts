// argv + environment → command → exit code. The only user of process.argv and process.exit in this half. Commands are
// loaded when they run, so that --help and --version answer at once.

import { Command, CommanderError } from 'commander';
import { type AgentConfig, loadEnvironment } from './config.ts';
import { type CommandFlags, configure } from './configure.ts';
import { AgentError, EXIT_CODES, exitCodeOf } from './errors.ts';

async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command('agent')
    .description('An agent that uses the tools of OAuth-protected MCP servers')
    .version('0.1.0')
    .exitOverride();

  common(program.command('ask'))
    .description('one turn: the answer on stdout, progress on stderr')
    .argument('<request...>', 'what you want')
    .action(async (words: string[], flags: CommandFlags) => {
      const { ask } = await import('./commands/ask.ts');
      const interrupt = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => interrupt.abort());
      exitCode = await ask({
        config: configFrom(flags),
        request: words.join(' '),
        model: flags.model,
        signal: interrupt.signal,
        stdout: (text) => process.stdout.write(text),
        stderr: (text) => process.stderr.write(text),
      });
    });

  common(program.command('chat'))
    .description('a conversation in the terminal')
    .action(async (flags: CommandFlags) => {
      const { chat } = await import('./commands/chat.ts');
      // Through process.exit, so that the chat gives the terminal back.
      for (const signal of ['SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(EXIT_CODES.interrupted));
      exitCode = await chat({
        config: configFrom(flags),
        model: flags.model,
        terminal: { input: process.stdin, output: process.stdout, color: process.stdout.hasColors?.() ?? false },
      });
    });

  await program.parseAsync(argv, { from: 'user' });
  return exitCode;
}

function common(command: Command): Command {
  return command
    .option('--model <provider:model>', 'the model to use; default: LLM_MODEL')
    .option('--max-turns <n>', 'model calls that one turn may make', '12');
}

function configFrom(flags: CommandFlags): AgentConfig {
  return configure(loadEnvironment(), flags);
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

main(process.argv.slice(2)).then(leave, (error: unknown) => {
  // Commander has printed help, version or what is wrong with the command line already.
  if (error instanceof CommanderError) return leave(error.exitCode === 0 ? 0 : 2);
  const text = error instanceof AgentError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${text}\n`);
  leave(exitCodeOf(error));
});
