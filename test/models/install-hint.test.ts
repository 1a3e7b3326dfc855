// A provider whose package is not installed: `ask` says how to install it, the printed line is run as it stands, and the
// same `ask` has an answer. In a copy of the agent whose packages are links to ours, all but one; npm gets a project of its
// own below them, so that it fetches that package and not all of ours.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Environment } from '../../agent/models/provider.ts';
import { startTestServer } from '../support/mcp-server.ts';
import { startDouble } from './double.ts';
import { ollama } from './doubles/ollama.ts';

const ROOT = join(import.meta.dirname, '../..');
const MISSING = ['@langchain/ollama', 'ollama'];
/** Most that npm may take, in milliseconds. */
const INSTALL_LIMIT_MS = 240_000;
test('a missing package is installed by the line that the error prints', {
  timeout: 2 * INSTALL_LIMIT_MS,
}, async (context) => {
  const [project, server, double] = await Promise.all([
    createProject(context),
    startTestServer(),
    startDouble(ollama, [{ text: 'Here I am.' }]),
  ]);
  context.after(() => Promise.all([server.close(), double.close()]));
  const environment = { ...server.environment, ...double.environment, XDG_STATE_HOME: join(project, 'state') };
  const ask = () =>
    run(process.execPath, ['agent/main.ts', 'ask', 'Hello', '--model', 'ollama:qwen3:8b'], project, environment);

  const before = await ask();
  assert.equal(before.exitCode, 2, before.stderr);
  assert.equal(before.stdout, '');
  const [, command = ''] = /is not installed[^\n]*\n {2}(npm install \S+)\n/.exec(before.stderr) ?? [];
  assert.notEqual(command, '', before.stderr);

  const installed = await run('sh', ['-c', command], project, {
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  });
  assert.equal(installed.exitCode, 0, installed.stderr);

  const after = await ask();
  assert.deepEqual([after.exitCode, after.stdout], [0, 'Here I am.\n'], after.stderr);
  assert.deepEqual(double.refusals, []);
});

/** The agent in a directory of its own, and our packages above it, without those that shall be missing. */
async function createProject(context: TestContext): Promise<string> {
  const above = await mkdtemp(join(tmpdir(), 'install-hint-'));
  context.after(() => rm(above, { recursive: true, force: true }));
  await linkPackages(join(ROOT, 'node_modules'), join(above, 'node_modules'));
  const project = join(above, 'project');
  await cp(join(ROOT, 'agent'), join(project, 'agent'), { recursive: true });
  await cp(join(ROOT, '.mcp.json'), join(project, '.mcp.json'));
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
  return project;
}

async function linkPackages(from: string, to: string, scope = ''): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (name.startsWith('@')) await linkPackages(join(from, name), join(to, name), `${name}/`);
    else if (!name.startsWith('.') && !MISSING.includes(`${scope}${name}`))
      await symlink(join(from, name), join(to, name));
  }
}

interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], cwd: string, environment: Environment): Promise<Finished> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment };
  return new Promise((resolve, reject) => {
    execFile(file, args, { cwd, env, timeout: INSTALL_LIMIT_MS }, (error, stdout, stderr) => {
      const exitCode = error ? error.code : 0;
      if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
      else reject(error);
    });
  });
}
