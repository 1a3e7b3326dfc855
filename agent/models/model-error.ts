// What a provider's SDK throws → an AgentError that says what to do. By status and error code rather than by class, since
// every provider has its own classes and none of them is loaded here.

import { AgentError } from '../errors.ts';
import type { Provider } from './provider.ts';

/** Longest piece of a server's own words in a message, in characters. */
const MAX_QUOTE_LENGTH = 200;
/** How deep `cause` is followed; a cycle ends here. */
const MAX_CAUSES = 8;

/** Network errors of Node and undici: nobody answered. */
const UNREACHABLE = /^(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|UND_ERR_\w+|CERT_\w+)$/;

/**
 * Names what went wrong between us and the provider, and the next step. Keys stay out: the words of the server are left
 * away where it refuses a key, since some repeat it, and cut short and cleaned elsewhere.
 */
export function describeProviderError(error: unknown, provider: Provider, label: string): AgentError {
  if (error instanceof AgentError) return error;
  const chain = causesOf(error);
  if (isAbort(error)) return new AgentError('interrupted', 'The call of the model was cancelled.', { cause: error });
  const status = chain.map(({ status }) => status).find((value) => typeof value === 'number');
  if (typeof status === 'number')
    return new AgentError('model_failed', describeStatus(status, error, provider, label), { cause: error, status });

  const network = chain.find(({ code }) => typeof code === 'string' && UNREACHABLE.test(code));
  const where = provider.baseUrlVariables.length === 0 ? '' : `, ${provider.baseUrlVariables.join(' or ')}`;
  if (network)
    return new AgentError(
      'unreachable',
      `${label} did not answer (${network.code}${addressOf(network)}). Check the network${where}, and that the server is running.`,
      { cause: error },
    );
  if (chain.some(({ name }) => name === 'TimeoutError'))
    return new AgentError(
      'unreachable',
      `${label} did not begin to answer in time. Try again, or allow more with LLM_TIMEOUT_MS (milliseconds).`,
      { cause: error },
    );
  return new AgentError('model_failed', `${label} failed${quoteOf(error)}.`, { cause: error });
}

function describeStatus(status: number, error: unknown, provider: Provider, label: string): string {
  const keys = provider.keyVariables.join(' or ');
  switch (status) {
    case 401:
      return `${provider.id} refused the API key (HTTP 401). Check ${keys || 'the credentials'}.`;
    case 403:
      return `${provider.id} does not let this API key use ${label} (HTTP 403). Check ${keys || 'the credentials'} and what the account may use.`;
    case 404:
      return `${provider.id} does not know the model ${label}, or nothing is at this address (HTTP 404). Check LLM_MODEL${provider.baseUrlVariables.map((variable) => ` and ${variable}`).join('')}.`;
    case 429:
      return `${label} refuses more requests for now (HTTP 429): a rate limit, or the account's quota is used up${quoteOf(error)}. Wait, or check the account's plan and billing.`;
    default:
      return `${label} answered HTTP ${status}${quoteOf(error)}.${status >= 500 ? ' The fault is at the provider; try again.' : ''}`;
  }
}

interface Cause {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
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

/** The ways in which an aborted call surfaces: the signal's own reason, the SDK's error, LangChain's errors. */
function isAbort(error: unknown): boolean {
  if (error instanceof DOMException) return true;
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

/** What the server said, without control characters, key-like words and LangChain's advertisement of its handbook. */
function quoteOf(error: unknown): string {
  if (!(error instanceof Error) || error.message === '') return '';
  const text = error.message
    .replace(/\s*Troubleshooting URL:[\s\S]*$/, '')
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replace(/\b(?:Bearer\s+\S+|(?:sk|rk|pk)-[\w*-]{6,})/gi, '[key]');
  return `: ${JSON.stringify(text.slice(0, MAX_QUOTE_LENGTH))}`;
}
