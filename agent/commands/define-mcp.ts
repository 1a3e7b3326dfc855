// The sub-commands `mcp …` and `doctor` on the command line: arguments and flags. What they do is loaded when they run.

import type { Command } from 'commander';
import type { LoginMethod } from '../auth/login-prompt.ts';
import { visibleJson } from '../chat/visible-text.ts';
import { loadEnvironment, parseConfig } from '../config.ts';
import { AgentError, exitCodeOf } from '../errors.ts';
import { noSuchServer } from '../mcp-file.ts';
import type { McpCommandOptions } from './mcp.ts';

interface McpFlags {
  readonly json?: boolean;
  readonly trustMcpFile?: boolean;
}

interface LoginFlags extends McpFlags {
  readonly device?: boolean;
  readonly paste?: boolean;
  /** `false` by `--no-browser`. */
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
    .option('--browser', 'with the browser of this machine')
    .option('--device', 'with a code that you type on another device')
    .option('--paste', 'with a browser elsewhere; you paste the address that it ends at')
    .option('--no-browser', 'the same')
    .option('--scope <scopes>', 'ask for these scopes too', collectScopes)
    .action(async (name: string, flags: LoginFlags) => {
      const { mcpLogin } = await import('./mcp.ts');
      setExitCode(
        await run(flags, async () => {
          const method = methodOf(flags);
          const options = await optionsOf(flags, method);
          const { servers } = options.config;
          if (!servers.some((server) => server.name === name)) throw noSuchServer(name, servers);
          if (!options.prompt) throw nobodyToSignIn(name, flags);
          return await mcpLogin(options, name, flags.scope);
        }),
      );
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
    .description('call a tool: npm run -s agent -- mcp call local.add a=2 b=40')
    .argument('<server.tool>')
    .argument('[arguments...]', 'key=value, read as the tool wants it, key:=json, or one JSON object')
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
            signal: interruption().signal,
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

/** @param method how to sign in, as the command line says it; default: what is possible here */
async function optionsOf(flags: McpFlags, method?: LoginMethod): Promise<McpCommandOptions> {
  const json = flags.json === true;
  const config = parseConfig(loadEnvironment(), flags);
  const { signal, interrupt } = interruption();
  const options = {
    config,
    json,
    signal,
    stdout,
    stderr: (text: string) => void process.stderr.write(text),
  };
  // Both ends have to be a person's: one to read the question, one to answer it.
  const isAtTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  if (json || !(isAtTerminal || method)) return options;
  const [{ createLineQuestions }, { createTerminalLoginPrompt }, { loginMethods, openUrl }, { createPaint }] =
    await Promise.all([
      import('./line-questions.ts'),
      import('../chat/login-prompt.ts'),
      import('../chat/open-url.ts'),
      import('../chat/terminal.ts'),
    ]);
  const questions = createLineQuestions({ input: process.stdin, output: process.stderr, interrupt });
  return {
    ...options,
    ...(isAtTerminal ? { confirm: (question) => questions.confirm(question, signal) } : {}),
    prompt: createTerminalLoginPrompt({
      questions,
      print: options.stderr,
      paint: createPaint(isAtTerminal && (process.stderr.hasColors?.() ?? false)),
      methods: method ? [method] : loginMethods(config.environment),
      openUrl,
    }),
  };
}

function nobodyToSignIn(name: string, { json }: LoginFlags): AgentError {
  const command = `npm run -s agent -- mcp login ${name}`;
  return new AgentError(
    'login_required',
    json
      ? `With --json nobody is asked anything, and signing in needs a person: ${command}`
      : `Signing in needs a person, and there is no terminal here. In one: ${command}. Without one, say how: --browser, --device or --paste.`,
  );
}

/** For a program, what went wrong is an answer too. */
async function run(flags: McpFlags, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (flags.json !== true || !(error instanceof AgentError)) throw error;
    const { code, message, details } = error;
    stdout(`${visibleJson(JSON.stringify({ error: { code, message, ...details } }, null, 2))}\n`);
    return exitCodeOf(error);
  }
}

function methodOf({ device, paste, browser }: LoginFlags): LoginMethod | undefined {
  const wanted = [
    ...(browser ? (['browser'] as const) : []),
    ...(device ? (['device'] as const) : []),
    ...(paste || browser === false ? (['paste'] as const) : []),
  ];
  if (wanted.length > 1)
    throw new AgentError('usage', '--browser, --device and --paste (or --no-browser) exclude each other; give one.');
  return wanted[0];
}

function collectScopes(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(' ').filter(Boolean)];
}

function interruption(): { readonly signal: AbortSignal; readonly interrupt: () => void } {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new AgentError('interrupted', 'Interrupted.'));
  // Once: who insists gets what the system does.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, interrupt);
  return { signal: controller.signal, interrupt };
}

function stdout(text: string): void {
  process.stdout.write(text);
}

function isTerminal(): boolean {
  return process.stdin.isTTY === true || process.stdout.isTTY === true;
}
