// The thread that a check module runs in: loads it and, where there is a run, lets it judge that. A thread starts with a
// file of its own; check-modules.ts starts this one, and ends it.

import { parentPort, workerData } from 'node:worker_threads';
import type { CheckOrder, CheckReport } from './check-modules.ts';

// Nobody else starts this file.
const { url, run } = workerData as CheckOrder;

/** @throws {DOMException} `DataCloneError` for a verdict that cannot leave the thread, such as a function */
function report(message: CheckReport): void {
  parentPort?.postMessage(message);
}

async function load(): Promise<unknown> {
  const module: unknown = await import(url);
  return typeof module === 'object' && module !== null ? Reflect.get(module, 'default') : undefined;
}

async function judgeOnce(): Promise<void> {
  report({ kind: 'started' });
  try {
    const judge = await load();
    if (typeof judge !== 'function') report({ kind: 'no-function' });
    else if (run === undefined) report({ kind: 'loaded' });
    else report({ kind: 'verdict', verdict: await judge(run) });
  } catch (error) {
    // Whatever a module throws.
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    report({ kind: 'threw', name, message });
  }
}

// Not awaited: a module that waits for nothing would be said to be this file's mistake.
void judgeOnce();
