// The model that the graph talks to: the provider's own class behind one behaviour. Every call streams, ends at once
// when it is cancelled, fails with an error that says what to do, and goes on with the next model when there is one.

import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import type { BaseLanguageModelInput } from '@langchain/core/language_models/base';
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models';
import type { AIMessageChunk, BaseMessage } from '@langchain/core/messages';
import type { ChatGenerationChunk, ChatResult } from '@langchain/core/outputs';
import type { Runnable } from '@langchain/core/runnables';
import { AgentError } from '../errors.ts';
import type { Candidate } from './candidate.ts';
import { type CallableModel, callModel, prepareModel } from './model-call.ts';
import { awaitStreamHandlers } from './prompt-callbacks.ts';

/** A model that failed is not asked again for this long, where another one can take its place. */
const REST_MS = 60_000;

export interface ChatModelOptions {
  /** The model to use, and those that take its place when it fails, in order. */
  readonly candidates: readonly Candidate[];
  /** Tells a person that another model goes on; default tells nobody. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Milliseconds since the epoch; default the clock. */
  readonly now?: (() => number) | undefined;
}

interface Bound {
  readonly tools: BindToolsInput[];
  readonly options: Partial<BaseChatModelCallOptions> | undefined;
}

/** Creates the model. It loads and sends nothing before it is called. */
export function createChatModel(options: ChatModelOptions): AgentChatModel {
  return new AgentChatModel(options);
}

/** A chat model over others. Made by `createChatModel`. */
class AgentChatModel extends BaseChatModel<BaseChatModelCallOptions> {
  readonly #options: ChatModelOptions;
  readonly #bound: Bound | undefined;
  /** Until when a model rests, in milliseconds since the epoch; shared with the models that `bindTools` gives. */
  readonly #rests: Map<Candidate, number>;
  readonly #prepared = new Map<Candidate, Promise<CallableModel>>();

  constructor(options: ChatModelOptions, bound?: Bound, rests = new Map<Candidate, number>()) {
    super({});
    this.#options = options;
    this.#bound = bound;
    this.#rests = rests;
  }

  override _llmType(): string {
    return 'agent';
  }

  /** The same model with these tools. Nothing is loaded for it: a model is bound when it is called. */
  override bindTools(
    tools: BindToolsInput[],
    options?: Partial<BaseChatModelCallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, BaseChatModelCallOptions> {
    return new AgentChatModel(this.#options, { tools, options }, this.#rests);
  }

  override invoke(input: BaseLanguageModelInput, options?: Partial<BaseChatModelCallOptions>): Promise<AIMessageChunk> {
    awaitStreamHandlers(options?.callbacks);
    return super.invoke(input, options);
  }

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    let whole: ChatGenerationChunk | undefined;
    for await (const chunk of this._streamResponseChunks(messages, options)) whole = whole?.concat(chunk) ?? chunk;
    if (!whole) throw new AgentError('model_failed', 'The model gave an empty answer.');
    return { generations: [whole] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const queue = this.#queue();
    for (const [index, candidate] of queue.entries()) {
      let hasBegun = false;
      try {
        const model = await this.#prepare(candidate);
        for await (const chunk of callModel(candidate, model, messages, options.signal)) {
          hasBegun = true;
          yield chunk;
          await runManager?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, { chunk });
        }
        this.#rests.delete(candidate);
        return;
      } catch (error) {
        const next = queue[index + 1];
        // What was shown already cannot be taken back.
        if (options.signal?.aborted || hasBegun || !next || !(error instanceof AgentError)) throw error;
        this.#rests.set(candidate, this.#now() + REST_MS);
        this.#options.onNotice?.(`${error.message.split('\n', 1)[0]} Going on with ${next.label}.`);
      }
    }
  }

  /** Those that rest come last: better one that may fail than none. */
  #queue(): readonly Candidate[] {
    const { candidates } = this.#options;
    const isResting = (candidate: Candidate) => (this.#rests.get(candidate) ?? 0) > this.#now();
    return [...candidates.filter((one) => !isResting(one)), ...candidates.filter(isResting)];
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }

  #prepare(candidate: Candidate): Promise<CallableModel> {
    const known = this.#prepared.get(candidate);
    if (known) return known;
    const prepared = prepareModel(candidate, this.#bound?.tools, this.#bound?.options);
    this.#prepared.set(candidate, prepared);
    return prepared;
  }
}
