// How long it takes to the first prompt, in a real terminal (tmux): of `npm start` in a fresh directory, and of the chat alone
// with its server running. Once to warm up, since the first run compiles what the others find compiled.
//
//   node scripts/bench/start.ts [samples]

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer } from '../../test/support/mcp-server.ts';
import { freePorts } from '../../test/support/ports.ts';
import { openTerminal } from '../../test/support/terminal.ts';

const root = join(import.meta.dirname, '../..');
const samples = Number(process.argv[2] ?? 5);

async function timeToPrompt(command: string, environment: Readonly<Record<string, string | undefined>>) {
  const directory = await mkdtemp(join(tmpdir(), 'start-bench-'));
  const variables = { DATA_DIR: directory, XDG_STATE_HOME: directory, LLM_MODEL: 'demo', ...environment };
  const startedAtMs = performance.now();
  const terminal = await openTerminal(command, variables, root);
  try {
    await terminal.waitFor(/^›/m);
    const tookMs = performance.now() - startedAtMs;
    await terminal.press('C-d');
    await terminal.waitFor(/exit code 0/);
    return tookMs;
  } finally {
    await terminal.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(name: string, once: () => Promise<number>): Promise<string> {
  const first = await once();
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample += 1) times.push(await once());
  const [fastest = 0] = times.toSorted((a, b) => a - b);
  const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  return `| ${name} | ${[first, median, fastest].map((ms) => `${Math.round(ms)} ms`).join(' | ')} |\n`;
}

const server = await startTestServer({ LOG_LEVEL: 'error' });
const start = async () => {
  const [port, authPort] = await freePorts(2);
  return await timeToPrompt('npm run -s start', { PORT: String(port), AUTH_SERVER_PORT: String(authPort) });
};
try {
  process.stdout.write('| to the first prompt | first run | median | fastest |\n| --- | --- | --- | --- |\n');
  process.stdout.write(await measure('npm start', start));
  process.stdout.write(
    await measure('agent chat', () => timeToPrompt(`${process.execPath} agent/main.ts chat`, server.environment)),
  );
} finally {
  await server.close();
}
