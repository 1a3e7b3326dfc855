// Check modules: TypeScript or JavaScript of whoever wrote the task, whose default export judges a run.

import { pathToFileURL } from 'node:url';
import type { Check } from '../expect/judge-run.ts';
import type { Fault } from '../file/fault.ts';
import type { Task } from '../task.ts';

/** By the absolute path of the module. */
export type LoadedChecks = ReadonlyMap<string, Check>;

/** Loads every check module once, before anything runs; those that cannot be used are faults. */
export async function loadChecks(
  tasks: readonly Task[],
): Promise<{ readonly checks: LoadedChecks; readonly faults: readonly Fault[] }> {
  const checks = new Map<string, Check>();
  const faults: Fault[] = [];
  const users = new Map(tasks.flatMap((task) => (task.check === undefined ? [] : [[task.check, task] as const])));
  for (const [path, { file, line }] of users) {
    const fault = (message: string) =>
      faults.push({ file, line, message: `check ${JSON.stringify(path)}: ${message}` });
    try {
      const module: unknown = await import(pathToFileURL(path).href);
      const judge: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, 'default') : undefined;
      // It takes what we hand it and gives what it gives: the result is looked at.
      if (typeof judge === 'function') checks.set(path, (run) => judge(run));
      else fault('expected a default export that is a function, (run) => true | string');
    } catch (error) {
      fault(`the module cannot be loaded: ${(error instanceof Error ? error.message : String(error)).slice(0, 300)}`);
    }
  }
  return { checks, faults };
}
