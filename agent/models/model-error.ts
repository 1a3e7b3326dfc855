// What a call of a model threw → an AgentError that says which variable, which host, what next. By status and error code
// rather than by class, since every provider has its own classes and none of them is loaded here.

import { AgentError } from '../errors.ts';
import type { ModelSettings, Provider } from './provider.ts';
import { ProviderError } from './provider-error.ts';
import { describeRefusal } from './refusal.ts';
import { quoteServer } from './server-words.ts';

/** How deep `cause` is followed; a cycle ends here. */
const MAX_CAUSES = 8;

/** Network errors of Node and undici: nobody answered. */
const UNREACHABLE =
  /^(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|UND_ERR_\w+|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+)$/;

/** The model that was called. */
export interface CalledModel {
  /** `openai:gpt-5`. */
  readonly label: string;
  readonly provider: Provider;
  readonly settings: Pick<ModelSettings, 'model' | 'baseUrl'>;
}

/**
 * Names what went wrong between us and the provider, and the next step. Keys stay out: the words of the server are left
 * away where it refuses a key, since some repeat it, and cut short and cleaned elsewhere.
 *
 * @returns `model_refused` for key, model or account; `model_unavailable` when it may work later; `unreachable` when no
 * answer came; `interrupted` when the call was aborted; `model_failed` for the rest
 */
export function describeProviderError(error: unknown, called: CalledModel): AgentError {
  if (error instanceof AgentError) return error;
  const chain = causesOf(error);
  const ours = chain.find((cause) => cause instanceof AgentError);
  if (ours instanceof AgentError) return ours;
  if (isAbort(error)) return new AgentError('interrupted', 'The call of the model was cancelled.', { cause: error });
  const seen = chain.find((cause) => cause instanceof ProviderError);
  if (seen instanceof ProviderError && seen.answer) return describeRefusal(seen.answer, error, called);
  const status = chain.map(statusOf).find((value) => value !== undefined);
  if (status !== undefined)
    return describeRefusal({ status, headers: new Headers(), text: messageOf(error) }, error, called);

  const { label } = called;
  const network = chain.find(({ code }) => typeof code === 'string' && UNREACHABLE.test(code));
  if (network && !(seen instanceof ProviderError && seen.kind === 'broken'))
    return new AgentError(
      'unreachable',
      `${label} did not answer${originOf(called)} (${network.code}${addressOf(network)}). ${whatNext(called)}`,
      { cause: error },
    );
  if (seen instanceof ProviderError && seen.kind === 'broken')
    return new AgentError(
      'unreachable',
      `The answer of ${label} broke off in the middle${originOf(called)}. Try again.`,
      { cause: error },
    );
  if (chain.some(({ name }) => name === 'TimeoutError') || (seen instanceof ProviderError && seen.kind === 'timeout'))
    return new AgentError(
      'unreachable',
      `${label} did not answer in time${originOf(called)}. Try again, or allow more with LLM_TIMEOUT_MS (milliseconds).`,
      { cause: error },
    );
  if (seen instanceof ProviderError)
    return new AgentError('unreachable', `${label} did not answer${originOf(called)}. ${whatNext(called)}`, {
      cause: error,
    });
  return new AgentError('model_failed', `${label} failed${quoteServer(messageOf(error))}.`, { cause: error });
}

function whatNext({ provider, settings }: CalledModel): string {
  if (provider.unreachableHint) return provider.unreachableHint(settings);
  const where = provider.baseUrlVariables.length === 0 ? '' : `, ${provider.baseUrlVariables.join(' or ')}`;
  return `Check the network${where}, and that the server is running.`;
}

/** Host, and the variable that names it. */
function originOf({ provider, settings }: CalledModel): string {
  if (!URL.canParse(settings.baseUrl)) return '';
  const [variable] = provider.baseUrlVariables;
  return ` at ${new URL(settings.baseUrl).origin}${settings.baseUrl === provider.baseUrl || !variable ? '' : `, from ${variable}`}`;
}

interface Cause {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
  readonly address?: unknown;
  readonly port?: unknown;
  readonly hostname?: unknown;
}

/** The error and everything behind it: `cause`, and the first of several that failed together. */
function causesOf(error: unknown): Cause[] {
  const chain: Cause[] = [];
  let current = error;
  while (typeof current === 'object' && current !== null && chain.length < MAX_CAUSES) {
    // An object has any property for reading; each is checked where it is used.
    const cause = current as Cause & { readonly cause?: unknown; readonly errors?: unknown };
    chain.push(cause);
    current = cause.cause ?? (Array.isArray(cause.errors) ? cause.errors[0] : undefined);
  }
  return chain;
}

/** Where the SDKs put it: most as `status`, Mistral's as `statusCode`, AWS's in its metadata. */
function statusOf({ status, statusCode, $metadata }: Cause): number | undefined {
  return [status, statusCode, $metadata?.httpStatusCode].find((value) => typeof value === 'number');
}

/** The ways in which an aborted call surfaces: the signal's own reason, the SDK's error, LangChain's errors. */
function isAbort(error: unknown): boolean {
  if (error instanceof DOMException) return error.name === 'AbortError';
  if (!(error instanceof Error)) return false;
  return (
    /^(?:AbortError|APIUserAbortError|ModelAbortError)$/.test(error.name) ||
    /^(?:AbortError|Aborted)$/.test(error.message)
  );
}

function addressOf({ address, port, hostname }: Cause): string {
  if (typeof address === 'string') return ` at ${address}${typeof port === 'number' ? `:${port}` : ''}`;
  return typeof hostname === 'string' ? ` for ${hostname}` : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
