// Why a request to a provider failed, as the transport saw it: the packages' own errors differ, and some lose half.

import type { FailedAnswer } from './retry.ts';

/** `answer`: the server refused. `network`: no answer. `timeout`: none in time. `broken`: it ended in the middle. */
export type ProviderErrorKind = 'answer' | 'network' | 'timeout' | 'broken';

/** Stays inside `models/`, where `model-error.ts` makes an AgentError of it. Its message may quote nothing of a server. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly kind: ProviderErrorKind;
  /** Where the request went. */
  readonly origin: string;
  /** Set when `kind` is `answer`. */
  readonly answer: FailedAnswer | undefined;

  constructor(kind: ProviderErrorKind, origin: string, options: ErrorOptions & { answer?: FailedAnswer } = {}) {
    super(`${origin}: ${kind}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.origin = origin;
    this.answer = options.answer;
  }
}
