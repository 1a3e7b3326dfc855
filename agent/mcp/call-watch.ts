// One call on its way: how long it may still take, and whether anything can still come back for it. The SDK notices neither
// a response stream that breaks off nor that a person is being asked.

import { AsyncLocalStorage } from 'node:async_hooks';
import { AgentError } from '../errors.ts';

/** Numbers of a call, all in milliseconds. */
export interface CallLimits {
  /** Longest silence: no answer, no progress, nobody being asked. Default 60 000. */
  readonly idleMs: number;
  /** Longest call, whatever the progress; the time of a person does not count. Default 600 000. */
  readonly totalMs: number;
  /** How long after its last stream has ended the SDK may take to open the next one. It rests for 250 between rounds. Default 600. */
  readonly graceMs: number;
}

export const CALL_LIMITS: CallLimits = { idleMs: 60_000, totalMs: 600_000, graceMs: 600 };

export interface CallWatch {
  /** Aborts when the caller gives up, time is up, or nothing can come back any more. */
  readonly signal: AbortSignal;
  /** Why the call was given up, if it was us. */
  failure(): AgentError | undefined;
  /** The server is at work: its time starts anew. */
  progressed(): void;
  /** A person is asked, and takes the time it takes. Returns the function to call after the answer. */
  askPerson(): () => void;
  /** A stream that may carry the answer has opened, or is about to be opened again. */
  streamExpected(): void;
  /** A stream has ended, or could not be opened. */
  streamEnded(): void;
  /** So much has come for it; gives what has come in all. */
  received(bytes: number): number;
  /** Gives the call up, for a reason of ours. */
  fail(error: AgentError): void;
  /** The call is over. */
  end(): void;
  readonly isOver: () => boolean;
}

/** The call in whose course something happens, wherever the SDK has got to meanwhile. */
export const currentCall = new AsyncLocalStorage<CallWatch | undefined>();

/**
 * Begins to watch a call.
 *
 * @param caller gives the call up
 * @param now steady clock in milliseconds
 */
export function watchCall(
  what: string,
  caller: AbortSignal | undefined,
  limits: CallLimits = CALL_LIMITS,
  now: () => number = () => performance.now(),
): CallWatch {
  const controller = new AbortController();
  let failure: AgentError | undefined;
  let idle: NodeJS.Timeout | undefined;
  let grace: NodeJS.Timeout | undefined;
  let people = 0;
  let isOver = false;
  let bytes = 0;
  let leftMs = limits.totalMs;
  let startedAtMs = now();

  const fail = (error: AgentError) => {
    failure ??= error;
    controller.abort(error);
  };
  const tooLong = (limitMs: number) => {
    const seconds = Math.round(limitMs / 1000);
    fail(new AgentError('tool_failed', `${what} gave no answer within ${seconds} s and was cancelled.`));
  };
  const lost = () => {
    // The server has said its part of this round; the next one begins when the person has answered.
    if (people > 0) return;
    fail(
      new AgentError(
        'unreachable',
        `The connection was lost in the middle of ${what}. Whether it took effect is not known.`,
      ),
    );
  };
  const restart = () => {
    clearTimeout(idle);
    if (people > 0 || isOver) return;
    const nowMs = now();
    leftMs -= nowMs - startedAtMs;
    startedAtMs = nowMs;
    const limitMs = leftMs < limits.idleMs ? limits.totalMs : limits.idleMs;
    idle = setTimeout(tooLong, Math.max(0, Math.min(limits.idleMs, leftMs)), limitMs);
  };
  const onCallerAbort = () => controller.abort(caller?.reason);
  if (caller?.aborted) onCallerAbort();
  caller?.addEventListener('abort', onCallerAbort, { once: true });
  restart();

  return {
    signal: controller.signal,
    failure: () => failure,
    progressed: restart,
    askPerson: () => {
      if (people === 0) leftMs -= now() - startedAtMs;
      people += 1;
      clearTimeout(idle);
      return () => {
        people -= 1;
        startedAtMs = now();
        restart();
      };
    },
    streamExpected: () => {
      clearTimeout(grace);
      grace = undefined;
    },
    streamEnded: () => {
      clearTimeout(grace);
      if (!isOver) grace = setTimeout(lost, limits.graceMs);
    },
    received: (more) => {
      bytes += more;
      return bytes;
    },
    fail,
    isOver: () => isOver,
    end: () => {
      isOver = true;
      clearTimeout(idle);
      clearTimeout(grace);
      caller?.removeEventListener('abort', onCallerAbort);
    },
  };
}
