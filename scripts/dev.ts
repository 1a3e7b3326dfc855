// `npm start`: the authorization server and the MCP server in one process, the agent in front in another, all on the real
// protocol. Both load at the same time; the agent begins when the server listens. The server's log goes to a file, so that
// the terminal belongs to the conversation.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import type { Environment } from '../agent/config.ts';
import { EXIT_CODES } from '../agent/errors.ts';

const root = join(import.meta.dirname, '..');
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// Most of the time until the first prompt would go into compiling what has not changed.
const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled') };

async function main(args: readonly string[]): Promise<number> {
  // From the first moment on: everything else is loaded behind this.
  let onSignal = (_signal: NodeJS.Signals): void => process.exit(EXIT_CODES.interrupted);
  for (const signal of SIGNALS) process.on(signal, () => onSignal(signal));
  const { checkConfiguration, readEnvironment } = await import('./dev/check-configuration.ts');
  const environment = readEnvironment(args);
  const config = checkConfiguration(args, environment);
  if ('report' in config) {
    process.stderr.write(config.report);
    return 2;
  }
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const server = startServer(join(config.dataDir, 'server.log'));
  const conversation = loadConversation(args, environment);
  const interrupted = Promise.withResolvers<Failure>();
  onSignal = () => interrupted.resolve({ report: '', exitCode: EXIT_CODES.interrupted });
  const takeAway = showLine('starting the authorization server and the MCP server…');
  const failure = await Promise.race([server.ready, interrupted.promise]);
  takeAway();
  if (failure) {
    conversation.abandon();
    await server.stop();
    process.stderr.write(failure.report);
    return failure.exitCode;
  }

  // Ctrl+C reaches this process too, but it is the conversation's to handle: there it cancels a turn first.
  onSignal = (signal) => {
    if (signal !== 'SIGINT') conversation.terminate(signal);
  };
  const exitCode = await conversation.run();
  await server.stop();
  return exitCode;
}

/** Flags alone are flags of the chat. */
function isCommand(word: string | undefined): boolean {
  return word !== undefined && !word.startsWith('-');
}

/** Says on a terminal what is being waited for; the returned function takes it away again. */
function showLine(text: string): () => void {
  if (!process.stderr.isTTY) return () => undefined;
  process.stderr.write(text);
  return () => void process.stderr.write('\r\x1b[2K');
}

/** Why there is no conversation. */
interface Failure {
  readonly report: string;
  readonly exitCode: number;
}

interface StartedServer {
  /** Resolves when everything listens, or with what the server said before it gave up. */
  readonly ready: Promise<Failure | undefined>;
  /** Ends it, in the middle of its start as well. */
  stop(): Promise<void>;
}

/** Starts the server with a channel to this process: when the channel closes, however we end, the server stops. */
function startServer(logFile: string): StartedServer {
  const child = spawn(process.execPath, [join(root, 'mcp-server/main.ts')], {
    // The log, and the channel.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A process group of its own: Ctrl+C in the terminal is not for the server.
    detached: true,
    env: { ...process.env, ...COMPILE_CACHE },
  });
  const { stderr } = child;
  if (!stderr) throw new Error('spawn gave no pipe for stderr');
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  let startup = '';
  const keep = (chunk: Buffer) => {
    startup += chunk.toString('utf8');
  };
  stderr.pipe(log);
  stderr.on('data', keep);
  const exit = exitOf(child);
  return {
    ready: Promise.race([
      once(child, 'message').then(() => {
        stderr.off('data', keep);
        return undefined;
      }),
      exit.then(async (exitCode) => {
        await finished(stderr);
        return { exitCode, report: startup.replace(/^\{.*\n/gm, '') };
      }),
    ]),
    stop: async () => {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

interface LoadedConversation {
  /** Lets it begin; resolves with its exit code. */
  run(): Promise<number>;
  /** Ends it before it has begun. */
  abandon(): void;
  terminate(signal: NodeJS.Signals): void;
}

/** Starts the agent behind a gate: it loads what it needs, and waits until it is told to begin. */
function loadConversation(args: readonly string[], environment: Environment): LoadedConversation {
  const gate = pathToFileURL(join(root, 'scripts/dev/agent-gate.ts')).href;
  const command = isCommand(args[0]) ? args : ['chat', ...args];
  const child = spawn(process.execPath, ['--import', gate, join(root, 'agent/main.ts'), ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // The model is said in so many words: the agent makes nothing up in CI.
    env: { ...process.env, ...COMPILE_CACHE, LLM_MODEL: environment['LLM_MODEL'] },
  });
  const exit = exitOf(child);
  return {
    run: async () => {
      if (child.connected) child.send('begin');
      return await exit;
    },
    abandon: () => {
      if (child.connected) child.disconnect();
    },
    terminate: (signal) => void child.kill(signal),
  };
}

async function exitOf(child: ChildProcess): Promise<number> {
  const [code, signal] = await once(child, 'exit');
  if (typeof code === 'number') return code;
  // Told to stop before it could say how it ends.
  return SIGNALS.includes(signal) ? EXIT_CODES.interrupted : 1;
}

process.exitCode = await main(process.argv.slice(2));
