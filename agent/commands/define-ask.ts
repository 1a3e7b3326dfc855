// The command line of `ask`. Light: what it runs is loaded when it runs.

import type { Command } from 'commander';
import type { AgentConfig } from '../config.ts';
import { type CommandFlags, modelOf } from '../configure.ts';
import { type AskFlags, collectPatterns } from './ask-flags.ts';
import { inputKind } from './ask-request.ts';

type Flags = CommandFlags & AskFlags;

/** What the process is to a command. */
export interface CommandProcess {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WritableStream;
  /** Aborts when the process is told to stop. */
  readonly interrupted: () => AbortSignal;
  readonly configFrom: (flags: CommandFlags) => AgentConfig;
  readonly finish: (exitCode: number) => void;
}

export function defineAsk(command: Command, process: CommandProcess): void {
  command
    .description('one turn: the answer on stdout, progress on stderr, the reason for no answer in the exit code')
    .argument('[request...]', 'what you want; what is piped in is appended')
    .option('--output <format>', 'text: the answer; json: one object; stream-json: an object a line', 'text')
    .option('--allow <patterns>', "tools that may run: 'tool' or 'server.tool', * for anything", collectPatterns)
    .option('--deny <patterns>', 'tools that may not, whatever else is said', collectPatterns)
    .option('--approval <mode>', 'read-only: read-only tools of trusted servers run; all; none; ask', 'read-only')
    .option('--max-tool-calls <n>', 'tool calls that the turn may make')
    .option('--max-tokens <n>', 'tokens that the turn may use, in and out')
    .option('--max-usd <amount>', 'US dollars that the turn may cost; needs a model with a known price')
    .option('--timeout <time>', 'time that the turn may take, in seconds, or such as 5m')
    .option('--schema <file>', 'JSON Schema that the answer has to fit')
    .option('--continue', 'go on with the latest conversation')
    .option('--resume <id>', 'go on with this conversation; the beginning of its id is enough')
    .option('--quiet', 'nothing on stderr but refusals and errors')
    .action(async (words: string[], flags: Flags) => {
      // Before what takes long to load.
      const signal = process.interrupted();
      const { ask } = await import('./ask.ts');
      const exitCode = await ask({
        words,
        flags,
        input: { kind: inputKind(process.stdin.isTTY === true), stream: process.stdin },
        loadConfig: () => process.configFrom(flags),
        loadModel: () => modelOf(flags),
        cassette: flags,
        signal,
        isTerminal: process.stdout.isTTY === true,
        stdout: (text) => writeAll(process.stdout, text),
        // Not waited for: many read the answer and leave what goes beside it lying.
        stderr: async (text) => void process.stderr.write(text),
      });
      process.finish(exitCode);
    });
}

/** Resolves when the reader has taken it, so that a slow one neither loses anything nor fills our memory. */
export function writeAll(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
