// A real terminal, by tmux: keys go in, the screen comes out. Waits for what is on the screen, driven by the terminal's
// own output, never by time.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
// Ends a test that would wait for ever; generous, since a machine may be busy with other things.
const PATIENCE_MS = 90_000;

export interface Terminal {
  /** Types text as a person would, without Enter. */
  type(text: string): Promise<void>;
  /** Presses keys by tmux name: `Enter`, `C-c`, `C-d`, `Up`. */
  press(...keys: string[]): Promise<void>;
  /** Pastes text with bracketed paste. */
  paste(text: string): Promise<void>;
  /** The screen as it is, without trailing blanks; with `lines`, that many lines of what has scrolled away before it. */
  screen(lines?: number): Promise<string>;
  /** The same with rows that the terminal has wrapped in one piece again. */
  unwrapped(lines?: number): Promise<string>;
  /** The screen with the escapes of its colours. */
  colors(): Promise<string>;
  resize(columns: number, rows: number): Promise<void>;
  /** Kills the command as `kill -9` does. */
  kill(): Promise<void>;
  /** Waits until the screen matches, and returns it. */
  waitFor(expected: RegExp): Promise<string>;
  close(): Promise<void>;
}

/** Opens a terminal, of 100 by 30 at first, in which `command` runs; its exit code is shown as `exit code N` at the end. */
export async function openTerminal(
  command: string,
  environment: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<Terminal> {
  const folder = await mkdtemp(join(tmpdir(), 'terminal-'));
  const tmux = (...args: string[]) => run('tmux', ['-S', join(folder, 'socket'), '-f', '/dev/null', ...args]);
  const output = join(folder, 'output');
  execFileSync('mkfifo', [output]);
  // Everything that appears is written to the pipe; its contents do not matter, only that something happened.
  const watcher = spawn('cat', [output], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exports = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value ?? ''}`]);
  const start = `read -r go; clear; ${command}; echo "exit code $?"; read -r stay`;
  await tmux(
    'new-session',
    '-d',
    '-x',
    '100',
    '-y',
    '30',
    '-c',
    cwd,
    ...exports,
    `sh -c '${start.replaceAll("'", `'\\''`)}'`,
  );
  await tmux('pipe-pane', '-O', `cat > ${output}`);
  await tmux('send-keys', 'Enter');

  const capture = async (...flags: string[]) => (await tmux('capture-pane', '-p', ...flags)).stdout;
  const trim = (text: string) => text.replace(/[ \n]+$/, '').replace(/ +$/gm, '');
  const screen = async (lines = 0) => trim(await capture('-S', `-${lines}`));
  const waitFor = (expected: RegExp): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = () => {
      screen().then((text) => expected.test(text) && resolve(text), reject);
    };
    const giveUp = AbortSignal.timeout(PATIENCE_MS);
    giveUp.addEventListener('abort', () => {
      screen().then((text) => reject(new Error(`Waited for ${expected}, saw:\n${text}`)), reject);
    });
    watcher.stdout.on('data', look);
    look();
    return promise.finally(() => watcher.stdout.off('data', look));
  };
  return {
    type: async (text) => void (await tmux('send-keys', '-l', text)),
    press: async (...keys) => void (await tmux('send-keys', ...keys)),
    paste: async (text) => {
      await tmux('set-buffer', text);
      await tmux('paste-buffer', '-p');
    },
    screen,
    unwrapped: async (lines = 0) => trim(await capture('-J', '-S', `-${lines}`)),
    colors: () => capture('-e'),
    resize: async (columns, rows) => {
      await tmux('resize-window', '-x', String(columns), '-y', String(rows));
      // tmux shows the new size at once, and tells the command of it up to a quarter of a second later.
      const { stdout: tty } = await tmux('display-message', '-p', '#{pane_tty}');
      for (let looks = 0; looks < 1000; looks += 1) {
        const { stdout: size } = await run('stty', ['-F', tty.trim(), 'size']);
        if (size.trim() === `${rows} ${columns}`) return;
      }
      throw new Error(`The terminal did not become ${columns} by ${rows}.`);
    },
    kill: async () => {
      const { stdout: shell } = await tmux('display-message', '-p', '#{pane_pid}');
      const { stdout: children } = await run('ps', ['-o', 'pid=', '--ppid', shell.trim()]);
      for (const pid of children.split('\n').map(Number).filter(Boolean)) process.kill(pid, 'SIGKILL');
    },
    waitFor,
    close: async () => {
      await tmux('kill-server');
      watcher.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
