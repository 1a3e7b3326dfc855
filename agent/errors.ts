// The one error class of the agent, its closed list of codes, and the exit code that each of them ends the process with.

/** Why the agent has no answer. */
export type AgentErrorCode =
  /** Unknown command, flag or argument. */
  | 'usage'
  /** The environment, a flag or `.mcp.json` is wrong, incomplete or contradictory. */
  | 'invalid_configuration'
  /** The configured model provider has no key. */
  | 'missing_key'
  /** The configured model provider's package is not installed, or cannot be loaded. */
  | 'missing_package'
  /** The model provider refuses the key or the account, or does not know the model. */
  | 'model_refused'
  /** The model provider refuses for now: rate limit, quota, overload. */
  | 'model_unavailable'
  /** The model provider could make nothing of the request, or failed. */
  | 'model_failed'
  /** The authorization server gave no token: wrong credentials, or a person has to sign in first. */
  | 'login_required'
  /** The token does not carry a scope that the operation needs. */
  | 'insufficient_scope'
  /** What the server or the issuer says about itself does not fit; no credential was sent. */
  | 'untrusted_issuer'
  /** A server does not answer. */
  | 'unreachable'
  /** A server answers, but not as the protocol says. */
  | 'protocol_error'
  /** A tool reported a failure; goes back to the model. */
  | 'tool_failed'
  /** A tool call was refused by policy or by a person. */
  | 'tool_refused'
  /** The turn used up its limit of model calls or time. */
  | 'limit'
  /** The person or a signal stopped the turn. */
  | 'interrupted'
  /** A fault of the agent itself. */
  | 'internal';

/** Exit code of the process per error code. 0 is success; scripts depend on these. */
export const EXIT_CODES: Readonly<Record<AgentErrorCode, number>> = {
  usage: 2,
  invalid_configuration: 2,
  missing_key: 2,
  missing_package: 2,
  model_refused: 2,
  model_unavailable: 4,
  model_failed: 1,
  login_required: 3,
  insufficient_scope: 3,
  untrusted_issuer: 3,
  unreachable: 4,
  protocol_error: 1,
  tool_failed: 1,
  tool_refused: 5,
  limit: 124,
  interrupted: 130,
  internal: 1,
};

/** What a caller may need besides code and message. None of it is ever a secret. */
export interface AgentErrorDetails {
  /** Scopes that the operation needs and the token lacks. */
  readonly missingScopes?: readonly string[];
  /** HTTP status that was answered. */
  readonly status?: number;
}

/** A failure with a code to branch on and a message for people: what happened, what was expected, what to do next. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: AgentErrorCode;
  readonly details: AgentErrorDetails;

  constructor(code: AgentErrorCode, message: string, options: ErrorOptions & AgentErrorDetails = {}) {
    const { cause, ...details } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** The exit code for whatever was thrown: 1 for what is not an AgentError. */
export function exitCodeOf(error: unknown): number {
  return error instanceof AgentError ? EXIT_CODES[error.code] : 1;
}
