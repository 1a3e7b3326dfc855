// Anthropic.

import { anthropicSchema } from '../plain-schema.ts';
import { PROVIDER_DEFAULTS, type Provider } from '../provider.ts';
import { SDK_TIMEOUT_OFF_MS } from './openai.ts';

export const ANTHROPIC: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'anthropic',
  aliases: ['claude'],
  package: { name: '@langchain/anthropic', version: '1.5.11' },
  docs: 'https://docs.claude.com/en/docs/about-claude/models/overview',
  keyVariables: ['ANTHROPIC_API_KEY'],
  baseUrlVariables: ['ANTHROPIC_BASE_URL'],
  baseUrl: 'https://api.anthropic.com',
  normaliseBaseUrl: (text) => text.replace(/\/v1$/, ''),
  defaultModel: 'claude-sonnet-4-5',
  recognises: /^claude-/,
  toolImages: 'in-result',
  reachability: ({ baseUrl, apiKey }) => ({
    url: `${baseUrl}/v1/models`,
    headers: { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' },
  }),
  adaptSchema: anthropicSchema,
  load: async () => {
    const { ChatAnthropic } = await import('@langchain/anthropic');
    return (settings, transport) =>
      new ChatAnthropic({
        model: settings.model,
        apiKey: settings.apiKey,
        // Always given: ANTHROPIC_API_URL and LANGSMITH_GATEWAY in the process environment would take its place.
        anthropicApiUrl: settings.baseUrl,
        // The SDK would send ANTHROPIC_AUTH_TOKEN of the process environment beside the key.
        clientOptions: { fetch: transport, timeout: SDK_TIMEOUT_OFF_MS, authToken: null },
        maxRetries: 0,
        ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
        ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
      });
  },
};
