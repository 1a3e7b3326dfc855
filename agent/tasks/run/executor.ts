// The one contract for where attempts run: in this process today; a queue or a fleet implements the same.

import type { Task } from '../task.ts';
import type { FinishedRun } from './finished-run.ts';

export interface Attempt {
  readonly task: Task;
  /** From 1 to the task's `repeat`. */
  readonly attempt: number;
}

export interface AttemptResult {
  readonly run: FinishedRun;
  readonly identity: Identity;
}

/** What answers: together with the task's own hash it says whether an earlier result still stands. */
export interface Identity {
  /** The label of the model. */
  readonly model: string;
  /** Hash of the tools as their servers describe them; empty when they could not be asked. */
  readonly toolsHash: string;
}

export interface Executor {
  /**
   * Runs an attempt to its end. What goes wrong in it is part of its result; a task's timeout is one of its ends.
   *
   * @throws {AgentError} `interrupted` when `signal` aborts: then there is no result
   */
  run(attempt: Attempt, signal: AbortSignal): Promise<AttemptResult>;
  /**
   * What a task would run with now.
   *
   * @throws {AgentError} when there is no agent to be had for it
   */
  identify(task: Task, signal: AbortSignal): Promise<Identity>;
  close(): Promise<void>;
}
