// DeepSeek, POST /chat/completions. Source: the vendor's reference and its guide to thinking mode, as far as a search showed
// them on 2026-11-27; it publishes no OpenAPI document. Thoughts are in `reasoning_content`, beside the answer; a call in the
// running turn is refused without the thoughts that led to it, and those of turns before are not wanted.

import * as z from 'zod';
import { createFormat, KEY, type WireFormat } from '../wire-format.ts';
import { type ChatBody, chatMessagesSchema } from './chat-messages.ts';
import { streamChat } from './chat-stream.ts';
import { OPENAI_RULES, openaiChatFields, openaiChatParts } from './openai-chat.ts';

const MODEL = 'deepseek-reasoner';
const { model, tools, tool_choice, stream, stream_options, temperature, top_p, max_tokens, stop } = openaiChatFields;
const { frequency_penalty, presence_penalty, response_format, reasoning_effort } = openaiChatFields;

export const deepseek: WireFormat = createFormat<ChatBody>({
  ...openaiChatParts,
  id: 'deepseek',
  selection: { provider: 'deepseek', model: MODEL, reason: 'LLM_MODEL' },
  reasoning: { comesBackAs: '"reasoning_content"' },
  environment: (origin) => ({ DEEPSEEK_BASE_URL: origin, DEEPSEEK_API_KEY: KEY }),
  path: '/chat/completions',
  published: undefined,
  schema: z.strictObject({
    model,
    messages: chatMessagesSchema({ reasoning_content: z.string().optional(), prefix: z.boolean().optional() }),
    tools,
    tool_choice,
    stream,
    stream_options,
    temperature,
    top_p,
    max_tokens,
    stop,
    frequency_penalty,
    presence_penalty,
    response_format,
    reasoning_effort,
    logprobs: z.boolean().nullish(),
    top_logprobs: z.number().nullish(),
    thinking: z.strictObject({ type: z.enum(['enabled', 'disabled']) }).nullish(),
  }),
  rules: [...OPENAI_RULES, refuseOldThoughts],
  stream: (reply, turn) =>
    streamChat(
      { model: MODEL, usage: 'last', thought: (reasoning_content) => ({ reasoning_content, content: null }) },
      reply,
      turn,
    ),
});

function refuseOldThoughts({ messages }: ChatBody): string | undefined {
  const start = messages.findLastIndex(({ role }) => role === 'user');
  const old = messages.slice(0, start).some((message) => 'reasoning_content' in message);
  return old ? 'reasoning_content is for the running turn only.' : undefined;
}
