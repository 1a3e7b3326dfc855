// Runs attempts in this process: sessions of their own on agents that tasks share.

import type { Agent } from '../../agent.ts';
import { AgentError, type AgentErrorCode } from '../../errors.ts';
import type { ServerState } from '../../mcp/servers.ts';
import type { TurnEvent } from '../../turn-events.ts';
import { canonicalHash } from '../file/canonical-hash.ts';
import type { Task } from '../task.ts';
import { createAgentPool, type StartAgentFor } from './agent-pool.ts';
import type { Attempt, AttemptResult, Executor, Identity } from './executor.ts';
import { createRunRecorder, type RunRecorder } from './run-recorder.ts';
import { type StartTimer, startRealTimer } from './timer.ts';

export interface LocalExecutorOptions {
  readonly startAgentFor: StartAgentFor;
  /** Hears what a person should know: of the model, of another one that went on for it. Default: nobody does. */
  readonly onNotice?: (text: string) => void;
  /** Calls back after so many milliseconds, unless the returned function is called before; default a timer. */
  readonly startTimer?: StartTimer;
  /** Milliseconds of a steady clock; default `performance.now`. */
  readonly now?: () => number;
}

/** A turn that was told to end has this long to say goodbye; then its attempt ends without it. */
const GRACE_MS = 10_000;

/** What a server's state means for a task that needs it. States that are not listed let it run. */
const UNAVAILABLE: Readonly<Partial<Record<ServerState, AgentErrorCode>>> = {
  'needs-login': 'login_required',
  expired: 'login_required',
  unreachable: 'unreachable',
  error: 'protocol_error',
};

/** Creates the executor; agents are started when attempts need them. */
export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  const { onNotice = () => undefined, startTimer = startRealTimer, now = () => performance.now() } = options;
  const pool = createAgentPool(async (needs) => {
    const agent = await options.startAgentFor(needs);
    for (const notice of agent.notices) onNotice(notice);
    return agent;
  });

  async function run({ task, attempt }: Attempt, signal: AbortSignal): Promise<AttemptResult> {
    const recorder = createRunRecorder({ task, attempt });
    const agent = await untilAborted(startedFor(task), signal).catch((error: unknown) => failureOf(error, signal));
    if ('failure' in agent) {
      const identity = { model: task.model ?? '', toolsHash: '' };
      return { run: recorder.finish(identity.model, 0, agent.failure), identity };
    }
    const identity = identityOf(agent);
    const startedAtMs = now();
    const timeout = new AbortController();
    const stopTimer = startTimer(task.timeoutMs, () => timeout.abort());
    try {
      await converse(agent, task, recorder, AbortSignal.any([signal, timeout.signal]));
    } finally {
      stopTimer();
    }
    if (signal.aborted) throw interrupted(task);
    const message = `The task was stopped when its timeout of ${task.timeoutMs} ms was over.`;
    const failure = timeout.signal.aborted ? ({ code: 'limit', message } as const) : undefined;
    return { run: recorder.finish(identity.model, now() - startedAtMs, failure), identity };
  }

  async function startedFor(task: Task): Promise<Agent> {
    const agent = await pool.get(task);
    for (const { name, state } of agent.servers.statuses())
      if (state === 'unreachable' || state === 'error') await agent.servers.reconnect(name);
    for (const { name, state, detail } of agent.servers.statuses()) {
      const code = UNAVAILABLE[state];
      if (code) throw new AgentError(code, `The server ${name} is ${state}. ${detail}`.trim());
      // Left alone is what others are; a task that names it would run without what it is about.
      if (state === 'disabled' && task.servers?.includes(name))
        throw new AgentError(
          'invalid_configuration',
          `The server ${name}, which the task names, is disabled. ${detail}`,
        );
    }
    return agent;
  }

  async function converse(agent: Agent, task: Task, recorder: RunRecorder, signal: AbortSignal): Promise<void> {
    const session = agent.startSession({
      isEphemeral: true,
      // What a person would have said is in the file; nobody is there to say more.
      approval: { mode: 'read-only', allow: task.approve, deny: [] },
      limits: { ...task.limits, timeoutMs: task.timeoutMs },
    });
    for (const request of task.turns) {
      if (signal.aborted || !recorder.canGoOn()) return;
      recorder.ask(request);
      await drain(session.run(request, signal), recorder, signal);
    }
  }

  /** Takes the events of a turn; one that does not end although it was told to is left behind. */
  async function drain(events: AsyncIterable<TurnEvent>, recorder: RunRecorder, signal: AbortSignal): Promise<void> {
    const iterator = events[Symbol.asyncIterator]();
    const grace = Promise.withResolvers<'expired'>();
    let stopGrace: (() => void) | undefined;
    const onAbort = () => {
      stopGrace = startTimer(GRACE_MS, () => grace.resolve('expired'));
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (true) {
        const next = await Promise.race([iterator.next(), grace.promise]);
        if (next === 'expired' || next.done) return;
        if (next.value.type === 'notice') onNotice(next.value.text);
        recorder.add(next.value);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      stopGrace?.();
    }
  }

  return {
    run,
    identify: async (task, signal) => identityOf(await untilAborted(startedFor(task), signal)),
    close: pool.close,
  };
}

/** @throws {AgentError} `interrupted`, or whatever is no failure of ours */
function failureOf(
  error: unknown,
  signal: AbortSignal,
): { readonly failure: { code: AgentErrorCode; message: string } } {
  if (signal.aborted || !(error instanceof AgentError)) throw error;
  return { failure: { code: error.code, message: error.message } };
}

function identityOf(agent: Agent): Identity {
  const tools = agent.servers.tools().map(({ name, server, fingerprint }) => [server, name, fingerprint].join('\n'));
  return { model: agent.model().label, toolsHash: canonicalHash(tools.sort()) };
}

function interrupted({ id }: Pick<Task, 'id'>): AgentError {
  return new AgentError('interrupted', `The task ${id} was interrupted.`);
}

/** What is started goes on for others; this one stops waiting. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = Promise.withResolvers<never>();
  const onAbort = () => stop.reject(new AgentError('interrupted', 'Interrupted.'));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, stop.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
