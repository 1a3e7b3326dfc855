// Servers that copy OpenAI's chat completions and nothing else: LM Studio, vLLM, llama.cpp, proxies. The oldest common
// denominator: no /responses, no `developer` role, no `max_completion_tokens`, usage in the event of the last choice as
// llama.cpp has it (ggml-org/llama.cpp issue 15443). Thoughts are in `reasoning`, as vLLM has it.

import * as z from 'zod';
import { createFormat, KEY, type WireFormat } from '../wire-format.ts';
import type { ChatBody } from './chat-messages.ts';
import { streamChat } from './chat-stream.ts';
import { OPENAI_RULES, openaiChatFields, openaiChatParts } from './openai-chat.ts';

const {
  max_completion_tokens: _newer,
  store: _stored,
  prompt_cache_key: _cached,
  verbosity: _verbosity,
  ...fields
} = openaiChatFields;

export const openaiCompatible: WireFormat = createFormat({
  ...openaiChatParts,
  id: 'openai-compatible',
  reasoning: 'plain',
  // A name for which LangChain would choose the Responses API by itself.
  selection: { provider: 'openai-compatible', model: 'local-codex', reason: 'LLM_MODEL' },
  environment: (origin) => ({ LLM_BASE_URL: `${origin}/v1`, LLM_API_KEY: KEY }),
  path: '/v1/chat/completions',
  schema: z.strictObject(fields),
  rules: [...OPENAI_RULES, refuseDeveloper],
  stream: (reply, turn) =>
    streamChat({ model: 'local-codex', usage: 'last', thought: (reasoning) => ({ reasoning }) }, reply, turn),
});

function refuseDeveloper({ messages }: ChatBody): string | undefined {
  return messages.some(({ role }) => role === 'developer') ? `Unexpected message role 'developer'.` : undefined;
}
