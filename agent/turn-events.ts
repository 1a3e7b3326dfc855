// What happens in a turn: the closed union that `session.ts` emits and that chat, `ask` and the task runner render. Types
// only, so that whoever renders knows neither the graph nor the servers.

import type { ApprovalRequest } from './approval.ts';
import type { AuthState } from './auth/login-prompt.ts';
import type { AgentErrorCode } from './errors.ts';

/** Tokens that the model reported for a turn; `undefined` where it reports none. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars; left out where the price of a single call of the turn is unknown. */
  readonly costUsd?: number | undefined;
}

/**
 * How a turn ended. `blocked`: it went to its end, but a tool call was refused by policy or by a person. `auth_required`: a
 * login or a scope is missing. `failed` carries an error; `limit` and `interrupted` may carry a partial answer. Where several
 * apply, the first of `failed`, `interrupted`, `limit`, `auth_required`, `blocked` counts.
 */
export type TurnStatus = 'ok' | 'blocked' | 'auth_required' | 'limit' | 'interrupted' | 'failed';

/** Why a tool call gave no result, as far as a person or a script can act on it. */
export interface ToolCallError {
  readonly code: AgentErrorCode;
  readonly message: string;
  /** Scopes that would have been needed and are not held. */
  readonly missingScopes: readonly string[];
}

/** A tool call that was refused, and by whom. */
export interface Denial {
  readonly id: string;
  readonly name: string;
  readonly server: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly by: 'policy' | 'person';
  /** What the person said, or the rule; with the flag that would allow it. */
  readonly reason: string;
}

interface OfCall {
  /** Id of the tool call; the same in all events of that call. */
  readonly id: string;
  /** As the model sees it. */
  readonly name: string;
  readonly server: string;
}

/** What happens in a turn, in order. `turn-end` comes exactly once, last, whatever happened before. */
export type TurnEvent =
  | { readonly type: 'text-delta'; readonly text: string }
  /** What the model thinks aloud, where its provider gives it. No part of the answer. */
  | { readonly type: 'reasoning-delta'; readonly text: string }
  | ({ readonly type: 'tool-call'; readonly args: Readonly<Record<string, unknown>> } & OfCall)
  /** A person is being asked about the call; `approval` follows with what came of it. */
  | { readonly type: 'approval-request'; readonly request: ApprovalRequest }
  /** Comes for every call: the policy allows or denies most by itself. */
  | ({
      readonly type: 'approval';
      readonly decision: 'allowed' | 'edited' | 'denied';
      readonly by: 'policy' | 'person';
      /** Why it was denied; empty otherwise. */
      readonly reason: string;
      /** What the tool is called with, when a person has edited it. */
      readonly args?: Readonly<Record<string, unknown>>;
    } & OfCall)
  | ({
      readonly type: 'tool-progress';
      readonly progress: number;
      readonly total: number | undefined;
      readonly message: string | undefined;
    } & OfCall)
  /** Something about a login, in the middle of a turn. */
  | {
      readonly type: 'auth';
      readonly server: string;
      readonly state: AuthState;
      /** Scopes that the token holds. */
      readonly held: readonly string[];
      /** Scopes that the operation needs and the token lacks. */
      readonly needed: readonly string[];
    }
  | ({
      readonly type: 'tool-result';
      /** What the model gets to read. */
      readonly text: string;
      readonly error: ToolCallError | undefined;
      readonly durationMs: number;
    } & OfCall)
  /** Something that a person should know and that is not the model's: another model goes on, for example. */
  | { readonly type: 'notice'; readonly text: string }
  /** What broke the turn. Comes at most once, right before `turn-end`, which carries it as well. */
  | { readonly type: 'error'; readonly code: AgentErrorCode; readonly message: string }
  | TurnEnd;

export interface TurnEnd {
  readonly type: 'turn-end';
  readonly status: TurnStatus;
  /** The model's last text; empty when there is none. */
  readonly answer: string;
  /** Set when `status` is `failed`, `interrupted`, `limit` or `auth_required`. */
  readonly error: { readonly code: AgentErrorCode; readonly message: string } | undefined;
  readonly usage: Usage | undefined;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly denials: readonly Denial[];
  /** Scopes that calls of the turn needed and did not get. */
  readonly missingScopes: readonly string[];
  readonly durationMs: number;
}
