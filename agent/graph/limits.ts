// What a turn has used up, from its messages, and whether it may go on. Pure.

import { AIMessage, type BaseMessage, type UsageMetadata } from '@langchain/core/messages';
import { plural } from '../plural.ts';
import { startOfTurn, toolCallsOf } from './messages.ts';
import type { Limits } from './turn-context.ts';

type CostOf = (message: AIMessage) => number | undefined;

/**
 * Which limit stands in the way of running the calls of the last message; `undefined` when none does. An answer without
 * calls is never in the way of a limit: it is there already. Better not called than called in vain: hence the calls of
 * the last model call that is allowed do not run.
 */
export function findExceeded(messages: readonly BaseMessage[], limits: Limits, costUsdOf: CostOf): string | undefined {
  const turn = messages.slice(startOfTurn(messages));
  const answers = turn.filter((message): message is AIMessage => AIMessage.isInstance(message));
  const { maxTurns, maxToolCalls, maxTokens, maxUsd } = limits;
  if (answers.length >= maxTurns)
    return `The turn used up its ${plural(maxTurns, 'model call')} without an answer. Allow more with --max-turns.`;
  const calls = turn.flatMap(toolCallsOf).length;
  if (maxToolCalls !== undefined && calls > maxToolCalls)
    return `The turn would need ${plural(calls, 'tool call')}; at most ${maxToolCalls} may be made. Allow more with --max-tool-calls.`;
  if (maxTokens !== undefined) {
    const used = answers.reduce((sum, answer) => sum + tokensOf(answer), 0);
    if (used >= maxTokens)
      return `The turn used up its ${plural(maxTokens, 'token')} (${used}) without an answer. Allow more with --max-tokens.`;
  }
  if (maxUsd !== undefined) {
    const costs = answers.map(costUsdOf);
    const known = costs.filter((cost) => cost !== undefined);
    if (known.length < costs.length)
      return `What the turn costs is not known any more, and --max-usd ${maxUsd} must not be exceeded. Use --max-tokens, or a model with a known price.`;
    const used = known.reduce((sum, cost) => sum + cost, 0);
    if (used >= maxUsd)
      return `The turn used up its ${maxUsd} US dollars (${used.toFixed(6)}) without an answer. Allow more with --max-usd.`;
  }
  return undefined;
}

function tokensOf({ usage_metadata }: { usage_metadata?: UsageMetadata | undefined }): number {
  return usage_metadata?.total_tokens ?? 0;
}
