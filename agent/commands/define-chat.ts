// The command line of `chat`. Light: what it runs is loaded when it runs.

import type { Command } from 'commander';
import type { ApprovalMode, ApprovalSettings } from '../approval.ts';
import { type CommandFlags, modelOf } from '../configure.ts';
import { AgentError } from '../errors.ts';
import { collectPatterns } from './ask-flags.ts';
import type { CommandProcess } from './define-ask.ts';

interface ChatFlags extends CommandFlags {
  readonly continue?: boolean;
  readonly resume?: string;
  readonly plain?: boolean;
  readonly approval?: string;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

export interface ChatProcess extends Pick<CommandProcess, 'configFrom' | 'finish'> {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** From now on a signal to stop ends the process in an orderly way. */
  readonly exitWhenTold: () => void;
}

const MODES: readonly ApprovalMode[] = ['ask', 'read-only', 'all', 'none'];

export function defineChat(command: Command, process: ChatProcess): void {
  command
    .description('a conversation in the terminal; from a pipe, each line is a request')
    .option('--continue', 'go on with the latest conversation')
    .option('--resume <id>', 'go on with this conversation; the beginning of its id is enough')
    .option('--plain', 'show the source of markdown')
    .option('--approval <mode>', 'ask: you are asked, but for read-only tools of trusted servers; read-only; all; none')
    .option(
      '--allow <patterns>',
      "tools that run without a question: 'tool' or 'server.tool', * for anything",
      collectPatterns,
    )
    .option('--deny <patterns>', 'tools that may not run, whatever else is said', collectPatterns)
    .action(async (flags: ChatFlags) => {
      const resume = resumeOf(flags);
      const approval = approvalOf(flags, process.stdin.isTTY === true && process.stdout.isTTY === true);
      // Before what takes long to load.
      process.exitWhenTold();
      const { chat } = await import('./chat.ts');
      process.finish(
        await chat({
          config: process.configFrom(flags),
          model: modelOf(flags),
          cassette: flags,
          isPlain: flags.plain === true,
          resume,
          approval,
          terminal: {
            input: process.stdin,
            output: process.stdout,
            color: process.stdout.isTTY === true && process.stdout.hasColors(),
          },
        }),
      );
    });
}

/** @throws {AgentError} `usage` if both are given */
export function resumeOf(flags: Pick<ChatFlags, 'continue' | 'resume'>): { latest: true } | { id: string } | undefined {
  if (flags.continue && flags.resume !== undefined)
    throw new AgentError('usage', '--continue and --resume exclude each other');
  if (flags.resume !== undefined) return { id: flags.resume };
  return flags.continue ? { latest: true } : undefined;
}

/**
 * What the flags say; where nobody can be asked, asking is no mode.
 *
 * @throws {AgentError} `usage` if there is no such mode
 */
export function approvalOf(flags: Pick<ChatFlags, 'approval' | 'allow' | 'deny'>, canAsk: boolean): ApprovalSettings {
  const wanted = flags.approval ?? (canAsk ? 'ask' : 'read-only');
  const mode = MODES.find((one) => one === wanted);
  if (!mode)
    throw new AgentError('usage', `--approval: expected ${MODES.join(', ')}, got ${JSON.stringify(flags.approval)}`);
  return { mode, allow: flags.allow ?? [], deny: flags.deny ?? [] };
}
