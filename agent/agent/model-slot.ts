// The model of an agent: one at a time, and another one when a person says so.

import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import type { AIMessage } from '@langchain/core/messages';
import type { Environment } from '../config.ts';
import type { AgentError } from '../errors.ts';
import { recordModel } from '../models/cassette.ts';
import { createModel, describeModelError, type ModelWish, selectModel } from '../models/registry.ts';
import { createScrub } from '../models/scrub.ts';

export interface CurrentModel {
  readonly label: string;
  readonly maxInputTokens: number | undefined;
  readonly model: BaseChatModel;
  /** Whether it costs nothing whatever it does: no provider is asked. */
  readonly isFree: boolean;
  /** Whether it is no language model, and cannot sum up or write JSON. */
  readonly isDemo: boolean;
  readonly costUsdOf: (message: AIMessage) => number | undefined;
  readonly describeError: (error: unknown) => AgentError;
}

export interface ModelSlot {
  current(): CurrentModel;
  /** @returns the new label */
  swap(wish: ModelWish): Promise<string>;
  /** What came up since this was last called: which model was found, that another one goes on. */
  takeNotices(): string[];
}

/**
 * Builds the model that flag or environment select.
 *
 * @param record directory to write the model's turns to
 * @throws {AgentError} what `selectModel` and `createModel` throw
 */
export async function createModelSlot(
  environment: Environment,
  flag: string | undefined,
  record: string | undefined,
): Promise<ModelSlot> {
  const notices: string[] = [];

  const build = async (said: string | ModelWish | undefined): Promise<CurrentModel> => {
    const selection = selectModel(environment, said);
    const onNotice = (text: string) => notices.push(text);
    const { model, label, notice, costUsdOf, maxInputTokens } = await createModel(selection, environment, { onNotice });
    if (notice) notices.push(notice);
    const isFree = selection.provider === 'demo' || selection.provider === 'replay';
    return {
      label,
      maxInputTokens,
      model: record === undefined ? model : recordModel(model, label, record, createScrub(environment)),
      isFree,
      isDemo: selection.provider === 'demo',
      costUsdOf: isFree ? () => 0 : costUsdOf,
      describeError: (error) => describeModelError(error, selection),
    };
  };

  let current = await build(flag);
  return {
    current: () => current,
    swap: async (wish) => {
      current = await build(wish);
      return current.label;
    },
    takeNotices: () => notices.splice(0),
  };
}
