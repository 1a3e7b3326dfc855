// Which model the environment and the command line ask for. Pure: the rows come in as data, nothing is loaded and no key
// is looked at beyond being there.

import { AgentError } from '../errors.ts';
import { type Environment, type ModelSelection, type Provider, readFirst } from './provider.ts';

/** The provider that is always there: no key, no package, no network. */
export const KEYLESS_PROVIDER = 'demo';

interface Wish {
  readonly text: string;
  /** Where it was said: `--model`, `LLM_MODEL` or `LLM_PROVIDER`. */
  readonly source: string;
}

/**
 * Selects provider and model: `--model` before `LLM_MODEL` before `LLM_PROVIDER` before the one key that is set before
 * the keyless demo model.
 *
 * @param flag what `--model` says; `undefined` or empty means not given
 * @throws {AgentError} `invalid_configuration` for an unknown provider, a model without a provider, several keys, or a
 * base URL without a model
 */
export function selectFrom(
  providers: readonly Provider[],
  environment: Environment,
  flag: string | undefined,
): ModelSelection {
  const wish = readWish(environment, flag);
  const stated = readFirst(environment, ['LLM_PROVIDER'])?.value;
  if (wish) {
    const [providerName, model] = splitWish(providers, wish, stated);
    return withModel(assertProvider(providers, providerName, wish), model, environment, wish.source);
  }
  if (stated !== undefined)
    return withModel(
      assertProvider(providers, stated, { text: stated, source: 'LLM_PROVIDER' }),
      '',
      environment,
      'LLM_PROVIDER',
    );
  return selectByKey(providers, environment);
}

function readWish(environment: Environment, flag: string | undefined): Wish | undefined {
  if (flag?.trim()) return { text: flag.trim(), source: '--model' };
  const variable = readFirst(environment, ['LLM_MODEL']);
  return variable && { text: variable.value, source: variable.variable };
}

/**
 * Provider and model of a wish. The first colon or slash splits, except that `LLM_PROVIDER` makes everything after it a
 * model name (`qwen3:8b`, `my-org/model`) unless a known provider and a colon stand in front.
 */
function splitWish(
  providers: readonly Provider[],
  wish: Wish,
  stated: string | undefined,
): readonly [provider: string, model: string] {
  const isKnown = (name: string) => providers.some(({ id }) => id === name.toLowerCase());
  const at = wish.text.search(stated === undefined ? /[:/]/ : /:/);
  const prefix = at < 0 ? wish.text : wish.text.slice(0, at);
  if (stated !== undefined && !isKnown(prefix)) return [stated, wish.text];
  if (at >= 0) return [prefix, wish.text.slice(at + 1)];
  if (isKnown(prefix)) return [prefix, ''];
  throw new AgentError('invalid_configuration', describeBareModel(providers, wish));
}

function withModel(provider: Provider, model: string, environment: Environment, reason: string): ModelSelection {
  const named = model.trim();
  const endpoint = customEndpoint(provider, environment);
  // A default is a name of the provider's own catalogue; somebody else's server would at best not know it.
  if (named === '' && endpoint !== undefined)
    throw new AgentError(
      'invalid_configuration',
      `${endpoint} is set, but no model is named. Set LLM_MODEL=${provider.id}:NAME with a model that this server has, or LLM_MODEL=${KEYLESS_PROVIDER} to do without.`,
    );
  return { provider: provider.id, model: named || provider.defaultModel, reason };
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
      `Several keys are set: ${found.map(({ variable }) => variable).join(', ')}. Say which model to use, for example LLM_MODEL=${first.provider.id}:${first.provider.defaultModel}.`,
    );
  if (first) return withModel(first.provider, '', environment, `${first.variable} found`);
  // Somebody who points at a server of their own wants that server, not the demo model.
  const pointed = providers.find((provider) => customEndpoint(provider, environment) !== undefined);
  if (pointed) return withModel(pointed, '', environment, '');
  return { provider: KEYLESS_PROVIDER, model: '', reason: 'no key found' };
}

/** The variable that names an endpoint other than the provider's own. */
function customEndpoint(provider: Provider, environment: Environment): string | undefined {
  const stated = readFirst(environment, provider.baseUrlVariables);
  return stated && stated.value.replace(/\/+$/, '') !== provider.baseUrl ? stated.variable : undefined;
}

function assertProvider(providers: readonly Provider[], name: string, { source }: Wish): Provider {
  const provider = providers.find(({ id }) => id === name.trim().toLowerCase());
  if (provider) return provider;
  throw new AgentError(
    'invalid_configuration',
    `Unknown provider ${JSON.stringify(name.slice(0, 60))} in ${source}.${didYouMean(providers, name)} ${listKnown(providers)}`,
  );
}

function describeBareModel(providers: readonly Provider[], { text, source }: Wish): string {
  const shown = JSON.stringify(text.slice(0, 60));
  const owner = providers.find(({ recognises }) => recognises?.test(text));
  const hint = owner ? ` Did you mean ${owner.id}:${text.slice(0, 60)}?` : didYouMean(providers, text);
  return `${source}: ${shown} has no provider; expected provider:model.${hint} ${listKnown(providers)}`;
}

function didYouMean(providers: readonly Provider[], name: string): string {
  const near = providers
    .map(({ id }) => ({ id, distance: editDistance(id, name.toLowerCase().slice(0, 60)) }))
    .filter(({ id, distance }) => distance <= Math.max(1, Math.floor(id.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? ` Did you mean ${near.id}?` : '';
}

function listKnown(providers: readonly Provider[]): string {
  return `Known providers: ${providers
    .map(({ id }) => id)
    .sort()
    .join(', ')}.`;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= to.length; j += 1) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      const swap = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? cell(i - 2, j - 2) + 1 : cell(-1, -1);
      row.push(Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + cost, swap));
    }
  }
  return cell(from.length, to.length);
}
