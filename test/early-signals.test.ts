// Signals that come before there is anything to interrupt: while programs load, while servers start, while the conversation
// is about to begin. The exit code is the documented one from the first moment on.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { freePorts } from './support/ports.ts';

const ROOT = join(import.meta.dirname, '..');
const ANNOUNCE = join(ROOT, 'test/fixtures/announce-load.ts');

/** Whatever they wait for comes within seconds, or never. */
const PATIENCE_MS = 300_000;

describe('a signal to stop', { timeout: PATIENCE_MS }, () => {
  let folder: string;
  let watcher: FSWatcher | undefined;
  /** Those that have not ended yet. */
  const running = new Map<ChildProcess, Promise<unknown>>();
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'early-signals-'));
  });
  afterEach(async () => {
    watcher?.close();
    watcher = undefined;
    // What a test that failed has left behind; its servers too, which have the group of their parent.
    for (const child of running.keys()) killGroup(child);
    await Promise.all(running.values());
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (args: readonly string[], announced: string) => {
    const [port, authPort] = await freePorts(2);
    const child = spawn(process.execPath, ['--import', ANNOUNCE, ...args], {
      cwd: ROOT,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        XDG_STATE_HOME: folder,
        DATA_DIR: join(folder, 'data'),
        PORT: String(port),
        AUTH_SERVER_PORT: String(authPort),
        LLM_MODEL: 'demo',
        ANNOUNCE_LOAD: announced,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own, as a terminal makes one: Ctrl+C goes to all in it.
      detached: true,
    });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const closed = once(child, 'close').then(([code, signal]) => {
      running.delete(child);
      return { code, signal, stdout };
    });
    running.set(child, closed);
    return { child, closed };
  };
  const announcement = (child: ChildProcess) =>
    new Promise<void>((resolve, reject) => {
      let stderr = '';
      child.stderr?.on('data', (chunk) => {
        stderr += chunk;
        if (/^loading /m.test(stderr)) resolve();
      });
      child.once('close', () => reject(new Error(`It ended without loading that: ${stderr}`)));
    });
  /** Resolves when the server's log has this text; an empty one asks for the file. */
  const logged = (child: ChildProcess, text: string) =>
    new Promise<void>((resolve, reject) => {
      child.once('close', () => reject(new Error(`It ended without logging ${JSON.stringify(text)}`)));
      const look = () => {
        try {
          if (readFileSync(join(folder, 'data/server.log'), 'utf8').includes(text)) resolve();
        } catch (error) {
          // Not there yet.
          if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) reject(error);
        }
      };
      watcher = watch(folder, { recursive: true }, look);
      look();
    });
  const send = (child: ChildProcess, signal: NodeJS.Signals) => {
    assert.ok(child.pid);
    // Ctrl+C reaches everything in front of the terminal, other signals the one that they are sent to.
    process.kill(signal === 'SIGINT' ? -child.pid : child.pid, signal);
  };

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`ends npm start with 130 while it loads: ${signal}`, async () => {
      const { child, closed } = await start(['scripts/dev.ts'], '/scripts/dev/check-configuration.ts');
      await announcement(child);
      send(child, signal);
      assert.deepEqual(await closed, { code: 130, signal: null, stdout: '' });
    });

    test(`ends npm start with 130 while the servers start: ${signal}`, async () => {
      const { child, closed } = await start(['scripts/dev.ts'], '');
      await logged(child, '');
      send(child, signal);
      const { code, signal: by } = await closed;
      assert.deepEqual([code, by], [130, null]);
    });

    test(`ends npm start with 130 when the conversation is about to begin: ${signal}`, async () => {
      const { child, closed } = await start(['scripts/dev.ts'], '');
      await logged(child, '"event":"ready"');
      send(child, signal);
      const { code, signal: by } = await closed;
      assert.deepEqual([code, by], [130, null]);
    });
  }

  test('ends ask with 130 and a result while it loads', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const { child, closed } = await start(
        ['agent/main.ts', 'ask', '--output', 'json', 'add 1 and 2'],
        '/agent/commands/ask.ts',
      );
      await announcement(child);
      send(child, signal);
      const { code, signal: by, stdout } = await closed;
      assert.deepEqual([code, by], [130, null], signal);
      assert.equal(JSON.parse(stdout).status, 'interrupted');
    }
  });

  test('ends the chat with 130 while it loads', async () => {
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      const { child, closed } = await start(['agent/main.ts', 'chat'], '/agent/commands/chat.ts');
      await announcement(child);
      send(child, signal);
      const { code, signal: by } = await closed;
      assert.deepEqual([code, by], [130, null], signal);
    }
  });
});

/** A child that has not been seen to end, and all that it has started in its group. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Nobody is left.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
