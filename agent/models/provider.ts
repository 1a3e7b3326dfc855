// What a row of the model registry is, and what passes between selecting a model, reading its settings and building it.
// Two functions beside the types, so that rows, rules and tests can share them without loading each other.

import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import type { BaseMessage } from '@langchain/core/messages';
import { type JsonSchema, plainSchema } from './plain-schema.ts';

/** Variables by name. An empty string counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A chat model that can be bound to tools. */
export type ToolCallingModel = BaseChatModel & Required<Pick<BaseChatModel, 'bindTools'>>;

/** Which model to use, and why that one. */
export interface ModelSelection {
  readonly provider: string;
  /** The model's name at the provider; empty where the provider has only one model. */
  readonly model: string;
  /** For people: `--model`, `/model`, `LLM_MODEL`, `LLM_PROVIDER`, `OPENAI_API_KEY found` or `no key found`. */
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
  /** Time until a response begins, and between two pieces of it, per attempt. */
  readonly timeoutMs: number;
  /** Further attempts after the first. */
  readonly maxRetries: number;
  /** The row's `extraVariables` that are set. May hold secrets. */
  readonly extra: Readonly<Record<string, string>>;
}

/** The body of a request, as the package wrote it. */
export type JsonBody = Readonly<Record<string, unknown>>;

/** A request that shows whether endpoint and key are good; it sends no prompt. */
export interface ReachabilityRequest {
  readonly url: string;
  /** May hold the key. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Where a model takes the images that a tool returned: in the tool's result, in a message after it, or nowhere. A model
 * that is known to take no images gets none, whatever its provider takes.
 */
export type ToolImages = 'in-result' | 'beside' | 'none';

/** Builds a model whose requests all go through `transport`. */
export type ModelBuilder = (
  settings: ModelSettings,
  transport: typeof fetch,
) => ToolCallingModel | Promise<ToolCallingModel>;

/** One row of the registry. */
export interface Provider {
  /** What stands before the colon in `LLM_MODEL`. */
  readonly id: string;
  /** Other names that people know it by. */
  readonly aliases: readonly string[];
  /** The npm package that has the model class, pinned; `undefined` where none is needed. */
  readonly package: { readonly name: string; readonly version: string } | undefined;
  /** Packages that have to be there too, in whatever version. */
  readonly alsoNeeds: readonly string[];
  /** Where the provider's models and keys are described. */
  readonly docs: string;
  /** Variables that may hold the key, the first that is set wins; empty for a provider without keys. */
  readonly keyVariables: readonly string[];
  /** Whether the provider can be used without a key, elsewhere than on this machine. */
  readonly isKeyOptional: boolean;
  /** Variables that may hold the endpoint, the first that is set wins. */
  readonly baseUrlVariables: readonly string[];
  /** The provider's own endpoint; empty where there is none or where every account has its own. */
  readonly baseUrl: string;
  /** The provider's own endpoint, where that depends on other variables. */
  readonly baseUrlFor: ((extra: ModelSettings['extra']) => string) | undefined;
  /** Whether the endpoint has to be stated. */
  readonly isBaseUrlRequired: boolean;
  /** Brings the spellings of an endpoint that people use to the one that the package wants. */
  readonly normaliseBaseUrl: (text: string) => string;
  /** Further variables that the row reads; all strings. */
  readonly extraVariables: readonly string[];
  /** The model where none is named; `''` where the provider has only one, `undefined` where one has to be named. */
  readonly defaultModel: string | undefined;
  /** The variable that names the model where `LLM_MODEL` does not. */
  readonly modelVariable: string | undefined;
  /** Model names that are recognisably this provider's; used for hints, never to guess. */
  readonly recognises: RegExp | undefined;
  /** What a person should be told at start. */
  readonly notice: string | undefined;
  /** What to try when nobody answers at the endpoint. */
  readonly unreachableHint: ((settings: { readonly model: string }) => string) | undefined;
  readonly toolImages: ToolImages | ((model: string) => ToolImages);
  /** Whether every whole answer says why it ended; one that does not was cut off on the way. */
  readonly saysWhyItEnds: boolean;
  /** Asks for the list of models; `undefined` where nothing can be asked without a prompt. */
  readonly reachability: ((settings: ModelSettings) => ReachabilityRequest) | undefined;
  /** Brings a tool's schema to what the vendor accepts; `undefined` leaves the tools as they are. */
  readonly adaptSchema: ((schema: JsonSchema) => JsonSchema) | undefined;
  /** Brings a request's JSON body to what the provider accepts, where the package does not. */
  readonly mendRequest: ((body: JsonBody, messages: readonly BaseMessage[]) => JsonBody) | undefined;
  /** Brings an answer that is a success to what the package understands, where it misses something. */
  readonly mendAnswer: ((response: Response) => Response) | undefined;
  /** Loads the package; the function it gives builds the model. Loading and building fail differently. */
  readonly load: () => Promise<ModelBuilder>;
}

/** What most rows have in common. */
export const PROVIDER_DEFAULTS = {
  aliases: [],
  alsoNeeds: [],
  isKeyOptional: false,
  isBaseUrlRequired: false,
  baseUrlFor: undefined,
  normaliseBaseUrl: (text: string) => text,
  extraVariables: [],
  modelVariable: undefined,
  recognises: undefined,
  notice: undefined,
  unreachableHint: undefined,
  toolImages: 'none',
  saysWhyItEnds: true,
  reachability: undefined,
  adaptSchema: plainSchema,
  mendRequest: undefined,
  mendAnswer: undefined,
} as const satisfies Partial<Provider>;

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

/** The endpoint that the environment states for a provider, in the spelling of its package; not checked. */
export function readBaseUrl(
  provider: Provider,
  environment: Environment,
): { readonly variable: string; readonly value: string } | undefined {
  const stated = readFirst(environment, provider.baseUrlVariables);
  return stated && { ...stated, value: provider.normaliseBaseUrl(stated.value.replace(/\/+$/, '')) };
}
