// Mistral. The package takes a transport only as a class of its SDK, so its calls are caught where they leave.

import { installScopedFetch } from '../call-scope.ts';
import { createThoughtsIntoText } from '../completion-events.ts';
import { mendEvents } from '../event-lines.ts';
import { type JsonBody, PROVIDER_DEFAULTS, type Provider } from '../provider.ts';

export const MISTRAL: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'mistral',
  aliases: ['mistralai'],
  package: { name: '@langchain/mistralai', version: '1.2.0' },
  docs: 'https://docs.mistral.ai/getting-started/models',
  keyVariables: ['MISTRAL_API_KEY'],
  baseUrlVariables: ['MISTRAL_BASE_URL'],
  baseUrl: 'https://api.mistral.ai',
  normaliseBaseUrl: (text) => text.replace(/\/v1$/, ''),
  defaultModel: 'mistral-large-latest',
  recognises: /^(?:mi[sx]tral|magistral|ministral|codestral|devstral|pixtral)-/,
  reachability: ({ baseUrl, apiKey }) => ({
    url: `${baseUrl}/v1/models`,
    headers: { authorization: `Bearer ${apiKey}` },
  }),
  load: async () => {
    const { ChatMistralAI } = await import('@langchain/mistralai');
    installScopedFetch();
    return (settings) => {
      const model = new ChatMistralAI({
        model: settings.model,
        apiKey: settings.apiKey,
        serverURL: settings.baseUrl,
        maxRetries: 0,
        ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
      });
      // The class has defaults of its own, which are not Mistral's; what is not set shall not be sent.
      return Object.assign(model, { temperature: settings.temperature, topP: undefined, safePrompt: undefined });
    };
  },
  mendRequest: bridgeResults,
  mendAnswer: (response) => mendEvents(response, createThoughtsIntoText),
};

/** What the model is made to have said between results that it never answered to and the next request. */
const BRIDGE = { role: 'assistant', content: 'The turn was cancelled.' };

/**
 * Puts an answer between the results of a turn that was cancelled and the next request: the API refuses a `user` directly
 * after a `tool` ("Unexpected role 'user' after role 'tool'", code 3230).
 */
function bridgeResults(body: JsonBody): JsonBody {
  if (!Array.isArray(body['messages'])) return body;
  // The body is the package's own request, in the shape that Mistral documents.
  const messages = body['messages'] as readonly { readonly role?: string }[];
  const bridged = messages.flatMap((message, index) =>
    message.role === 'user' && messages[index - 1]?.role === 'tool' ? [BRIDGE, message] : [message],
  );
  return { ...body, messages: bridged };
}
