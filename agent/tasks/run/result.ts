// The final result of an attempt: one line of results.jsonl. Small, since a run may have many thousands; the conversation
// is in its transcript.

import * as z from 'zod';
import { type Finding, outcomeOf } from '../expect/finding.ts';
import { canonicalHash } from '../file/canonical-hash.ts';
import { TASK_STATUSES } from '../file/task-file-schema.ts';
import type { Task } from '../task.ts';
import type { AttemptResult } from './executor.ts';

const findingSchema = z.object({
  name: z.string(),
  outcome: z.enum(['passed', 'failed', 'skipped', 'error']),
  message: z.string(),
});

export const resultSchema = z.object({
  version: z.literal(1),
  task: z.string(),
  attempt: z.int().min(1),
  outcome: z.enum(['passed', 'failed', 'skipped', 'error']),
  /** What was asked and expected. */
  taskHash: z.string(),
  /** That, the model and the tools: while it is the same, the result stands. */
  hash: z.string(),
  model: z.string(),
  status: z.enum(TASK_STATUSES),
  answer: z.string(),
  /** Why there was no result, where `outcome` is `error`. */
  errorCode: z.string().optional(),
  findings: z.array(findingSchema),
  modelCalls: z.int(),
  toolCalls: z.int(),
  /** Left out where the model reports none. */
  inputTokens: z.number().optional(),
  outputTokens: z.number().optional(),
  costUsd: z.number().optional(),
  durationMs: z.number(),
  startedAt: z.string(),
  /** How often it was tried; more than once only after errors. */
  tries: z.int(),
  /** The transcript, from the directory of the run. */
  transcript: z.string().optional(),
});

export type Result = z.output<typeof resultSchema>;

const MAX_ANSWER_LENGTH = 2_000;
const MAX_MESSAGE_LENGTH = 4_000;

export interface Finished {
  readonly task: Task;
  readonly attempt: AttemptResult;
  readonly findings: readonly Finding[];
  readonly startedAt: Date;
  readonly tries: number;
  readonly transcript: string | undefined;
}

/** Puts the final result of an attempt together. */
export function createResult({ task, attempt, findings, startedAt, tries, transcript }: Finished): Result {
  const { run, identity } = attempt;
  const outcome = outcomeOf(findings);
  const { usage } = run;
  return {
    version: 1,
    task: task.id,
    attempt: run.attempt,
    outcome,
    taskHash: task.hash,
    hash: hashOf(task, identity),
    model: run.model,
    status: run.status,
    answer: cut(run.answer, MAX_ANSWER_LENGTH),
    ...(outcome === 'error' ? { errorCode: run.error?.code ?? 'internal' } : {}),
    findings: findings.map((finding) => ({ ...finding, message: cut(finding.message, MAX_MESSAGE_LENGTH) })),
    modelCalls: run.modelCalls,
    toolCalls: run.calls.length,
    ...(usage ? { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens } : {}),
    ...(usage?.costUsd === undefined ? {} : { costUsd: usage.costUsd }),
    durationMs: run.durationMs,
    startedAt: startedAt.toISOString(),
    tries,
    ...(transcript === undefined ? {} : { transcript }),
  };
}

/** What has to be the same for a result to stand. */
export function hashOf(task: Task, { model, toolsHash }: AttemptResult['identity']): string {
  return canonicalHash([task.hash, model, toolsHash]);
}

/** Tells the attempts of a run apart. */
export function keyOf({ task, attempt }: Pick<Result, 'task' | 'attempt'>): string {
  return `${task}#${attempt}`;
}

function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
