// Azure OpenAI, POST /openai/deployments/{deployment}/chat/completions?api-version=… with the key in `api-key`. Source:
// schemas/azure.json, which was opened on 2026-11-27: no `model`, no `store`, no `verbosity`, no `reasoning_effort`. The first
// event carries the verdict on the prompt and no choice.

import * as z from 'zod';
import { createFormat, event, KEY, type WireFormat } from '../wire-format.ts';
import { streamChat } from './chat-stream.ts';
import { openaiChatFields, openaiChatParts } from './openai-chat.ts';

/** The deployment is in the path. */
const {
  model: _model,
  reasoning_effort: _effort,
  store: _store,
  verbosity: _verbosity,
  prompt_cache_key: _cached,
  ...fields
} = openaiChatFields;

const PROMPT_FILTER = event({
  id: '',
  object: '',
  created: 0,
  model: '',
  choices: [],
  prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
});

export const azure: WireFormat = createFormat({
  ...openaiChatParts,
  id: 'azure',
  selection: { provider: 'azure', model: 'my-deployment', reason: 'LLM_MODEL' },
  environment: (origin) => ({
    AZURE_OPENAI_ENDPOINT: origin,
    AZURE_OPENAI_API_KEY: KEY,
    AZURE_OPENAI_API_DEPLOYMENT_NAME: 'my-deployment',
    AZURE_OPENAI_API_VERSION: '2024-10-21',
  }),
  path: '/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21',
  key: { header: 'api-key', value: KEY, status: 401 },
  schema: z.strictObject(fields),
  // Its definition is in the document, and nothing refers to it; it is taken (griptape-ai/griptape issue 1640).
  published: { name: 'azure', alsoTakes: { createChatCompletionRequest: { stream_options: { type: 'object' } } } },
  stream: (reply, turn) => streamChat({ model: 'gpt-4.1', usage: 'trailing', preamble: [PROMPT_FILTER] }, reply, turn),
});
