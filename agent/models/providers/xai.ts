// xAI.

import { leaveOutToolNames } from '../chat-request.ts';
import { PROVIDER_DEFAULTS, type Provider } from '../provider.ts';
import { listModels, openaiConfiguration, openaiFields } from './openai.ts';

export const XAI: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'xai',
  aliases: ['grok'],
  package: { name: '@langchain/xai', version: '1.4.15' },
  docs: 'https://docs.x.ai/docs/models',
  keyVariables: ['XAI_API_KEY'],
  baseUrlVariables: ['XAI_BASE_URL'],
  baseUrl: 'https://api.x.ai/v1',
  defaultModel: 'grok-4',
  recognises: /^grok-/,
  toolImages: 'beside',
  reachability: listModels,
  mendRequest: leaveOutToolNames,
  load: async () => {
    const { ChatXAI } = await import('@langchain/xai');
    return (settings, transport) => {
      const { configuration: _, ...fields } = openaiFields(settings, transport);
      const model = new ChatXAI({ ...fields, baseURL: settings.baseUrl });
      // The class drops `configuration`, and with it the transport. The client is made from this at the first call.
      const { clientConfig } = model as unknown as { readonly clientConfig: object };
      Object.assign(clientConfig, openaiConfiguration(settings, transport));
      return model;
    };
  },
};
