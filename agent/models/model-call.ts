// One call of one model: its messages in the form that it reads, its requests in the scope of the call, its failure as
// an AgentError.

import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models';
import { AIMessage, AIMessageChunk, type BaseMessage } from '@langchain/core/messages';
import { ChatGenerationChunk } from '@langchain/core/outputs';
import { RunnableBinding } from '@langchain/core/runnables';
import { adaptTools } from './adapted-tools.ts';
import { createAnswerStream } from './answer-stream.ts';
import type { CallScope } from './call-scope.ts';
import type { Candidate } from './candidate.ts';
import { shapeMessages } from './message-shape.ts';
import { describeProviderError } from './model-error.ts';
import type { ToolCallingModel, ToolImages } from './provider.ts';
import { ProviderError } from './provider-error.ts';
import { streamInScope } from './scoped-stream.ts';

/** A model with its tools, taken out of the wrappers in which `bindTools` gives it. */
export interface CallableModel {
  readonly model: BaseChatModel;
  readonly options: object;
  readonly transport: typeof fetch;
  readonly toolImages: ToolImages;
}

/**
 * Loads the candidate's model and binds it to the tools.
 *
 * @throws {AgentError} `missing_package`
 */
export async function prepareModel(
  candidate: Candidate,
  tools: BindToolsInput[] | undefined,
  options: Partial<BaseChatModelCallOptions> | undefined,
): Promise<CallableModel> {
  const { model, transport } = await candidate.build();
  const adapt = candidate.provider.adaptSchema;
  const bound =
    tools === undefined || tools.length === 0
      ? model
      : model.bindTools(adapt ? adaptTools(tools, adapt) : tools, options);
  return { ...unwrap(bound), transport, toolImages: toolImagesOf(candidate, model) };
}

/**
 * Calls the model and gives its chunks. Nothing comes before the first that says something.
 *
 * @throws {AgentError} what `describeProviderError` makes of a failure; a cancelled call throws the signal's reason
 */
export async function* callModel(
  candidate: Candidate,
  { model, options, transport, toolImages }: CallableModel,
  messages: readonly BaseMessage[],
  cancelled: AbortSignal | undefined,
): AsyncGenerator<ChatGenerationChunk> {
  const over = new AbortController();
  const signal = cancelled ? AbortSignal.any([cancelled, over.signal]) : over.signal;
  const { label, provider, settings } = candidate;
  const shaped = shapeMessages(messages, { label, toolImages });
  const scope: CallScope = { signal, transport, messages: shaped, failure: undefined };
  const answer = createAnswerStream(label);
  try {
    for await (const chunk of streamInScope(scope, () => chunksOf(model, shaped, { ...options, signal })))
      yield* answer.next(chunk);
    if (provider.saysWhyItEnds && !answer.hasEnded())
      throw new ProviderError('broken', new URL(settings.baseUrl).origin);
    yield* answer.rest();
  } catch (error) {
    if (cancelled?.aborted) throw error;
    throw describeProviderError(scope.failure?.error ?? error, candidate);
  } finally {
    // Whatever the package left open ends here.
    over.abort();
  }
}

/** The model's stream, or its whole answer where it has none. */
async function* chunksOf(model: BaseChatModel, messages: BaseMessage[], options: object) {
  // Both methods take what is bound beside the signal; the type knows only what all models share.
  const callOptions = options as BaseChatModel['ParsedCallOptions'];
  if (model._streamResponseChunks !== BaseChatModel.prototype._streamResponseChunks) {
    yield* model._streamResponseChunks(messages, callOptions);
    return;
  }
  const { generations } = await model._generate(messages, callOptions);
  for (const { text, message, generationInfo } of generations.slice(0, 1)) {
    const { content, additional_kwargs, response_metadata, id } = message;
    const parts = AIMessage.isInstance(message) ? message : undefined;
    const chunk = new AIMessageChunk({
      content,
      additional_kwargs,
      response_metadata,
      ...(id === undefined ? {} : { id }),
      ...(parts?.tool_calls === undefined ? {} : { tool_calls: parts.tool_calls }),
      ...(parts?.usage_metadata === undefined ? {} : { usage_metadata: parts.usage_metadata }),
    });
    yield new ChatGenerationChunk({ text, message: chunk, ...(generationInfo ? { generationInfo } : {}) });
  }
}

/** `bindTools` gives a model with a configuration around it, or more than one. */
function unwrap(bound: unknown): { readonly model: BaseChatModel; readonly options: object } {
  let options = {};
  let inner = bound;
  while (RunnableBinding.isRunnableBinding(inner)) {
    options = { ...inner.config, ...inner.kwargs, ...options };
    inner = inner.bound;
  }
  // The innermost is what `bindTools` was called on.
  return { model: inner as BaseChatModel, options };
}

function toolImagesOf({ provider, settings }: Candidate, { profile }: ToolCallingModel): ToolImages {
  const place = typeof provider.toolImages === 'function' ? provider.toolImages(settings.model) : provider.toolImages;
  // Beside the results only for a model that is known to look at images; a wrong guess would fail the turn.
  const takesImages = place === 'in-result' ? profile.imageInputs !== false : profile.imageInputs === true;
  return takesImages ? place : 'none';
}
