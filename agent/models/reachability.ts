// Whether a provider is there and takes the key: one request in bounded time that sends no prompt and costs nothing.

import { AgentError } from '../errors.ts';
import { describeProviderError } from './model-error.ts';
import type { ModelSettings, Provider } from './provider.ts';
import { createTransport } from './transport.ts';

/** Somebody waits for it. */
const TIMEOUT_MS = 5_000;

export type Reachability =
  | { readonly state: 'reachable' }
  /** Somebody answers, or nobody does; `reason` says what is wrong, and what to do. */
  | { readonly state: 'failed'; readonly reason: string }
  /** The provider has nothing that can be asked without a prompt. */
  | { readonly state: 'unknown' };

/** Asks the provider. Never throws: what goes wrong is the answer. */
export async function checkReachability(
  provider: Provider,
  settings: ModelSettings,
  fetch?: typeof globalThis.fetch,
): Promise<Reachability> {
  if (!provider.reachability) return { state: 'unknown' };
  const { url, headers } = provider.reachability(settings);
  const transport = createTransport({ baseUrl: settings.baseUrl, timeoutMs: TIMEOUT_MS, maxRetries: 0, fetch });
  const called = { label: provider.id, provider, settings };
  try {
    const response = await transport(url, { headers });
    if (response.ok) return await checkModel(provider, settings, response);
    // The message is made from what the transport saw; a refusal reaches us as an answer.
    const failure = Object.assign(new Error(await response.text()), { status: response.status });
    return { state: 'failed', reason: describeProviderError(failure, called).message };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const described = error instanceof AgentError ? error : describeProviderError(error, called);
    return { state: 'failed', reason: described.message };
  }
}

/** Ollama lists what was pulled; a model that is not among it will not be there at the first message either. */
async function checkModel(
  { id, unreachableHint }: Provider,
  { model, timeoutMs: _, ...settings }: ModelSettings,
  response: Response,
): Promise<Reachability> {
  const text = await response.text();
  const isMissing =
    id === 'ollama' && model !== '' && !text.includes(`"${model}"`) && !text.includes(`"${model}:latest"`);
  if (!isMissing) return { state: 'reachable' };
  return {
    state: 'failed',
    reason:
      `Ollama answers at ${settings.baseUrl}, but has no model ${model}. ${unreachableHint?.({ model }) ?? ''}`.trim(),
  };
}
