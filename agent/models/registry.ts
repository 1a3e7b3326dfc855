// The models that the agent knows, and the way from an environment to one that can be called. Importing this file loads
// no provider's package; a row loads its own when it is the one that is used, since each costs some 300 ms.

import type { AIMessage } from '@langchain/core/messages';
import { AgentError } from '../errors.ts';
import { assertInstalled, type Candidate, createCandidate } from './candidate.ts';
import { maxInputTokensOf } from './context-window.ts';
import { describeProviderError } from './model-error.ts';
import type { Environment, ModelSelection, Provider, ToolCallingModel } from './provider.ts';
import { PROVIDERS } from './providers/index.ts';
import { LAST_RESORT } from './providers/last-resort.ts';
import { REPLAY_PROVIDER } from './providers/replay.ts';
import {
  assertChosenInCi,
  assertNamesProvider,
  type ModelWish,
  NO_CHOICE,
  type ProviderRows,
  selectFallbacks,
  selectFrom,
} from './selection.ts';
import { loadModelSettings } from './settings.ts';

export { LAST_RESORT, type ModelWish, PROVIDERS };

/** A model that is ready to be called. Nothing in here is a secret but the model itself. */
export interface CreatedModel {
  readonly model: ToolCallingModel;
  /** `openai:gpt-5`, or `demo` where there is only one. */
  readonly label: string;
  /** What a person should be told at start. */
  readonly notice: string | undefined;
  /** The longest input of the selected model, in tokens; `undefined` where its package does not know it. */
  readonly maxInputTokens: number | undefined;
  /** What a message of this model cost, in US dollars; `undefined` where that is unknown. */
  readonly costUsdOf: (message: AIMessage) => number | undefined;
}

/** All optional; what is left out is the real thing. */
export interface CreateModelOptions {
  /** The rows to look in; default all. */
  readonly providers?: readonly Provider[];
  /** Hears that another model goes on for one that failed. */
  readonly onNotice?: (text: string) => void;
  /** Sends the requests of all rows; default the global one. Every attempt passes here. */
  readonly fetch?: typeof fetch;
  /** Waits between two attempts, in milliseconds; default a timer. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** The variables that selecting and building a model reads. */
export const MODEL_VARIABLES: readonly string[] = [
  ...new Set([
    'LLM_MODEL',
    'LLM_PROVIDER',
    'LLM_FALLBACK_MODELS',
    'LLM_TEMPERATURE',
    'LLM_MAX_TOKENS',
    'LLM_TIMEOUT_MS',
    'LLM_MAX_RETRIES',
    'CI',
    ...[...PROVIDERS, ...LAST_RESORT].flatMap(({ keyVariables, baseUrlVariables, extraVariables }) => [
      ...keyVariables,
      ...baseUrlVariables,
      ...extraVariables,
    ]),
  ]),
];

/**
 * Selects provider and model: `--model` before `LLM_MODEL` before `LLM_PROVIDER` before the one key that is set before
 * the keyless demo model. Looks at nothing but its arguments.
 *
 * @param said what `--model` says, or a command of the conversation; `undefined` or empty means not given
 * @param providers the rows to select from; default all
 * @throws {AgentError} `invalid_configuration` when that names no model, or more than one
 */
export function selectModel(
  environment: Environment,
  said?: string | ModelWish,
  providers = PROVIDERS,
): ModelSelection {
  return selectFrom(rowsOf(providers), environment, said);
}

/**
 * Why a text names no model, whatever else is set: it has not the form of one, or there is no such provider. `undefined` if
 * it may name one; `checkModel` tells whether it can be used.
 *
 * @param source where the text stands, for the message
 */
export function modelNameFault(environment: Environment, text: string, source: string): string | undefined {
  try {
    assertNamesProvider(rowsOf(PROVIDERS), environment, { text, source });
    return undefined;
  } catch (error) {
    if (error instanceof AgentError) return error.message;
    throw error;
  }
}

/** Whether flag or environment say anything about a model, be it right or wrong. */
export function isModelChosen(environment: Environment, flag?: string): boolean {
  try {
    return selectModel(environment, flag).reason !== NO_CHOICE;
  } catch (error) {
    if (error instanceof AgentError) return true;
    throw error;
  }
}

/**
 * The models that `LLM_FALLBACK_MODELS` names, in order.
 *
 * @throws {AgentError} `invalid_configuration`
 */
export function listFallbacks(environment: Environment): ModelSelection[] {
  return selectFallbacks(rowsOf(PROVIDERS), environment);
}

/**
 * Checks that the environment names a model and has what it and its fallbacks need, without loading anything.
 *
 * @param isTerminal whether a person watches; without one, CI gets no model that nobody chose. Default true
 * @throws {AgentError} `invalid_configuration`, `missing_key`
 */
export function checkModel(environment: Environment, said?: string | ModelWish, isTerminal = true): void {
  const rows = rowsOf(PROVIDERS);
  const selection = selectFrom(rows, environment, said);
  assertChosenInCi(selection, environment, isTerminal);
  for (const one of [selection, ...selectFallbacks(rows, environment)])
    loadModelSettings(rowOf(one, rows), one, environment);
}

/**
 * Loads the provider's package and builds the selected model. Sends nothing: whether the key is good shows at the first
 * message.
 *
 * @throws {AgentError} `invalid_configuration` with all faults of the settings, `missing_key`, `missing_package`
 */
export async function createModel(
  selection: ModelSelection,
  environment: Environment,
  options: CreateModelOptions = {},
): Promise<CreatedModel> {
  const { providers = PROVIDERS, onNotice, fetch, wait } = options;
  const rows = rowsOf(providers);
  const createFor = (one: ModelSelection): Candidate => {
    const provider = rowOf(one, rows);
    return createCandidate(labelOf(one), provider, loadModelSettings(provider, one, environment), { fetch, wait });
  };
  const candidates = [selection, ...selectFallbacks(rows, environment)].map(createFor);
  const [first, ...others] = candidates;
  const built = await first?.build();
  // Loaded when they are needed; that they are not there should show now.
  for (const { provider } of others) assertInstalled(provider);
  const [{ createChatModel }, { createCostOf }] = await Promise.all([import('./chat-model.ts'), import('./cost.ts')]);
  const found = / found$/.test(selection.reason) && selection.provider !== 'demo';
  return {
    // What was recorded went through all that once; a second time would change it.
    model: selection.provider === REPLAY_PROVIDER && built ? built.model : createChatModel({ candidates, onNotice }),
    label: labelOf(selection),
    notice: found ? `model ${labelOf(selection)} (${selection.reason})` : first?.provider.notice,
    maxInputTokens: built && maxInputTokensOf(built.model),
    costUsdOf: createCostOf(candidates),
  };
}

/**
 * Turns what a call of the selected model threw into an error that says what to do. The original is its `cause`.
 *
 * @param providers the rows to look in; default all
 */
export function describeModelError(error: unknown, selection: ModelSelection, providers = PROVIDERS): AgentError {
  const provider = rowOf(selection, rowsOf(providers));
  const settings = { model: selection.model, baseUrl: provider.baseUrl };
  return describeProviderError(error, { label: labelOf(selection), provider, settings });
}

/** `openai:gpt-5`, or `demo` where there is only one. */
export function labelOf({ provider, model }: ModelSelection): string {
  return model === '' ? provider : `${provider}:${model}`;
}

function rowsOf(providers: readonly Provider[]): ProviderRows {
  return { providers, lastResort: LAST_RESORT };
}

function rowOf(selection: ModelSelection, { providers, lastResort }: ProviderRows): Provider {
  const provider = [...providers, ...lastResort].find(({ id }) => id === selection.provider);
  if (!provider) throw new AgentError('invalid_configuration', `There is no provider ${selection.provider}.`);
  return provider;
}
