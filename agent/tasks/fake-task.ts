// Tasks, runs and results for the tests of this folder: everything filled in, each test names what matters to it.

import type { FinishedRun, RunCall } from './run/finished-run.ts';
import type { Result } from './run/result.ts';
import type { Task } from './task.ts';

export function fakeTask(id: string, changed: Partial<Task> = {}): Task {
  const repeat = changed.repeat ?? 1;
  return {
    id,
    description: undefined,
    file: 'tasks.yaml',
    line: 3,
    turns: ['hello'],
    model: undefined,
    servers: undefined,
    actingAs: undefined,
    approve: [],
    mustPass: repeat,
    timeoutMs: 60_000,
    limits: {},
    tags: [],
    expectations: [],
    check: undefined,
    skip: undefined,
    hash: `hash of ${id}`,
    ...changed,
    repeat,
  };
}

export function fakeRun(changed: Partial<FinishedRun> = {}): FinishedRun {
  return {
    taskId: 'one',
    attempt: 1,
    model: 'fake',
    status: 'ok',
    answer: '',
    calls: [],
    missingScopes: [],
    modelCalls: 1,
    usage: undefined,
    durationMs: 100,
    error: undefined,
    messages: [{ role: 'user', content: 'hello' }],
    ...changed,
  };
}

export function fakeCall(name: string, changed: Partial<RunCall> = {}): RunCall {
  return { name, server: 'local', args: {}, outcome: 'ok', text: '', errorCode: undefined, durationMs: 1, ...changed };
}

export function fakeResult(task: string, attempt = 1, changed: Partial<Result> = {}): Result {
  return {
    version: 1,
    task,
    attempt,
    outcome: 'passed',
    taskHash: `hash of ${task}`,
    hash: 'hash',
    model: 'fake',
    status: 'ok',
    answer: '42',
    findings: [],
    modelCalls: 2,
    toolCalls: 1,
    durationMs: 100,
    startedAt: '2026-11-27T21:00:00.000Z',
    tries: 1,
    ...changed,
  };
}
