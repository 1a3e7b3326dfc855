// Any server that speaks OpenAI's chat completions: LM Studio, vLLM, llama.cpp, a proxy. Endpoint and model are stated;
// a key is sent only where one is set.

import { leaveOutToolNames } from '../chat-request.ts';
import { renameReasoning } from '../completion-events.ts';
import { mendEvents } from '../event-lines.ts';
import { PROVIDER_DEFAULTS, type Provider } from '../provider.ts';
import { listModels, openaiFields } from './openai.ts';

export const OPENAI_COMPATIBLE: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'openai-compatible',
  package: { name: '@langchain/openai', version: '1.6.0' },
  docs: 'https://platform.openai.com/docs/api-reference/chat',
  keyVariables: ['LLM_API_KEY'],
  isKeyOptional: true,
  baseUrlVariables: ['LLM_BASE_URL'],
  baseUrl: '',
  isBaseUrlRequired: true,
  defaultModel: undefined,
  reachability: listModels,
  mendRequest: leaveOutToolNames,
  mendAnswer: (response) => mendEvents(response, () => renameReasoning),
  load: async () => {
    const { ChatOpenAICompletions } = await import('@langchain/openai');
    return (settings, transport) => new ChatOpenAICompletions(openaiFields(settings, transport));
  },
};
