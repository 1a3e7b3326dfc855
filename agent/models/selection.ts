// Which model the environment and the command line ask for. Pure: the rows come in as data, nothing is loaded and no key
// is looked at beyond being there.

import { AgentError } from '../errors.ts';
import { nearestWord } from '../nearest-word.ts';
import { type Environment, type ModelSelection, type Provider, readBaseUrl, readFirst } from './provider.ts';
import { KEYLESS_PROVIDER } from './providers/demo.ts';

/** A model that somebody asks for, in the form `provider:model`. */
export interface ModelWish {
  readonly text: string;
  /**
   * Where it was said: `--model`, `LLM_MODEL`, `LLM_PROVIDER` or `LLM_FALLBACK_MODELS`; the command of a conversation, `/model`;
   * or a key of a file, `model: in a task file`.
   */
  readonly source: string;
}

/** The rows to select from. */
export interface ProviderRows {
  /** Chosen by name, or by the one key that is set. */
  readonly providers: readonly Provider[];
  /** Chosen by name only. */
  readonly lastResort: readonly Provider[];
}

/** `selectFrom` says so where nothing was chosen and the keyless model stands in. */
export const NO_CHOICE = 'no key found';

/**
 * Selects provider and model: `--model` before `LLM_MODEL` before `LLM_PROVIDER` before the one key that is set before
 * the keyless demo model.
 *
 * @param said what `--model` says, or a command of the conversation; `undefined` or empty means not given
 * @throws {AgentError} `invalid_configuration` for an unknown provider, a model without a provider, several keys, or a
 * base URL without a model
 */
export function selectFrom(
  rows: ProviderRows,
  environment: Environment,
  said: string | ModelWish | undefined,
): ModelSelection {
  const wish = readWish(environment, typeof said === 'string' ? { text: said, source: '--model' } : said);
  const stated = readFirst(environment, ['LLM_PROVIDER'])?.value;
  if (wish) return selectWished(rows, environment, wish, stated);
  if (stated === undefined) return selectByKey(rows.providers, environment);
  const provider = assertProvider(rows, stated, { text: stated, source: 'LLM_PROVIDER' });
  return withModel(provider, '', environment, 'LLM_PROVIDER');
}

/**
 * Checks that a wish has the form of one and names a provider that there is. Whether a model follows from it depends on more
 * than its text, and does not matter before it is used.
 *
 * @throws {AgentError} `invalid_configuration`
 */
export function assertNamesProvider(rows: ProviderRows, environment: Environment, wish: ModelWish): void {
  const [name] = splitWish(rows, wish, readFirst(environment, ['LLM_PROVIDER'])?.value);
  assertProvider(rows, name, wish);
}

/**
 * The models that take the place of the selected one when it fails, in the order of `LLM_FALLBACK_MODELS`.
 *
 * @throws {AgentError} `invalid_configuration` for an entry that names no model
 */
export function selectFallbacks(rows: ProviderRows, environment: Environment): ModelSelection[] {
  const source = 'LLM_FALLBACK_MODELS';
  const texts = (readFirst(environment, [source])?.value ?? '').split(',').map((text) => text.trim());
  return texts
    .filter((text) => text !== '')
    .map((text) => selectWished(rows, environment, { text, source }, undefined));
}

/**
 * A run that nobody watches must not be green on a model that is none.
 *
 * @param isTerminal whether a person is there to read that the model is no LLM
 * @throws {AgentError} `missing_key` when nothing was chosen, in CI and without a terminal
 */
export function assertChosenInCi(selection: ModelSelection, environment: Environment, isTerminal: boolean): void {
  const ci = readFirst(environment, ['CI'])?.value.toLowerCase();
  if (isTerminal || ci === undefined || ci === 'false' || ci === '0' || selection.reason !== NO_CHOICE) return;
  throw new AgentError(
    'missing_key',
    `No model is configured, and in CI none is made up: CI=${JSON.stringify(ci.slice(0, 20))} is set.\n  Set LLM_MODEL=provider:model and its key, or say LLM_MODEL=${KEYLESS_PROVIDER} if the keyless demo model is meant.`,
  );
}

/**
 * How to ask for a model in the place where `source` was said: somebody who is in a conversation types a command there, and in
 * a file it stands behind its key.
 *
 * @param source of a wish, or the reason of a selection
 */
export function toChoose(specification: string, source: string): string {
  const place = isCommand(source) ? source : keyIn(source);
  return place === undefined ? `LLM_MODEL=${specification}` : `${place} ${specification}`;
}

export function isCommand(source: string): boolean {
  return source.startsWith('/');
}

/** The key of a file, with its colon. */
function keyIn(source: string): string | undefined {
  return /^\w+:(?= in )/.exec(source)?.[0];
}

function selectWished(
  rows: ProviderRows,
  environment: Environment,
  wish: ModelWish,
  stated: string | undefined,
): ModelSelection {
  const [providerName, model] = splitWish(rows, wish, stated);
  return withModel(assertProvider(rows, providerName, wish), model, environment, wish.source);
}

function readWish(environment: Environment, said: ModelWish | undefined): ModelWish | undefined {
  if (said?.text.trim()) return { ...said, text: said.text.trim() };
  const variable = readFirst(environment, ['LLM_MODEL']);
  return variable && { text: variable.value, source: variable.variable };
}

/**
 * Provider and model of a wish. The first colon or slash splits, except that `LLM_PROVIDER` makes everything after it a
 * model name (`qwen3:8b`, `my-org/model`) unless a known provider and a colon stand in front.
 */
function splitWish(
  rows: ProviderRows,
  wish: ModelWish,
  stated: string | undefined,
): readonly [provider: string, model: string] {
  const isKnown = (name: string) => findProvider(rows, name) !== undefined;
  const at = wish.text.search(stated === undefined ? /[:/]/ : /:/);
  const prefix = at < 0 ? wish.text : wish.text.slice(0, at);
  if (stated !== undefined && !isKnown(prefix)) return [stated, wish.text];
  if (at >= 0) return [prefix, wish.text.slice(at + 1)];
  if (isKnown(prefix)) return [prefix, ''];
  throw new AgentError('invalid_configuration', describeBareModel(rows.providers, wish));
}

function withModel(provider: Provider, model: string, environment: Environment, reason: string): ModelSelection {
  const byVariable = provider.modelVariable && readFirst(environment, [provider.modelVariable])?.value;
  const named = model.trim() || byVariable || '';
  const endpoint = customEndpoint(provider, environment);
  const isInFile = keyIn(reason) !== undefined;
  const set = isCommand(reason) ? 'Type' : isInFile ? 'Write' : 'Set';
  // A default is a name of the provider's own catalogue; somebody else's server would at best not know it.
  if (named === '' && endpoint !== undefined)
    throw new AgentError(
      'invalid_configuration',
      `${endpoint} is set, but no model is named. ${set} ${toChoose(`${provider.id}:NAME`, reason)} with a model that this server has, or ${toChoose(KEYLESS_PROVIDER, reason)} to do without.`,
    );
  if (named === '' && provider.defaultModel === undefined)
    throw new AgentError(
      'invalid_configuration',
      `${provider.id} has no model that goes without saying (chosen by ${reason}). ${set} ${toChoose(`${provider.id}:NAME`, reason)}${provider.modelVariable && !isCommand(reason) ? ` or ${isInFile ? 'set ' : ''}${provider.modelVariable}` : ''}.`,
    );
  return { provider: provider.id, model: named || (provider.defaultModel ?? ''), reason };
}

function selectByKey(providers: readonly Provider[], environment: Environment): ModelSelection {
  const found = providers.flatMap((provider) => {
    const key = readFirst(environment, provider.keyVariables);
    return key ? [{ provider, variable: key.variable }] : [];
  });
  const [first, ...others] = found;
  if (first && others.length > 0)
    throw new AgentError(
      'invalid_configuration',
      `Several keys are set: ${found.map(({ variable }) => variable).join(', ')}. Say which model to use, for example LLM_MODEL=${first.provider.id}:${first.provider.defaultModel ?? 'NAME'}.`,
    );
  if (first) return withModel(first.provider, '', environment, `${first.variable} found`);
  // Somebody who points at a server of their own wants that server, not the demo model.
  const pointed = providers.find((provider) => customEndpoint(provider, environment) !== undefined);
  if (pointed) return withModel(pointed, '', environment, '');
  return { provider: KEYLESS_PROVIDER, model: '', reason: NO_CHOICE };
}

/** The variable that names an endpoint other than the provider's own. */
function customEndpoint(provider: Provider, environment: Environment): string | undefined {
  const stated = readBaseUrl(provider, environment);
  return stated && stated.value !== provider.baseUrl ? stated.variable : undefined;
}

function findProvider({ providers, lastResort }: ProviderRows, name: string): Provider | undefined {
  const wanted = name.trim().toLowerCase();
  return [...providers, ...lastResort].find(({ id, aliases }) => id === wanted || aliases.includes(wanted));
}

function assertProvider(rows: ProviderRows, name: string, { source }: ModelWish): Provider {
  const provider = findProvider(rows, name);
  if (provider) return provider;
  throw new AgentError(
    'invalid_configuration',
    `Unknown provider ${JSON.stringify(name.slice(0, 60))} in ${source}.${didYouMean(rows.providers, name)} ${listKnown(rows.providers)}`,
  );
}

function describeBareModel(providers: readonly Provider[], { text, source }: ModelWish): string {
  const shown = JSON.stringify(text.slice(0, 60));
  const owner = providers.find(({ recognises }) => recognises?.test(text));
  const hint = owner ? ` Did you mean ${owner.id}:${text.slice(0, 60)}?` : didYouMean(providers, text);
  return `${source}: ${shown} has no provider; expected provider:model.${hint} ${listKnown(providers)}`;
}

function didYouMean(providers: readonly Provider[], name: string): string {
  const near = nearestWord(
    name,
    providers.map(({ id }) => id),
  );
  return near === undefined ? '' : ` Did you mean ${near}?`;
}

function listKnown(providers: readonly Provider[]): string {
  return `Known providers: ${providers
    .map(({ id }) => id)
    .sort()
    .join(', ')}.`;
}
