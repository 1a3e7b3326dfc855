// Which of the tasks are run. Pure.

import type { Task } from '../task.ts';
import type { Result } from './result.ts';
import { verdictOf } from './verdict.ts';

export interface Selection {
  /** Ids that this fits; `undefined` takes all. */
  readonly grep?: RegExp | undefined;
  /** Tasks with at least one of these tags; empty takes all. */
  readonly tags: readonly string[];
  /** Tasks that did not pass in this earlier run, and those that it did not know; `undefined` takes all. */
  readonly failedIn?: readonly Result[] | undefined;
  /** The part of the selected tasks that is run here. */
  readonly shard?: { readonly index: number; readonly of: number } | undefined;
}

/** The selected tasks, in their order. All shards together are all tasks, and no two have one in common. */
export function selectTasks(tasks: readonly Task[], { grep, tags, failedIn, shard }: Selection): readonly Task[] {
  const byTask = Map.groupBy(failedIn ?? [], ({ task }) => task);
  return tasks
    .filter(({ id }) => grep === undefined || grep.test(id))
    .filter((task) => tags.length === 0 || tags.some((tag) => task.tags.includes(tag)))
    .filter((task) => failedIn === undefined || verdictOf(task, byTask.get(task.id) ?? []).outcome !== 'passed')
    .filter((_, index) => shard === undefined || index % shard.of === shard.index - 1);
}

/** `1/3` → the first of three; `undefined` if the text is no shard. */
export function parseShard(text: string): { readonly index: number; readonly of: number } | undefined {
  const [, index, of] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  return shard.index >= 1 && shard.index <= shard.of ? shard : undefined;
}
