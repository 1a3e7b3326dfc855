// Azure OpenAI, POST /openai/deployments/{deployment}/chat/completions?api-version=… with the key in `api-key`. Source:
// azure-rest-api-specs, cognitiveservices AzureOpenAI inference 2024-10-21, as remembered and from public bug reports on 2026-11-23, the document itself was not opened; the body is OpenAI's. The
// first event carries the verdict on the prompt and no choice.

import { createFormat, event, KEY, type WireFormat } from '../wire-format.ts';
import { streamChat } from './chat-stream.ts';
import { openaiChatParts } from './openai-chat.ts';

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
  stream: (reply, turn) => streamChat({ model: 'gpt-4.1', usage: 'trailing', preamble: [PROMPT_FILTER] }, reply, turn),
});
