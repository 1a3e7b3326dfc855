// What a row of the model registry is, and what passes between selecting a model, reading its settings and building it.
// One function beside the types, so that a row, a rule and a test can share them without loading each other.

import type { BaseChatModel } from '@langchain/core/language_models/chat_models';

/** Variables by name. An empty string counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A chat model that can be bound to tools. */
export type ToolCallingModel = BaseChatModel & Required<Pick<BaseChatModel, 'bindTools'>>;

/** Which model to use, and why that one. */
export interface ModelSelection {
  readonly provider: string;
  /** The model's name at the provider; empty where the provider has only one model. */
  readonly model: string;
  /** For people: `--model`, `LLM_MODEL`, `LLM_PROVIDER`, `OPENAI_API_KEY found` or `no key found`. */
  readonly reason: string;
}

/** Everything that a row needs to build its model; checked. */
export interface ModelSettings {
  readonly model: string;
  /** A secret. Empty where the provider takes none. */
  readonly apiKey: string;
  /** Empty where the provider has no endpoint. */
  readonly baseUrl: string;
  /** Whether `baseUrl` came from the environment and is another than the provider's own. */
  readonly isCustomBaseUrl: boolean;
  /** `undefined` leaves it to the provider. */
  readonly temperature: number | undefined;
  /** Longest answer, in tokens; `undefined` leaves it to the provider. */
  readonly maxTokens: number | undefined;
  /** Time until a response begins, per attempt. */
  readonly timeoutMs: number;
  /** Further attempts after the first. */
  readonly maxRetries: number;
}

/** One row of the registry. */
export interface Provider {
  /** What stands before the colon in `LLM_MODEL`. */
  readonly id: string;
  /** The npm package that has the model class, pinned; `undefined` where none is needed. */
  readonly package: { readonly name: string; readonly version: string } | undefined;
  /** Variables that may hold the key, the first that is set wins; empty for a provider without keys. */
  readonly keyVariables: readonly string[];
  /** Variables that may hold the endpoint, the first that is set wins. */
  readonly baseUrlVariables: readonly string[];
  /** The provider's own endpoint; empty where there is none. */
  readonly baseUrl: string;
  /** Empty where the provider has only one model. */
  readonly defaultModel: string;
  /** Model names that are recognisably this provider's; used for hints, never to guess. */
  readonly recognises: RegExp | undefined;
  /** What a person should be told at start. */
  readonly notice: string | undefined;
  /** Loads the package; the function it gives builds the model. Loading and building fail differently. */
  readonly load: () => Promise<(settings: ModelSettings) => ToolCallingModel>;
}

/** The value of the first variable that is set to something other than white space, and that variable's name. */
export function readFirst(
  environment: Environment,
  variables: readonly string[],
): { readonly variable: string; readonly value: string } | undefined {
  for (const variable of variables) {
    const value = environment[variable]?.trim();
    if (value) return { variable, value };
  }
  return undefined;
}
