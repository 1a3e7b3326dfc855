// What a turn comes to: gathered from its events, and said once, at its end.

import { AgentError } from '../errors.ts';
import type { Denial, TurnEnd, TurnEvent, TurnStatus, Usage } from '../turn-events.ts';

/** What broke a turn. */
export interface Breakage {
  readonly status: TurnStatus;
  readonly failure: AgentError;
  /** What the model should read in place of results that never came. */
  readonly note: string;
}

export class TurnOutcome {
  answer = '';
  usage: Usage | undefined;
  modelCalls = 0;
  toolCalls = 0;
  /** Set when a limit stopped the turn. */
  limit: string | undefined;
  readonly #calls = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #denials: Denial[] = [];
  readonly #missingScopes = new Set<string>();
  #scopeMessage = '';
  readonly #startedAtMs = performance.now();

  /** Looks at an event that goes out. */
  note(event: TurnEvent): void {
    if (event.type === 'tool-call') {
      this.#calls.set(event.id, event.args);
      this.toolCalls += 1;
    }
    if (event.type === 'tool-result' && event.error?.code === 'insufficient_scope') {
      for (const scope of event.error.missingScopes) this.#missingScopes.add(scope);
      this.#scopeMessage = event.error.message;
    }
    if (event.type === 'approval' && event.decision === 'denied') {
      const { id, name, server, by, reason } = event;
      this.#denials.push({ id, name, server, args: this.#calls.get(id) ?? {}, by, reason });
    }
  }

  /** The last event, after what broke the turn, if anything did. */
  end(breakage?: Breakage): { readonly error: TurnEvent | undefined; readonly end: TurnEnd } {
    const { status, failure } = breakage ?? this.#settle();
    const error = failure && { code: failure.code, message: failure.message };
    for (const scope of failure?.details.missingScopes ?? []) this.#missingScopes.add(scope);
    return {
      error: error && { type: 'error', ...error },
      end: {
        type: 'turn-end',
        status,
        answer: this.answer,
        error,
        usage: this.usage,
        modelCalls: this.modelCalls,
        toolCalls: this.toolCalls,
        denials: this.#denials,
        missingScopes: [...this.#missingScopes],
        durationMs: Math.round(performance.now() - this.#startedAtMs),
      },
    };
  }

  /** A turn that went to its end: the first that applies counts. */
  #settle(): { status: TurnStatus; failure?: AgentError } {
    if (this.limit !== undefined) return { status: 'limit', failure: new AgentError('limit', this.limit) };
    if (this.#scopeMessage !== '')
      return { status: 'auth_required', failure: new AgentError('insufficient_scope', this.#scopeMessage) };
    return { status: this.#denials.length > 0 ? 'blocked' : 'ok' };
  }
}

/** What broke the turn, from what was thrown and from who stopped it. */
export function diagnose(
  error: unknown,
  { caller, timeout, timeoutMs }: { caller: AbortSignal; timeout: AbortSignal | undefined; timeoutMs?: number },
): Breakage {
  if (caller.aborted)
    return {
      status: 'interrupted',
      failure: new AgentError('interrupted', 'The turn was cancelled.', { cause: error }),
      note: 'Cancelled by the user before there was a result.',
    };
  if (timeout?.aborted)
    return {
      status: 'limit',
      failure: new AgentError('limit', `The turn used up its ${timeoutMs} ms. Allow more with --timeout.`, {
        cause: error,
      }),
      note: 'No result: the turn used up its time.',
    };
  const failure =
    findAgentError(error) ??
    new AgentError('internal', `This is a fault of the agent itself: ${String(error)}`, { cause: error });
  const isAuth = failure.code === 'login_required' || failure.code === 'insufficient_scope';
  return { status: isAuth ? 'auth_required' : 'failed', failure, note: 'No result: the turn failed.' };
}

/** Our own error; when several calls failed at once, LangGraph throws all of their errors in one. */
function findAgentError(error: unknown): AgentError | undefined {
  if (error instanceof AgentError) return error;
  const parts: unknown[] = error instanceof AggregateError ? error.errors : [];
  return parts.find((part) => part instanceof AgentError);
}
