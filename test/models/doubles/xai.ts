// xAI, POST /v1/chat/completions. Source: the vendor's REST reference (docs.x.ai, chat-completions), as far as a search
// showed it on 2026-11-27; its OpenAPI document was not to be had. A message that is no user's has no name ("Only messages
// of role 'user' can have a name", BerriAI/litellm issue 9720); thoughts are in `reasoning_content`.

import * as z from 'zod';
import { createFormat, KEY, type WireFormat } from '../wire-format.ts';
import { type ChatBody, chatMessagesSchema } from './chat-messages.ts';
import { streamChat } from './chat-stream.ts';
import { OPENAI_RULES, openaiChatFields, openaiChatParts } from './openai-chat.ts';

const MODEL = 'grok-3-mini';
const {
  store: _store,
  verbosity: _verbosity,
  prompt_cache_key: _cached,
  metadata: _metadata,
  ...fields
} = openaiChatFields;

export const xai: WireFormat = createFormat<ChatBody>({
  ...openaiChatParts,
  id: 'xai',
  selection: { provider: 'xai', model: MODEL, reason: 'LLM_MODEL' },
  reasoning: 'plain',
  environment: (origin) => ({ XAI_BASE_URL: `${origin}/v1`, XAI_API_KEY: KEY }),
  path: '/v1/chat/completions',
  published: undefined,
  schema: z.strictObject({
    ...fields,
    messages: chatMessagesSchema({ reasoning_content: z.string().optional() }),
    deferred: z.boolean().nullish(),
    logit_bias: z.unknown().optional(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.number().nullish(),
    search_parameters: z.unknown().optional(),
  }),
  rules: [...OPENAI_RULES, refuseNames],
  stream: (reply, turn) =>
    streamChat(
      { model: MODEL, usage: 'trailing', wholeCalls: true, thought: (reasoning_content) => ({ reasoning_content }) },
      reply,
      turn,
    ),
});

function refuseNames({ messages }: ChatBody): string | undefined {
  return messages.some((message) => message.role !== 'user' && 'name' in message)
    ? "Only messages of role 'user' can have a name."
    : undefined;
}
