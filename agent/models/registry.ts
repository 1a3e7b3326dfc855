// The models that the agent knows: one row per provider. Importing this file loads no provider's package; a row loads its
// own when it is the one selected, since each costs some 300 ms.

import { AgentError } from '../errors.ts';
import { describeProviderError } from './model-error.ts';
import type { Environment, ModelSelection, Provider, ToolCallingModel } from './provider.ts';
import { KEYLESS_PROVIDER, selectFrom } from './selection.ts';
import { loadModelSettings } from './settings.ts';

/** A model that is ready to be called. Nothing in here is a secret but the model itself. */
export interface CreatedModel {
  readonly model: ToolCallingModel;
  /** `openai:gpt-5`, or `demo` where there is only one. */
  readonly label: string;
  /** What a person should be told at start. */
  readonly notice: string | undefined;
}

const OPENAI: Provider = {
  id: 'openai',
  package: { name: '@langchain/openai', version: '1.6.0' },
  keyVariables: ['OPENAI_API_KEY'],
  baseUrlVariables: ['OPENAI_BASE_URL'],
  baseUrl: 'https://api.openai.com/v1',
  defaultModel: 'gpt-5',
  recognises: /^(?:gpt-|chatgpt-|o\d)/,
  notice: undefined,
  load: async () => {
    const { ChatOpenAI, ChatOpenAICompletions } = await import('@langchain/openai');
    return (settings) => {
      const fields = {
        model: settings.model,
        apiKey: settings.apiKey,
        // A base URL beside `configuration` is ignored. It is always given: without one, OPENAI_API_BASE or
        // LANGSMITH_GATEWAY in the process environment would send conversation and key somewhere else.
        configuration: {
          baseURL: settings.baseUrl,
          // Account identifiers that the SDK would take from the process environment are nobody else's business.
          ...(settings.isCustomBaseUrl ? { organization: null, project: null } : {}),
        },
        // Not `streaming: true`: it streams for those who asked for a whole message too, and counts tokens for them with
        // a table that it fetches from tiktoken.pages.dev. Whoever streams gets a stream without it.
        streamUsage: true,
        timeout: settings.timeoutMs,
        maxRetries: settings.maxRetries,
        ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
        ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
      };
      // `ChatOpenAI` picks the Responses API by the model's name even with `useResponsesApi: false`; compatible servers
      // rarely have it.
      return settings.isCustomBaseUrl ? new ChatOpenAICompletions(fields) : new ChatOpenAI(fields);
    };
  },
};

const DEMO: Provider = {
  id: KEYLESS_PROVIDER,
  package: undefined,
  keyVariables: [],
  baseUrlVariables: [],
  baseUrl: '',
  defaultModel: '',
  recognises: undefined,
  notice: 'demo model: not an LLM, it only matches words to tools. Set LLM_MODEL=provider:model for a real one.',
  load: async () => {
    const { createDemoModel } = await import('./demo.ts');
    return () => createDemoModel();
  },
};

export const PROVIDERS: readonly Provider[] = [OPENAI, DEMO];

/** The variables that selecting and building a model reads. */
export const MODEL_VARIABLES: readonly string[] = [
  'LLM_MODEL',
  'LLM_PROVIDER',
  'LLM_TEMPERATURE',
  'LLM_MAX_TOKENS',
  'LLM_TIMEOUT_MS',
  'LLM_MAX_RETRIES',
  ...PROVIDERS.flatMap(({ keyVariables, baseUrlVariables }) => [...keyVariables, ...baseUrlVariables]),
];

/**
 * Selects provider and model: `--model` before `LLM_MODEL` before `LLM_PROVIDER` before the one key that is set before
 * the keyless demo model. Looks at nothing but its arguments.
 *
 * @param flag what `--model` says; `undefined` or empty means not given
 * @param providers the rows to select from; default all
 * @throws {AgentError} `invalid_configuration` when that names no model, or more than one
 */
export function selectModel(environment: Environment, flag?: string, providers = PROVIDERS): ModelSelection {
  return selectFrom(providers, environment, flag);
}

/**
 * Checks that the environment names a model and has what it needs, without loading anything.
 *
 * @throws {AgentError} `invalid_configuration`, `missing_key`
 */
export function checkModel(environment: Environment, flag?: string, providers = PROVIDERS): void {
  const selection = selectFrom(providers, environment, flag);
  loadModelSettings(rowOf(selection, providers), selection, environment);
}

/**
 * Loads the provider's package and builds the selected model. Sends nothing: whether the key is good shows at the first
 * message.
 *
 * @param providers the rows to look in; default all
 * @throws {AgentError} `invalid_configuration` with all faults of the settings, `missing_key`, `missing_package`
 */
export async function createModel(
  selection: ModelSelection,
  environment: Environment,
  providers = PROVIDERS,
): Promise<CreatedModel> {
  const provider = rowOf(selection, providers);
  const settings = loadModelSettings(provider, selection, environment);
  const build = await loadPackage(provider);
  return { model: build(settings), label: labelOf(selection), notice: provider.notice };
}

/**
 * Turns what a call of the selected model threw into an error that says what to do. The original is its `cause`.
 *
 * @param providers the rows to look in; default all
 * @returns `model_failed`, or `unreachable` when no answer came, or `interrupted` when the call was aborted
 */
export function describeModelError(error: unknown, selection: ModelSelection, providers = PROVIDERS): AgentError {
  return describeProviderError(error, rowOf(selection, providers), labelOf(selection));
}

function labelOf({ provider, model }: ModelSelection): string {
  return model === '' ? provider : `${provider}:${model}`;
}

function rowOf(selection: ModelSelection, providers: readonly Provider[]): Provider {
  const provider = providers.find(({ id }) => id === selection.provider);
  if (!provider) throw new AgentError('invalid_configuration', `There is no provider ${selection.provider}.`);
  return provider;
}

/** Tells a package that is not there from one that is there and broken: the remedies differ. */
async function loadPackage(provider: Provider): ReturnType<Provider['load']> {
  try {
    return await provider.load();
  } catch (error) {
    if (!provider.package || !(error instanceof Error)) throw error;
    const { name, version } = provider.package;
    // Node names the package that it looked for; another name means that one of its dependencies is missing.
    const isMissing =
      'code' in error && error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(`package '${name}'`);
    throw new AgentError(
      'missing_package',
      isMissing
        ? `Package ${name} is not installed (needed by LLM_MODEL=${provider.id}:…).\n  npm install ${name}@${version}`
        : `Package ${name} is installed, but cannot be loaded: ${error.message.split('\n', 1)[0]}`,
      { cause: error },
    );
  }
}
