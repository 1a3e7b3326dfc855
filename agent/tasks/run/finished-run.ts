// What is known of an attempt when it is over: what expectations look at, and what a check module is handed.

import type { AgentErrorCode } from '../../errors.ts';
import type { TurnEnd, Usage } from '../../turn-events.ts';
import type { TaskStatus } from '../file/task-file-schema.ts';
import type { TranscriptMessage } from './transcript.ts';

/** A call that the model asked for. */
export interface RunCall {
  /** As the model sees the tool. */
  readonly name: string;
  readonly server: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** `denied`: refused by policy, so the tool did not run. `error`: it ran, or could not, and gave no result. */
  readonly outcome: 'ok' | 'error' | 'denied';
  /** What the model got to read. */
  readonly text: string;
  readonly errorCode: AgentErrorCode | undefined;
  readonly durationMs: number;
}

export interface FinishedRun {
  readonly taskId: string;
  /** From 1. */
  readonly attempt: number;
  /** The label of the model that answered. */
  readonly model: string;
  readonly status: TaskStatus;
  /** The answer of the last turn. */
  readonly answer: string;
  /** In order, over all turns. */
  readonly calls: readonly RunCall[];
  readonly missingScopes: readonly string[];
  readonly modelCalls: number;
  /** `undefined` where the model reports none. */
  readonly usage: Usage | undefined;
  readonly durationMs: number;
  readonly error: TurnEnd['error'];
  /** The conversation in OpenAI's form. */
  readonly messages: readonly TranscriptMessage[];
}
