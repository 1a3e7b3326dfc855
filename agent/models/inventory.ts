// What is configured, for a person to look at: the model that would be used, and every provider with its key, masked,
// and its endpoint. Loads nothing but the package of the selected model, sends nothing unless it is asked to check.

import { AgentError } from '../errors.ts';
import { assertInstalled, createCandidate } from './candidate.ts';
import { maskKey } from './masked-key.ts';
import { type Environment, type ModelSelection, type Provider, readBaseUrl, readFirst } from './provider.ts';
import { checkReachability, type Reachability } from './reachability.ts';
import { labelOf, listFallbacks, PROVIDERS, selectModel } from './registry.ts';
import { loadModelSettings } from './settings.ts';

export interface ProviderEntry {
  readonly id: string;
  readonly package: string | undefined;
  readonly isInstalled: boolean;
  /** The variable that holds the key, and the key, masked. */
  readonly key: { readonly variable: string; readonly masked: string } | undefined;
  /** The variables that would hold a key. */
  readonly keyVariables: readonly string[];
  /** Origin and path; empty where there is none. */
  readonly baseUrl: string;
  readonly defaultModel: string | undefined;
  readonly docs: string;
  /** Set when it was asked for and the provider is configured. */
  readonly reachability: Reachability | undefined;
}

export interface Inventory {
  readonly selected: { readonly label: string; readonly reason: string } | undefined;
  /** Why nothing is selected, or what the selected model lacks. */
  readonly fault: string | undefined;
  readonly fallbacks: readonly string[];
  /** What the package knows of the selected model: `toolCalling`, `imageInputs`, `maxInputTokens` and so on. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly providers: readonly ProviderEntry[];
}

export interface InventoryOptions {
  /** What `--model` says. */
  readonly flag?: string | undefined;
  /** Whether to ask the configured providers if they are there. */
  readonly check: boolean;
  /** Sends the requests of the check; default the global one. */
  readonly fetch?: typeof fetch;
}

/** Takes stock. Never throws for what is wrong with the configuration: that is what it tells. */
export async function takeInventory(environment: Environment, options: InventoryOptions): Promise<Inventory> {
  const { flag, check, fetch } = options;
  const selected = attempt(() => selectModel(environment, flag));
  const fallbacks = attempt(() => listFallbacks(environment));
  const capabilities = selected.value ? await loadCapabilities(selected.value, environment) : NOTHING;
  const providers = await Promise.all(
    PROVIDERS.map((provider) => describe(provider, environment, { selection: selected.value, check, fetch })),
  );
  return {
    selected: selected.value && { label: labelOf(selected.value), reason: selected.value.reason },
    fault: selected.fault ?? fallbacks.fault ?? capabilities.fault,
    fallbacks: (fallbacks.value ?? []).map(labelOf),
    capabilities: capabilities.value ?? {},
    providers,
  };
}

interface DescribeOptions {
  readonly selection: ModelSelection | undefined;
  readonly check: boolean;
  readonly fetch: typeof globalThis.fetch | undefined;
}

async function describe(
  provider: Provider,
  environment: Environment,
  { selection, check, fetch }: DescribeOptions,
): Promise<ProviderEntry> {
  const key = readFirst(environment, provider.keyVariables);
  const stated = readBaseUrl(provider, environment);
  const isSelected = selection?.provider === provider.id;
  const isConfigured = key !== undefined || stated !== undefined || isSelected;
  // Its settings, as the model would get them; what is wrong with them is the answer of the check.
  const wanted = isSelected ? selection : { provider: provider.id, model: provider.defaultModel ?? '', reason: '' };
  const settings = isConfigured ? attempt(() => loadModelSettings(provider, wanted, environment)) : NOTHING;
  const failed = settings.fault === undefined ? undefined : { state: 'failed' as const, reason: settings.fault };
  return {
    id: provider.id,
    package: provider.package && `${provider.package.name}@${provider.package.version}`,
    isInstalled: attempt(() => assertInstalled(provider)).fault === undefined,
    key: key && { variable: key.variable, masked: maskKey(key.value) },
    keyVariables: provider.keyVariables,
    // Only what was checked is shown: an address that was refused may hold a password.
    baseUrl: settings.value?.baseUrl ?? (stated ? '' : provider.baseUrl),
    defaultModel: provider.defaultModel,
    docs: provider.docs,
    reachability:
      check && settings.value ? await checkReachability(provider, settings.value, fetch) : check ? failed : undefined,
  };
}

async function loadCapabilities(
  selection: ModelSelection,
  environment: Environment,
): Promise<Attempt<Readonly<Record<string, unknown>>>> {
  const provider = PROVIDERS.find(({ id }) => id === selection.provider);
  // What replays is a recording; it can do what was recorded.
  if (!provider || provider.id === 'replay') return NOTHING;
  try {
    const settings = loadModelSettings(provider, selection, environment);
    const { model } = await createCandidate(labelOf(selection), provider, settings).build();
    return { value: { ...model.profile }, fault: undefined };
  } catch (error) {
    return faultOf(error);
  }
}

interface Attempt<T> {
  readonly value: T | undefined;
  readonly fault: string | undefined;
}

const NOTHING = { value: undefined, fault: undefined };

function attempt<T>(run: () => T): Attempt<T> {
  try {
    return { value: run(), fault: undefined };
  } catch (error) {
    return faultOf(error);
  }
}

function faultOf(error: unknown): Attempt<never> {
  if (error instanceof AgentError) return { value: undefined, fault: error.message };
  throw error;
}
