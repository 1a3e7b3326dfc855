// What models cost, as far as we know: a small table with a date. A price that is not in it stays unknown; a guess would
// be worse than none. Source: the entries of models.dev (anomalyco/models.dev, newest of October 2026), compared on the day
// below; gpt-5 and gpt-5.2 also with BerriAI/litellm, gpt-4.1 with three price lists in public repositories, since models.dev
// has dropped it. Left out: prices that differ by the hour (DeepSeek), that end with the year (gemini-3.8-flash), or on
// which the sources do not agree (gpt-4o).

import type { UsageMetadata } from '@langchain/core/messages';

/** The day on which this table was compared with its sources. */
export const PRICES_AS_OF = '2026-11-27';

/** US dollars for a million tokens. */
export interface Price {
  readonly input: number;
  /** Input that the vendor had in its cache. */
  readonly cachedInput: number;
  readonly output: number;
  /** The longest prompt that this price is for, in tokens; `undefined` for any. */
  readonly upToInputTokens?: number;
}

/** By `provider:model`, at the provider's own endpoint. */
export const PRICES: Readonly<Record<string, Price>> = {
  'openai:gpt-4.1': { input: 2, cachedInput: 0.5, output: 8 },
  'openai:gpt-5': { input: 1.25, cachedInput: 0.125, output: 10 },
  'openai:gpt-5-mini': { input: 0.25, cachedInput: 0.025, output: 2 },
  'openai:gpt-5-nano': { input: 0.05, cachedInput: 0.005, output: 0.4 },
  'openai:gpt-5.2': { input: 1.75, cachedInput: 0.175, output: 14 },
  'openai:gpt-5.4': { input: 2.5, cachedInput: 0.25, output: 15, upToInputTokens: 272_000 },
  'openai:gpt-5.6': { input: 2, cachedInput: 0.2, output: 10, upToInputTokens: 272_000 },
  'anthropic:claude-haiku-4-5': { input: 1, cachedInput: 0.1, output: 5 },
  'anthropic:claude-sonnet-4-5': { input: 3, cachedInput: 0.3, output: 15, upToInputTokens: 200_000 },
  'anthropic:claude-sonnet-5': { input: 2, cachedInput: 0.2, output: 10 },
  'anthropic:claude-sonnet-5-5': { input: 2, cachedInput: 0.1, output: 10 },
  'anthropic:claude-opus-4-5': { input: 5, cachedInput: 0.5, output: 25 },
  'anthropic:claude-opus-5': { input: 5, cachedInput: 0.5, output: 25 },
  'anthropic:claude-opus-5-5': { input: 4, cachedInput: 0.2, output: 20 },
  'google:gemini-2.5-flash-lite': { input: 0.1, cachedInput: 0.01, output: 0.4 },
  'google:gemini-2.5-flash': { input: 0.3, cachedInput: 0.03, output: 2.5 },
  'google:gemini-2.5-pro': { input: 1.25, cachedInput: 0.125, output: 10, upToInputTokens: 200_000 },
  'google:gemini-3.1-pro-preview': { input: 2, cachedInput: 0.2, output: 12, upToInputTokens: 200_000 },
  'groq:openai/gpt-oss-120b': { input: 0.15, cachedInput: 0.075, output: 0.6 },
};

/**
 * What one call cost, in US dollars; `undefined` where the model has no price here, or was used in a way that has
 * another one.
 *
 * @param label `openai:gpt-5`; a dated name counts as the one without the date
 */
export function costUsd(label: string, usage: UsageMetadata): number | undefined {
  const price = PRICES[label] ?? PRICES[label.replace(/-(?:\d{8}|\d{4}-\d{2}-\d{2})$/, '')];
  if (!price || usage.input_tokens > (price.upToInputTokens ?? Number.POSITIVE_INFINITY)) return undefined;
  const { cache_read = 0, cache_creation = 0, audio = 0 } = usage.input_token_details ?? {};
  // Writing to a cache and sound have prices of their own.
  if (cache_creation > 0 || audio > 0 || (usage.output_token_details?.audio ?? 0) > 0) return undefined;
  const micro =
    (usage.input_tokens - cache_read) * price.input +
    cache_read * price.cachedInput +
    usage.output_tokens * price.output;
  return micro / 1_000_000;
}
