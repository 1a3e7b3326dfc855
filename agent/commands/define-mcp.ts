// The sub-commands `mcp …` and `doctor` on the command line: arguments and flags. What they do is loaded when they run.

import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { LoginMethod } from '../auth/login-prompt.ts';
import { loadEnvironment, parseConfig } from '../config.ts';
import { AgentError, exitCodeOf } from '../errors.ts';
import type { McpCommandOptions } from './mcp.ts';

interface McpFlags {
  readonly json?: boolean;
  readonly trustMcpFile?: boolean;
}

interface LoginFlags extends McpFlags {
  readonly device?: boolean;
  readonly paste?: boolean;
  readonly browser?: boolean;
  readonly scope?: readonly string[];
}

/** @param setExitCode is told how a command ended */
export function defineMcp(program: Command, setExitCode: (exitCode: number) => void): void {
  const mcp = program.command('mcp').description('the servers: states, logins, tools, and calls by hand');

  common(mcp.command('list'))
    .description('every server and its state')
    .action(async (flags: McpFlags) => {
      const { mcpList } = await import('./mcp.ts');
      setExitCode(await run(flags, async () => mcpList(await optionsOf(flags))));
    });

  common(mcp.command('status'))
    .description('all that is known about one server, or about each')
    .argument('[name]')
    .action(async (name: string | undefined, flags: McpFlags) => {
      const { mcpStatus } = await import('./mcp.ts');
      setExitCode(await run(flags, async () => mcpStatus(await optionsOf(flags), name)));
    });

  common(mcp.command('login'))
    .description('sign in at a server')
    .argument('<name>')
    .option('--device', 'with a code that you type on another device')
    .option('--paste', 'with a browser elsewhere; you paste the address that it ends at')
    .option('--no-browser', 'the same')
    .option('--scope <scope>', 'grant this as well; may be given several times', collect)
    .action(async (name: string, flags: LoginFlags) => {
      const { mcpLogin } = await import('./mcp.ts');
      const login = { method: methodOf(flags) };
      setExitCode(await run(flags, async () => mcpLogin(await optionsOf(flags, login), name, flags.scope)));
    });

  common(mcp.command('logout'))
    .description('revoke and forget the tokens of a server')
    .argument('<name>')
    .action(async (name: string, flags: McpFlags) => {
      const { mcpLogout } = await import('./mcp.ts');
      setExitCode(await run(flags, async () => mcpLogout(await optionsOf(flags), name)));
    });

  common(mcp.command('tools'))
    .description('the tools of a server, or of all')
    .argument('[name]')
    .action(async (name: string | undefined, flags: McpFlags) => {
      const { mcpTools } = await import('./mcp.ts');
      setExitCode(await run(flags, async () => mcpTools(await optionsOf(flags), name)));
    });

  common(mcp.command('call'))
    .description('call a tool: npm run -s agent -- mcp call local.add a:=2 b:=40')
    .argument('<server.tool>')
    .argument('[arguments...]', 'key=text or key:=json')
    .action(async (target: string, words: string[], flags: McpFlags) => {
      const { mcpCall } = await import('./mcp.ts');
      setExitCode(await run(flags, async () => mcpCall(await optionsOf(flags), target, words)));
    });

  common(mcp.command('approve'))
    .description('approve of a server of .mcp.json, or of a tool that has changed')
    .argument('<server[.tool]>')
    .option('--yes', 'without asking')
    .action(async (target: string, flags: McpFlags & { yes?: boolean }) => {
      const { mcpApprove } = await import('./mcp.ts');
      setExitCode(await run(flags, async () => mcpApprove(await optionsOf(flags), target, flags.yes === true)));
    });

  common(mcp.command('debug'))
    .description('the way to a token, step by step')
    .argument('<name>')
    .action(async (name: string, flags: McpFlags) => {
      const { mcpDebug } = await import('./mcp-debug.ts');
      setExitCode(await run(flags, async () => mcpDebug(await optionsOf(flags), name)));
    });

  common(program.command('doctor'))
    .description('what is right and what is not: Node, model, configuration, token store, servers, tokens')
    .action(async (flags: McpFlags) => {
      const { doctor } = await import('./doctor.ts');
      setExitCode(
        await run(flags, () =>
          doctor({
            environment: loadEnvironment(),
            flags,
            json: flags.json === true,
            isTerminal: isTerminal(),
            signal: interruption(),
            stdout,
            nodeVersion: process.versions.node,
          }),
        ),
      );
    });
}

function common(command: Command): Command {
  return command
    .option('--json', 'for a program; nobody is asked anything, and no browser opens')
    .option('--trust-mcp-file', 'use all servers of .mcp.json, whoever wrote it');
}

async function optionsOf(
  flags: McpFlags,
  login: { readonly method?: LoginMethod | undefined } = {},
): Promise<McpCommandOptions> {
  const json = flags.json === true;
  const config = parseConfig(loadEnvironment(), flags);
  // Both ends have to be a person's: one to read the question, one to answer it.
  const isAsked = !json && process.stdin.isTTY === true && process.stderr.isTTY === true;
  const { createTerminalLoginPrompt } = await import('./terminal-login-prompt.ts');
  return {
    config,
    json,
    signal: interruption(),
    stdout,
    stderr: (text) => process.stderr.write(text),
    ...(isAsked
      ? {
          confirm,
          prompt: createTerminalLoginPrompt({
            input: process.stdin,
            output: process.stderr,
            environment: config.environment,
            isRequested: 'method' in login,
            ...login,
          }),
        }
      : {}),
  };
}

/** For a program, what went wrong is an answer too. */
async function run(flags: McpFlags, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (flags.json !== true || !(error instanceof AgentError)) throw error;
    const { code, message, details } = error;
    stdout(`${JSON.stringify({ error: { code, message, ...details } }, null, 2)}\n`);
    return exitCodeOf(error);
  }
}

function methodOf({ device, paste, browser }: LoginFlags): LoginMethod | undefined {
  if (device && (paste || browser === false))
    throw new AgentError('usage', '--device excludes --paste and --no-browser; give one of them.');
  if (device) return 'device';
  return paste || browser === false ? 'paste' : undefined;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}

function interruption(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => interrupt.abort(new AgentError('interrupted', 'Interrupted.')));
  return interrupt.signal;
}

function stdout(text: string): void {
  process.stdout.write(text);
}

function isTerminal(): boolean {
  return process.stdin.isTTY === true || process.stdout.isTTY === true;
}
