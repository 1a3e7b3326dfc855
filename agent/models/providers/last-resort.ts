// What LangChain knows and the registry has no row for: built by `initChatModel`. Endpoints are the packages' own
// business; keys are passed on where they are known by name. Chosen by name only, never by a key that is set.

import { PROVIDER_DEFAULTS, type Provider, type ToolCallingModel } from '../provider.ts';

export const LAST_RESORT: readonly Provider[] = [
  createRow('cohere', '@langchain/cohere', ['COHERE_API_KEY']),
  createRow('cerebras', '@langchain/cerebras', ['CEREBRAS_API_KEY']),
  createRow('fireworks', '@langchain/fireworks', ['FIREWORKS_API_KEY']),
  createRow('together', '@langchain/together-ai', ['TOGETHER_AI_API_KEY']),
  createRow('perplexity', '@langchain/perplexity', ['PERPLEXITY_API_KEY']),
  createRow('google-vertexai', '@langchain/google-vertexai', []),
  createRow('google-vertexai-web', '@langchain/google-vertexai-web', []),
];

/** `langchain` and the vendor's package are both needed; the hint installs both. */
function createRow(id: string, packageName: string, keyVariables: readonly string[]): Provider {
  return {
    ...PROVIDER_DEFAULTS,
    id,
    package: { name: 'langchain', version: '1.5.14' },
    alsoNeeds: [packageName],
    docs: 'https://docs.langchain.com/oss/javascript/integrations/chat',
    keyVariables,
    isKeyOptional: keyVariables.length === 0,
    baseUrlVariables: [],
    baseUrl: '',
    defaultModel: undefined,
    saysWhyItEnds: false,
    load: async () => {
      const { initChatModel } = await import('langchain/chat_models/universal');
      // `initChatModel` would find out only when it builds, and hide the error of a package that is broken.
      await import(packageName);
      return async ({ model, apiKey, temperature, maxTokens, maxRetries }) => {
        const configurable = await initChatModel(model, {
          modelProvider: id,
          maxRetries,
          ...(apiKey === '' ? {} : { apiKey }),
          ...(temperature === undefined ? {} : { temperature }),
          ...(maxTokens === undefined ? {} : { maxTokens }),
        });
        // The wrapper would keep one more model for every thread that it meets.
        const concrete = await configurable._getModelInstance();
        // All of these classes have `bindTools`; the graph refuses one that has not.
        return concrete as ToolCallingModel;
      };
    },
  };
}
