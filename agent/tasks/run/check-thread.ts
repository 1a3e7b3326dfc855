// The thread that a check module runs in: loads it and, where there is a run, lets it judge that. A thread starts with a
// file of its own; check-modules.ts starts this one, and ends it.

import { parentPort, workerData } from 'node:worker_threads';
import type { CheckOrder, CheckReport } from './check-modules.ts';

// Nobody else starts this file.
const { url, run } = workerData as CheckOrder;

/**
 * Says it when everything that was printed has left the thread: the thread is ended as soon as this is heard.
 *
 * @throws {DOMException} `DataCloneError` for a verdict that cannot leave the thread, such as a function
 */
async function reportLast(message: CheckReport): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(flush));
  parentPort?.postMessage(message);
}

/** Resolves when what was written before has arrived, also where a module has closed the stream. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writable) stream.write('', () => resolve());
    else resolve();
  });
}

async function load(): Promise<unknown> {
  const module: unknown = await import(url);
  return typeof module === 'object' && module !== null ? Reflect.get(module, 'default') : undefined;
}

async function judgeOnce(): Promise<void> {
  parentPort?.postMessage({ kind: 'started' } satisfies CheckReport);
  try {
    const judge = await load();
    if (typeof judge !== 'function') await reportLast({ kind: 'no-function' });
    else if (run === undefined) await reportLast({ kind: 'loaded' });
    else await reportLast({ kind: 'verdict', verdict: await judge(run) });
  } catch (error) {
    // Whatever a module throws.
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    await reportLast({ kind: 'threw', name, message });
  }
}

// Not awaited: a module that waits for nothing would be said to be this file's mistake.
void judgeOnce();
