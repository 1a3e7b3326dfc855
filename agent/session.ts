// One conversation: a request goes in, a closed union of events comes out. Chat, `ask` and the task runner only render
// these events; none of them knows the graph.

import type { AgentErrorCode } from './errors.ts';

/** Tokens that the model reported for a turn; `undefined` where it reports none. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** How a turn ended. `failed` carries an error; `limit` and `interrupted` may carry a partial answer. */
export type TurnStatus = 'ok' | 'limit' | 'interrupted' | 'failed';

/** Why a tool call gave no result, as far as a person or a script can act on it. */
export interface ToolCallError {
  readonly code: AgentErrorCode;
  readonly message: string;
  /** Scopes that would have been needed and are not held. */
  readonly missingScopes: readonly string[];
}

/** What happens in a turn, in order. `turn-end` comes exactly once, last, whatever happened before. */
export type TurnEvent =
  | { readonly type: 'text-delta'; readonly text: string }
  | {
      readonly type: 'tool-call';
      readonly id: string;
      readonly name: string;
      readonly server: string;
      readonly args: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: 'tool-result';
      readonly id: string;
      readonly name: string;
      readonly server: string;
      /** What the model gets to read. */
      readonly text: string;
      readonly error: ToolCallError | undefined;
      readonly durationMs: number;
    }
  | {
      readonly type: 'turn-end';
      readonly status: TurnStatus;
      /** The model's last text; empty when there is none. */
      readonly answer: string;
      /** Set when `status` is not `ok`. */
      readonly error: { readonly code: AgentErrorCode; readonly message: string } | undefined;
      readonly usage: Usage | undefined;
      readonly durationMs: number;
    };

export interface Session {
  readonly threadId: string;
  /**
   * Runs one turn. Aborting `signal` ends it with status `interrupted`, cancels tool calls in flight at their servers
   * and leaves the conversation in a state that the next turn can go on from. Never throws: failures are events.
   */
  run(request: string, signal: AbortSignal): AsyncIterable<TurnEvent>;
}
