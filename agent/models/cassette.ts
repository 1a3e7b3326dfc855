// Records the turns of a model, and replays them with neither model nor key nor network. Around the model rather than at
// its requests: one form for all providers, readable, and the same whichever version of a package wrote the request.

import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import type { BaseLanguageModelInput } from '@langchain/core/language_models/base';
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models';
import { AIMessageChunk, type AIMessageChunkFields, type BaseMessage } from '@langchain/core/messages';
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs';
import type { Runnable } from '@langchain/core/runnables';
import { AgentError } from '../errors.ts';
import { type Asked, describeAsked, keyOf } from './asked.ts';
import { awaitStreamHandlers } from './prompt-callbacks.ts';
import type { ToolCallingModel } from './provider.ts';
import { claimTurn } from './recording.ts';
import type { Scrub } from './scrub.ts';
import { type RecordedChunk, readTape, writeTurn } from './tape.ts';

type Ask = (
  messages: BaseMessage[],
  tools: readonly BindToolsInput[],
  call: { readonly signal: AbortSignal | undefined; readonly conversation: string },
) => AsyncIterable<AIMessageChunk>;

/**
 * Puts a recorder before a model: answers pass through as they come, and a turn is written when its answer is whole. What
 * several conversations of this process ask in the same words is asked once, and all of them get that answer: a replay could
 * not tell them apart.
 *
 * @param label the model's name in the recording, such as `openai:gpt-5`
 */
export function recordModel(model: ToolCallingModel, label: string, directory: string, scrub: Scrub): CassetteModel {
  const count = createCounter();
  return new CassetteModel(async function* (messages, tools, { signal, conversation }) {
    const asked = describeAsked(messages, tools, scrub);
    const key = keyOf(label, asked);
    const repetition = count(`${conversation} ${key}`);
    const claim = await claimTurn(directory, `${key} ${repetition}`, signal);
    if (claim.isTaken) {
      yield* claim.answer.map((chunk) => createChunk(fieldsOf(chunk)));
      return;
    }
    const chunks: AIMessageChunk[] = [];
    let isWhole = false;
    try {
      const bound = tools.length > 0 ? model.bindTools([...tools]) : model;
      // Without callbacks of its own: whoever listens to the model listens to the recorder already.
      for await (const chunk of await bound.stream(messages, { callbacks: [], ...(signal ? { signal } : {}) })) {
        chunks.push(chunk);
        yield chunk;
      }
      writeTurn(directory, { model: label, asked, answer: serialise(chunks, scrub) }, repetition);
      isWhole = true;
    } finally {
      claim.settle(isWhole ? chunks : undefined);
    }
  }, []);
}

/**
 * Creates a model that answers from a cassette.
 *
 * @throws {AgentError} `invalid_configuration` if the directory holds no turn; the model's calls throw `model_failed` for
 * what was never recorded
 */
export function replayModel(directory: string, scrub: Scrub): CassetteModel {
  const tape = readTape(directory);
  const count = createCounter();
  return new CassetteModel(async function* (messages, tools, { signal, conversation }) {
    const asked: Asked = describeAsked(messages, tools, scrub);
    const turn = tape.find(asked, count(`${conversation} ${keyOf('', asked)}`));
    if (!turn)
      throw new AgentError(
        'model_failed',
        `No turn in ${directory} was recorded for what the model is asked now. ${tape.describeMiss(asked)}\nRecord it with --record ${directory}.`,
      );
    for (const chunk of turn.answer) {
      signal?.throwIfAborted();
      yield createChunk(chunk);
    }
  }, []);
}

/** A chat model whose answers come from a function. */
export class CassetteModel extends BaseChatModel {
  readonly #ask: Ask;
  readonly #tools: readonly BindToolsInput[];

  constructor(ask: Ask, tools: readonly BindToolsInput[]) {
    super({});
    this.#ask = ask;
    this.#tools = tools;
  }

  override _llmType(): string {
    return 'cassette';
  }

  override bindTools(
    tools: BindToolsInput[],
    options?: Partial<BaseChatModelCallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, BaseChatModelCallOptions> {
    const bound = new CassetteModel(this.#ask, tools);
    return options ? bound.withConfig(options) : bound;
  }

  override invoke(input: BaseLanguageModelInput, options?: Partial<BaseChatModelCallOptions>): Promise<AIMessageChunk> {
    awaitStreamHandlers(options?.callbacks);
    return super.invoke(input, options);
  }

  override async _generate(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): Promise<ChatResult> {
    const chunks: AIMessageChunk[] = [];
    for await (const chunk of this.#ask(messages, this.#tools, callOf(options.signal, runManager))) chunks.push(chunk);
    const whole = concatenate(chunks);
    return { generations: [{ text: whole.text, message: whole }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for await (const message of this.#ask(messages, this.#tools, callOf(options.signal, runManager))) {
      const chunk = new ChatGenerationChunk({ text: message.text, message });
      yield chunk;
      await runManager?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, { chunk });
    }
  }
}

/** LangGraph names the conversation in the metadata of a call; ids differ from run to run, and are written nowhere. */
function callOf(signal: AbortSignal | undefined, runManager: CallbackManagerForLLMRun | undefined) {
  // Protected by its type only.
  return { signal, conversation: String(runManager?.['metadata']?.['thread_id'] ?? '') };
}

/**
 * The pieces as they are written. A secret that the streaming cut in two would escape a look at each piece: an answer
 * with such a one is written as one piece.
 */
function serialise(chunks: readonly AIMessageChunk[], scrub: Scrub): RecordedChunk[] {
  const whole = scrub(JSON.stringify(fieldsOf(concatenate(chunks))));
  const pieces: RecordedChunk[] = chunks.map((chunk) => JSON.parse(scrub(JSON.stringify(fieldsOf(chunk)))));
  const rebuilt = JSON.stringify(fieldsOf(concatenate(pieces.map(createChunk))));
  return rebuilt === whole ? pieces : [JSON.parse(whole)];
}

function concatenate(chunks: readonly AIMessageChunk[]): AIMessageChunk {
  const [first, ...others] = chunks;
  if (!first) throw new AgentError('model_failed', 'The model answered with nothing at all.');
  return others.reduce((sum, chunk) => sum.concat(chunk), first);
}

/** A chunk was written from the fields of a message; what we read of it ourselves was checked with the tape. */
function createChunk(recorded: RecordedChunk): AIMessageChunk {
  return new AIMessageChunk(recorded as AIMessageChunkFields);
}

/** What a message is made of, without what is empty and without what is derived from the rest. */
function fieldsOf(chunk: AIMessageChunk): RecordedChunk {
  const { id, content, tool_call_chunks, additional_kwargs, response_metadata, usage_metadata } = chunk;
  const optional = { id, tool_call_chunks, additional_kwargs, response_metadata, usage_metadata };
  return JSON.parse(
    JSON.stringify({
      content,
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value && Object.keys(value).length > 0)),
    }),
  );
}

/** How often a key was seen before. */
function createCounter(): (key: string) => number {
  const seen = new Map<string, number>();
  return (key) => {
    const before = seen.get(key) ?? 0;
    seen.set(key, before + 1);
    return before;
  };
}
