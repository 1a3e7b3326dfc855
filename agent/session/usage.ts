// Tokens and money of a turn, added up. Pure.

import type { UsageMetadata } from '@langchain/core/messages';
import type { Usage } from '../turn-events.ts';

/** The sum with one more model call in it. A call whose price is unknown makes the price of the sum unknown. */
export function addUsage(
  sum: Usage | undefined,
  reported: UsageMetadata | undefined,
  costUsd: number | undefined,
): Usage | undefined {
  if (!reported) return sum && { inputTokens: sum.inputTokens, outputTokens: sum.outputTokens };
  const tokens = {
    inputTokens: (sum?.inputTokens ?? 0) + reported.input_tokens,
    outputTokens: (sum?.outputTokens ?? 0) + reported.output_tokens,
  };
  const known = costUsd !== undefined && (sum === undefined || sum.costUsd !== undefined);
  return known ? { ...tokens, costUsd: (sum?.costUsd ?? 0) + costUsd } : tokens;
}
