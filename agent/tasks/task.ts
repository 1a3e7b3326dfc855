// A task as it is run: what a file says with its defaults filled in, one for each model of its matrix. The rest of this
// folder knows tasks in this form only.

import { createHash } from 'node:crypto';
import type { TurnLimits } from '../agent.ts';
import type { Expectation } from './file/task-file-schema.ts';

/** Whom the agent acts as: a login profile, or a machine client; `undefined` is the configured one. */
export type ActingAs =
  | { readonly kind: 'profile'; readonly name: string }
  | { readonly kind: 'machine'; readonly name: string };

/** What an agent is started with; tasks that agree in all of it share one. */
export interface AgentNeeds {
  /** `provider:model`; `undefined` leaves it to the environment. */
  readonly model: string | undefined;
  /** Names from the configuration; `undefined` for all of them. */
  readonly servers: readonly string[] | undefined;
  readonly actingAs: ActingAs | undefined;
}

export interface Task extends AgentNeeds {
  /** Unique in a run; with a matrix the model is part of it: `create-note@openai:gpt-5`. */
  readonly id: string;
  readonly description: string | undefined;
  /** The task file, for reports. */
  readonly file: string;
  readonly line: number;
  readonly turns: readonly string[];
  readonly approve: readonly string[];
  readonly repeat: number;
  /** How many of the `repeat` attempts have to pass. */
  readonly mustPass: number;
  /** For one attempt. */
  readonly timeoutMs: number;
  readonly limits: TurnLimits;
  readonly tags: readonly string[];
  readonly expectations: readonly Expectation[];
  /** Absolute path of the module that judges the run. */
  readonly check: string | undefined;
  /** Why it is not run; `undefined` when it is. */
  readonly skip: string | undefined;
  /** Changes whenever what is asked or expected changes; how often it runs and who answers are no part of it. */
  readonly hash: string;
}

/** File systems take 255 bytes, and the number of the attempt comes after it. */
const MAX_FILE_NAME_LENGTH = 200;

/** A word that is safe as a file name, one for each task id, also where upper case is taken for lower case. */
export function fileNameOf(taskId: string): string {
  const name = taskId.replace(/[^a-z0-9@-]/g, (sign) => `_${sign.charCodeAt(0).toString(16)}_`);
  if (name.length <= MAX_FILE_NAME_LENGTH) return name;
  const hash = createHash('sha256').update(taskId).digest('hex').slice(0, 32);
  return `${name.slice(0, MAX_FILE_NAME_LENGTH - hash.length - 1)}_${hash}`;
}
