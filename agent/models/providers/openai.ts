// OpenAI, and what every model on its SDK has in common.

import { leaveOutToolNames } from '../chat-request.ts';
import { type ModelSettings, PROVIDER_DEFAULTS, type Provider } from '../provider.ts';

/** The SDK's own limit counts the waiting between attempts; ours, in the transport, does not. Milliseconds. */
export const SDK_TIMEOUT_OFF_MS = 0x7fffffff;

/** What `ChatOpenAI` and its relatives are built with. */
export function openaiFields(settings: ModelSettings, transport: typeof fetch) {
  return {
    model: settings.model,
    apiKey: settings.apiKey,
    // A base URL beside `configuration` is ignored. It is always given: without one, OPENAI_API_BASE or
    // LANGSMITH_GATEWAY in the process environment would send conversation and key somewhere else.
    configuration: openaiConfiguration(settings, transport),
    // Not `streaming: true`: it streams for those who asked for a whole message too, and counts tokens for them with
    // a table that it fetches from tiktoken.pages.dev. Whoever streams gets a stream without it.
    streamUsage: true,
    timeout: SDK_TIMEOUT_OFF_MS,
    maxRetries: 0,
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
  };
}

/** Endpoint and transport, without the account identifiers that the SDK takes from the process environment. */
export function openaiConfiguration(settings: ModelSettings, transport: typeof fetch) {
  return { baseURL: settings.baseUrl, fetch: transport, ...NO_ACCOUNT };
}

const NO_ACCOUNT = { organization: null, project: null };

/** The account, where the request goes to OpenAI itself; it is nobody else's business. */
function accountOf({ extra, isCustomBaseUrl }: ModelSettings) {
  return isCustomBaseUrl
    ? NO_ACCOUNT
    : { organization: extra['OPENAI_ORG_ID'] ?? null, project: extra['OPENAI_PROJECT_ID'] ?? null };
}

/** The list of models, as OpenAI and its many imitators give it. */
export function listModels({ baseUrl, apiKey }: ModelSettings) {
  return { url: `${baseUrl}/models`, headers: { authorization: `Bearer ${apiKey}` } };
}

export const OPENAI: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'openai',
  package: { name: '@langchain/openai', version: '1.6.0' },
  docs: 'https://platform.openai.com/docs/models',
  keyVariables: ['OPENAI_API_KEY'],
  baseUrlVariables: ['OPENAI_BASE_URL'],
  baseUrl: 'https://api.openai.com/v1',
  extraVariables: ['OPENAI_ORG_ID', 'OPENAI_PROJECT_ID'],
  defaultModel: 'gpt-5',
  recognises: /^(?:gpt-|chatgpt-|o\d)/,
  toolImages: 'beside',
  reachability: listModels,
  mendRequest: leaveOutToolNames,
  load: async () => {
    const { ChatOpenAI, ChatOpenAICompletions } = await import('@langchain/openai');
    return (settings, transport) => {
      const fields = {
        ...openaiFields(settings, transport),
        configuration: { ...openaiConfiguration(settings, transport), ...accountOf(settings) },
      };
      // `ChatOpenAI` picks the Responses API by the model's name even with `useResponsesApi: false`; compatible servers
      // rarely have it.
      return settings.isCustomBaseUrl ? new ChatOpenAICompletions(fields) : new ChatOpenAI(fields);
    };
  },
};
