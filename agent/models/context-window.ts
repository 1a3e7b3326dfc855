// How much a model can read at once, as far as its package knows: what decides when a conversation has to be shortened.

import type { BaseChatModel } from '@langchain/core/language_models/chat_models';

/**
 * The longest input, in tokens; `undefined` where the package does not know the model. Nothing is guessed: a local server
 * has whatever window it was started with.
 */
export function maxInputTokensOf({ profile }: Pick<BaseChatModel, 'profile'>): number | undefined {
  const { maxInputTokens } = profile;
  return maxInputTokens !== undefined && maxInputTokens > 0 ? maxInputTokens : undefined;
}
