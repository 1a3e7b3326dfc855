// OpenRouter: many vendors' models behind one key. The package has no place for a transport, so its calls are caught
// where they leave.

import { installScopedFetch } from '../call-scope.ts';
import { leaveOutToolNames } from '../chat-request.ts';
import { keepUsage } from '../completion-events.ts';
import { mendEvents } from '../event-lines.ts';
import { PROVIDER_DEFAULTS, type Provider } from '../provider.ts';

export const OPENROUTER: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'openrouter',
  package: { name: '@langchain/openrouter', version: '0.4.11' },
  docs: 'https://openrouter.ai/models?supported_parameters=tools',
  keyVariables: ['OPENROUTER_API_KEY'],
  baseUrlVariables: ['OPENROUTER_BASE_URL'],
  baseUrl: 'https://openrouter.ai/api/v1',
  defaultModel: 'openai/gpt-5',
  toolImages: 'beside',
  // The list of models is public there; this one needs the key.
  reachability: ({ baseUrl, apiKey }) => ({ url: `${baseUrl}/key`, headers: { authorization: `Bearer ${apiKey}` } }),
  load: async () => {
    const { ChatOpenRouter } = await import('@langchain/openrouter');
    installScopedFetch();
    return (settings) =>
      new ChatOpenRouter({
        model: settings.model,
        apiKey: settings.apiKey,
        baseURL: settings.baseUrl,
        maxRetries: 0,
        // Otherwise requests name LangChain's documentation as the site that they come from, and a session of the
        // process environment.
        siteUrl: '',
        siteName: 'authorized-mcp-agent',
        sessionId: '',
        ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
        ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
      });
  },
  mendRequest: leaveOutToolNames,
  mendAnswer: (response) => mendEvents(response, () => keepUsage),
};
