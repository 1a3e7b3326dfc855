// What a message cost: the model that wrote it, by the mark that it carries, and the tokens that it reports.

import type { AIMessage } from '@langchain/core/messages';
import type { Candidate } from './candidate.ts';
import { WRITTEN_BY } from './message-shape.ts';
import { costUsd } from './prices.ts';

/** A function from a message to US dollars; `undefined` for another's server, whatever the model is called there. */
export function createCostOf(candidates: readonly Candidate[]): (message: AIMessage) => number | undefined {
  return ({ response_metadata, usage_metadata }) => {
    const author = candidates.find(({ label }) => label === response_metadata[WRITTEN_BY]);
    if (!author || author.settings.isCustomBaseUrl || !usage_metadata) return undefined;
    return costUsd(author.label, usage_metadata);
  };
}
