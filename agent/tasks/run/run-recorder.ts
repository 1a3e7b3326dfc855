// The events of an attempt's turns → a FinishedRun. Pure but for growing with each event.

import type { AgentErrorCode } from '../../errors.ts';
import type { TurnEnd, TurnEvent, TurnStatus, Usage } from '../../turn-events.ts';
import type { TaskStatus } from '../file/task-file-schema.ts';
import type { Attempt } from './executor.ts';
import type { FinishedRun, RunCall } from './finished-run.ts';
import { createTranscript } from './transcript.ts';

type Failure = { readonly code: AgentErrorCode; readonly message: string };

export interface RunRecorder {
  ask(request: string): void;
  add(event: TurnEvent): void;
  /** Whether the conversation can go on after the turns so far. */
  canGoOn(): boolean;
  /** @param failure what ended the attempt from outside its turns: no agent, or its timeout */
  finish(model: string, durationMs: number, failure?: Failure): FinishedRun;
}

const STATUSES: Readonly<Record<TurnStatus, TaskStatus>> = {
  ok: 'ok',
  blocked: 'blocked',
  auth_required: 'auth_required',
  limit: 'limit',
  interrupted: 'error',
  failed: 'error',
};
/** Of several turns, the gravest counts. */
const GRAVITY: readonly TaskStatus[] = ['ok', 'blocked', 'auth_required', 'limit', 'error'];

/** Begins the record of an attempt. */
export function createRunRecorder({ task, attempt }: Attempt): RunRecorder {
  const transcript = createTranscript();
  const calls = new Map<string, RunCall>();
  const ends: TurnEnd[] = [];
  const update = (id: string, change: Partial<RunCall>) => {
    const call = calls.get(id);
    if (call) calls.set(id, { ...call, ...change });
  };
  return {
    ask: transcript.ask,
    add: (event) => {
      transcript.add(event);
      switch (event.type) {
        case 'tool-call':
          calls.set(event.id, {
            name: event.name,
            server: event.server,
            args: event.args,
            outcome: 'error',
            text: '',
            errorCode: undefined,
            durationMs: 0,
          });
          break;
        case 'approval':
          if (event.decision === 'denied') update(event.id, { outcome: 'denied' });
          break;
        case 'tool-result': {
          const isDenied = calls.get(event.id)?.outcome === 'denied' && event.error !== undefined;
          update(event.id, {
            outcome: isDenied || event.error?.code === 'tool_refused' ? 'denied' : event.error ? 'error' : 'ok',
            text: event.text,
            errorCode: event.error?.code,
            durationMs: event.durationMs,
          });
          break;
        }
        case 'turn-end':
          ends.push(event);
          break;
        default:
      }
    },
    canGoOn: () => ends.every(({ status }) => ['ok', 'blocked', 'auth_required'].includes(status)),
    finish: (model, durationMs, failure) => {
      const statuses = [
        // A turn that was cancelled says no more than what it was cancelled for.
        ...ends.flatMap((end) => (failure && end.status === 'interrupted' ? [] : [STATUSES[end.status]])),
        ...(failure ? [statusOf(failure)] : []),
      ];
      const status = statuses.toSorted((a, b) => GRAVITY.indexOf(b) - GRAVITY.indexOf(a))[0] ?? 'error';
      return {
        taskId: task.id,
        attempt,
        model,
        status,
        answer: ends.at(-1)?.answer ?? '',
        calls: [...calls.values()],
        missingScopes: [...new Set(ends.flatMap(({ missingScopes }) => missingScopes))],
        modelCalls: sum(ends.map(({ modelCalls }) => modelCalls)),
        usage: ends.map(({ usage }) => usage).reduce(addUsage, undefined),
        durationMs: Math.round(durationMs),
        error: failure ?? ends.findLast((end) => STATUSES[end.status] === status)?.error,
        messages: transcript.messages,
      };
    },
  };
}

/** A missing login is what a task may expect; other reasons to have no agent are not. */
function statusOf({ code }: Failure): TaskStatus {
  if (code === 'limit') return 'limit';
  return code === 'login_required' || code === 'insufficient_scope' ? 'auth_required' : 'error';
}

/** One turn whose price is unknown makes the price of all unknown; one that reports nothing adds nothing. */
function addUsage(total: Usage | undefined, usage: Usage | undefined): Usage | undefined {
  if (!total || !usage) return usage ?? total;
  const costUsd =
    total.costUsd === undefined || usage.costUsd === undefined ? undefined : total.costUsd + usage.costUsd;
  return {
    inputTokens: total.inputTokens + usage.inputTokens,
    outputTokens: total.outputTokens + usage.outputTokens,
    costUsd,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
