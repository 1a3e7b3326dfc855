// The keyless model: it matches the words of a request to tools, calls them, quotes what they return, and says that it is
// no LLM. Deterministic but for its ids, so that anybody can try the agent and any test can run it.

import { randomUUID } from 'node:crypto';
import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import type { BaseLanguageModelInput } from '@langchain/core/language_models/base';
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models';
import { AIMessage, AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatGenerationChunk, type ChatResult } from '@langchain/core/outputs';
import type { Runnable } from '@langchain/core/runnables';
import { convertToOpenAITool } from '@langchain/core/utils/function_calling';
import { type PlannedCall, planRequest } from './demo-plan.ts';
import { type DemoTool, parseTool } from './demo-tools.ts';

type Reply = { readonly text: string } | { readonly calls: readonly PlannedCall[] };

/** Creates the demo model; it has no tools until `bindTools`. */
export function createDemoModel(): DemoModel {
  return new DemoModel([]);
}

/** A chat model without a model. Reports no usage: there is none. */
export class DemoModel extends BaseChatModel<BaseChatModelCallOptions> {
  readonly #tools: readonly DemoTool[];

  constructor(tools: readonly DemoTool[]) {
    super({});
    this.#tools = tools;
  }

  override _llmType(): string {
    return 'demo';
  }

  /** A demo model with these tools; tools that a provider would run itself are left out. */
  override bindTools(
    tools: BindToolsInput[],
    options?: Partial<BaseChatModelCallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, BaseChatModelCallOptions> {
    const bound = new DemoModel(tools.flatMap((tool) => parseTool(convertToOpenAITool(tool), titleOf(tool)) ?? []));
    return options ? bound.withConfig(options) : bound;
  }

  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    options.signal?.throwIfAborted();
    const reply = replyTo(messages, this.#tools);
    const text = 'text' in reply ? reply.text : '';
    const tool_calls = 'calls' in reply ? withIds(reply.calls) : [];
    const message = new AIMessage({ id: createMessageId(), content: text, tool_calls });
    return { generations: [{ text, message }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this['ParsedCallOptions'],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const id = createMessageId();
    for (const chunk of chunksOf(replyTo(messages, this.#tools), id)) {
      options.signal?.throwIfAborted();
      yield chunk;
      await runManager?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, { chunk });
    }
  }
}

/**
 * Answers from the results if the request was acted on already, and plans calls otherwise: a second look at the same
 * request would find the same calls again, for ever.
 */
function replyTo(messages: readonly BaseMessage[], tools: readonly DemoTool[]): Reply {
  const at = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const { calls, remarks } = planRequest(tools, messages[at]?.text ?? '');
  const since = messages.slice(at + 1);
  const made = since.flatMap((message) => (AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []));
  if (made.length === 0 && calls.length > 0) return { calls };
  const results = since.filter((message) => ToolMessage.isInstance(message));
  const lines = made.map((call) =>
    describeResult(
      call,
      results.find(({ tool_call_id }) => tool_call_id === call.id),
    ),
  );
  return { text: `(demo) ${[...lines, ...remarks].join('\n')}` };
}

function describeResult({ name, args }: PlannedCall, result: ToolMessage | undefined): string {
  const call = `${name}(${Object.values(args)
    .map((value) => JSON.stringify(value))
    .join(', ')})`;
  if (!result) return `${call} has no result.`;
  return result.status === 'error' ? `${call} failed: ${result.text}` : `${call} → ${result.text}`;
}

/** A text word by word, or all calls at once; together they are the message that `_generate` gives. */
function chunksOf(reply: Reply, id: string): ChatGenerationChunk[] {
  if ('text' in reply)
    return (reply.text.match(/\s*\S+|\s+$/g) ?? []).map(
      (text) => new ChatGenerationChunk({ text, message: new AIMessageChunk({ id, content: text }) }),
    );
  const tool_call_chunks = withIds(reply.calls).map((call, index) => ({
    index,
    id: call.id,
    name: call.name,
    args: JSON.stringify(call.args),
    type: 'tool_call_chunk' as const,
  }));
  return [new ChatGenerationChunk({ text: '', message: new AIMessageChunk({ id, content: '', tool_call_chunks }) })];
}

/** Random ids: messages and results of a thread are told apart by them, over all its turns. */
function withIds(calls: readonly PlannedCall[]) {
  return calls.map(({ name, args }) => ({
    id: `call_${randomUUID()}`,
    name,
    args: { ...args },
    type: 'tool_call' as const,
  }));
}

function createMessageId(): string {
  return `demo_${randomUUID()}`;
}

/** The display name that an MCP server gives a tool, where the one who loaded the tool kept it. */
function titleOf(tool: BindToolsInput): unknown {
  const metadata: unknown = 'metadata' in tool ? tool.metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('annotations' in metadata)) return undefined;
  const { annotations } = metadata;
  return typeof annotations === 'object' && annotations !== null && 'title' in annotations
    ? annotations.title
    : undefined;
}
