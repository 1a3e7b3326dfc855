// Groq.

import { leaveOutToolNames } from '../chat-request.ts';
import { createReasoningIntoText } from '../completion-events.ts';
import { mendEvents } from '../event-lines.ts';
import { PROVIDER_DEFAULTS, type Provider } from '../provider.ts';
import { SDK_TIMEOUT_OFF_MS } from './openai.ts';

export const GROQ: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'groq',
  package: { name: '@langchain/groq', version: '1.3.1' },
  docs: 'https://console.groq.com/docs/models',
  keyVariables: ['GROQ_API_KEY'],
  baseUrlVariables: ['GROQ_BASE_URL'],
  baseUrl: 'https://api.groq.com',
  // The SDK adds this path itself.
  normaliseBaseUrl: (text) => text.replace(/\/openai(?:\/v1)?$/, ''),
  defaultModel: 'openai/gpt-oss-120b',
  reachability: ({ baseUrl, apiKey }) => ({
    url: `${baseUrl}/openai/v1/models`,
    headers: { authorization: `Bearer ${apiKey}` },
  }),
  mendRequest: leaveOutToolNames,
  mendAnswer: (response) => mendEvents(response, createReasoningIntoText),
  load: async () => {
    const { ChatGroq } = await import('@langchain/groq');
    /** The package puts the count of tokens where nobody looks for it. */
    class CountingGroq extends ChatGroq {
      override async *_streamResponseChunks(
        ...args: Parameters<InstanceType<typeof ChatGroq>['_streamResponseChunks']>
      ) {
        for await (const chunk of super._streamResponseChunks(...args)) {
          const { usage } = chunk.message.response_metadata;
          if (usage) Object.assign(chunk.message, { usage_metadata: usage });
          yield chunk;
        }
      }
    }
    return (settings, transport) => {
      const model = new CountingGroq({
        model: settings.model,
        apiKey: settings.apiKey,
        baseUrl: settings.baseUrl,
        fetch: transport,
        timeout: SDK_TIMEOUT_OFF_MS,
        maxRetries: 0,
        ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
      });
      // The class has a default of its own, which is not Groq's; what is not set shall not be sent.
      return Object.assign(model, { temperature: settings.temperature });
    };
  },
};
