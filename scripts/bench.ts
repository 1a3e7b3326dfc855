// `npm run bench -- NAME…`: what things cost, each in a process of its own, so that one leaves no trace in another's numbers.
// Without a name all of them. Exit code 0 if all stay within their limits, 1 if not, 2 if there is no such measurement.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What there is to measure, and how it is run. A new one is one more line, and a file in bench/. */
const MEASUREMENTS: Readonly<Record<string, readonly string[]>> = {
  start: ['start.ts'],
  threads: ['threads.ts'],
  tasks: ['--expose-gc', 'tasks.ts'],
};

async function main(names: readonly string[]): Promise<number> {
  const missing = names.find((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (missing !== undefined) {
    const known = Object.keys(MEASUREMENTS).join(', ');
    process.stderr.write(`${JSON.stringify(missing.slice(0, 40))} is not measured. There is: ${known}\n`);
    return 2;
  }
  let exitCode = 0;
  for (const name of names.length === 0 ? Object.keys(MEASUREMENTS) : names) {
    process.stdout.write(`\n${name}\n`);
    if ((await run(MEASUREMENTS[name] ?? [])) !== 0) exitCode = 1;
  }
  return exitCode;
}

async function run(args: readonly string[]): Promise<number> {
  const file = args.at(-1) ?? '';
  const command = [...args.slice(0, -1), join(import.meta.dirname, 'bench', file)];
  const [code] = await once(spawn(process.execPath, command, { stdio: 'inherit' }), 'exit');
  return typeof code === 'number' ? code : 1;
}

process.exitCode = await main(process.argv.slice(2));
