// Environment → the checked settings of one model, or one report of all faults. No value of a key variable, and no more
// of an endpoint than its origin, ever gets into a message.

import { AgentError } from '../errors.ts';
import {
  type Environment,
  type ModelSelection,
  type ModelSettings,
  type Provider,
  readBaseUrl,
  readFirst,
} from './provider.ts';
import { KEYLESS_PROVIDER } from './providers/demo.ts';
import { isCommand, toChoose } from './selection.ts';

/** A model may think for long, but a response has to begin within this time. */
const DEFAULT_TIMEOUT_MS = 60_000;
/** Enough for a passing overload; the person in front of the terminal sees a failure soon. */
const DEFAULT_MAX_RETRIES = 2;

/** Sent to servers on this machine that want some key and check none. */
const PLACEHOLDER_KEY = 'no-key-needed';

/**
 * Reads key, endpoint and the `LLM_*` settings for the selected model.
 *
 * @throws {AgentError} `invalid_configuration` with every fault, one a line; `missing_key` when only the key is missing
 */
export function loadModelSettings(
  provider: Provider,
  selection: ModelSelection,
  environment: Environment,
): ModelSettings {
  const faults: string[] = [];
  const key = readFirst(environment, provider.keyVariables);
  const extra = readAll(environment, provider.extraVariables);
  const endpoint = readEndpoint(provider, environment, { extra, hasKey: key !== undefined, faults });
  if (key && !/^[\x21-\x7e]+$/.test(key.value))
    faults.push(`${key.variable}: expected a key without spaces, line breaks and special characters`);
  const settings = {
    model: selection.model,
    ...endpoint,
    extra,
    temperature: readNumber(environment, 'LLM_TEMPERATURE', faults, 'a number from 0 to 2', (n) => n >= 0 && n <= 2),
    maxTokens: readNumber(environment, 'LLM_MAX_TOKENS', faults, 'a whole number from 1', isWholeFrom(1)),
    timeoutMs:
      readNumber(environment, 'LLM_TIMEOUT_MS', faults, 'milliseconds, a whole number from 1', isWholeFrom(1)) ??
      DEFAULT_TIMEOUT_MS,
    maxRetries:
      readNumber(environment, 'LLM_MAX_RETRIES', faults, 'a whole number from 0 to 10', isWholeFrom(0, 10)) ??
      DEFAULT_MAX_RETRIES,
  };
  if (faults.length > 0)
    throw new AgentError(
      'invalid_configuration',
      `The model's configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
  const isLocal = endpoint.isCustomBaseUrl && isLoopback(new URL(endpoint.baseUrl));
  if (!key && !provider.isKeyOptional && !isLocal)
    throw new AgentError('missing_key', describeMissingKey(provider, selection));
  return { ...settings, apiKey: key?.value ?? placeholderFor(provider) };
}

/** Clients of OpenAI's kind refuse to be built without a key, where their vendor wants one. */
function placeholderFor({ isKeyOptional, isBaseUrlRequired }: Provider): string {
  return isKeyOptional && !isBaseUrlRequired ? '' : PLACEHOLDER_KEY;
}

function describeMissingKey(provider: Provider, { model, reason }: ModelSelection): string {
  // A conversation that is going on has read its environment.
  const again = isCommand(reason) ? ' and start again' : '';
  return [
    `No API key for ${provider.id} (${provider.id}:${model}, from ${reason}).`,
    `  Set ${provider.keyVariables.join(' or ')} in your shell or in .env${again}, or try without a key: ${toChoose(KEYLESS_PROVIDER, reason)}`,
  ].join('\n');
}

function readAll(environment: Environment, variables: readonly string[]): Readonly<Record<string, string>> {
  const found = variables.flatMap((variable) => readFirst(environment, [variable]) ?? []);
  return Object.fromEntries(found.map(({ variable, value }) => [variable, value]));
}

interface EndpointContext {
  readonly extra: Readonly<Record<string, string>>;
  readonly hasKey: boolean;
  readonly faults: string[];
}

function readEndpoint(
  provider: Provider,
  environment: Environment,
  { extra, hasKey, faults }: EndpointContext,
): { readonly baseUrl: string; readonly isCustomBaseUrl: boolean } {
  const stated = readBaseUrl(provider, environment);
  const own = provider.baseUrlFor?.(extra) ?? provider.baseUrl;
  const baseUrl = stated?.value ?? own;
  if (stated && !isSecureUrl(baseUrl, hasKey))
    faults.push(
      `${stated.variable}: expected an https URL without user, query and fragment, such as https://host/v1 (plain http is for loopback only${hasKey ? '' : ', and for a private network where no key is set'})${describeOrigin(baseUrl)}`,
    );
  if (!stated && provider.isBaseUrlRequired)
    faults.push(
      `${provider.baseUrlVariables.join(' or ')}: expected the URL of the server that ${provider.id} means, it is not set`,
    );
  return { baseUrl, isCustomBaseUrl: baseUrl !== own };
}

/** A key travels to this address in the clear unless the scheme says otherwise. */
function isSecureUrl(text: string, hasKey: boolean): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username || url.password || url.search || url.hash) return false;
  if (url.protocol === 'https:') return true;
  return url.protocol === 'http:' && (isLoopback(url) || (!hasKey && isPrivate(url)));
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Addresses that no router of the internet passes on, and names that only a local network resolves. */
function isPrivate({ hostname }: URL): boolean {
  return (
    /^(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})$/.test(hostname) ||
    /^[\w-]+$|\.(?:local|internal|lan|home\.arpa)$/.test(hostname)
  );
}

/** The rest of the text may hold a password. */
function describeOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  return origin === 'null' ? '' : `, got one at ${origin}`;
}

function readNumber(
  environment: Environment,
  variable: string,
  faults: string[],
  expected: string,
  isValid: (value: number) => boolean,
): number | undefined {
  const text = readFirst(environment, [variable])?.value;
  if (text === undefined) return undefined;
  const value = /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (isValid(value)) return value;
  faults.push(`${variable}: expected ${expected}, got ${JSON.stringify(text.slice(0, 40))}`);
  return undefined;
}

function isWholeFrom(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): (value: number) => boolean {
  return (value) => Number.isSafeInteger(value) && value >= minimum && value <= maximum;
}
