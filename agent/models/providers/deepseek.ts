// DeepSeek.

import { leaveOutToolNames } from '../chat-request.ts';
import { PROVIDER_DEFAULTS, type Provider } from '../provider.ts';
import { giveReasoningBack } from '../reasoning-back.ts';
import { listModels, openaiFields } from './openai.ts';

export const DEEPSEEK: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'deepseek',
  package: { name: '@langchain/deepseek', version: '1.1.13' },
  docs: 'https://api-docs.deepseek.com/quick_start/pricing',
  keyVariables: ['DEEPSEEK_API_KEY'],
  baseUrlVariables: ['DEEPSEEK_BASE_URL'],
  baseUrl: 'https://api.deepseek.com',
  defaultModel: 'deepseek-chat',
  recognises: /^deepseek-/,
  reachability: listModels,
  mendRequest: (body, messages) => leaveOutToolNames(giveReasoningBack(body, messages)),
  load: async () => {
    const { ChatDeepSeek } = await import('@langchain/deepseek');
    return (settings, transport) => new ChatDeepSeek(openaiFields(settings, transport));
  },
};
