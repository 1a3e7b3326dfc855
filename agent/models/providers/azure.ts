// Azure OpenAI: every account has its own endpoint, and a model is a deployment that somebody gave a name.

import { leaveOutToolNames } from '../chat-request.ts';
import { type JsonBody, PROVIDER_DEFAULTS, type Provider } from '../provider.ts';
import { openaiFields } from './openai.ts';

/** The newest version of the data plane that is not a preview. */
const DEFAULT_API_VERSION = '2024-10-21';
const DEPLOYMENT = 'AZURE_OPENAI_API_DEPLOYMENT_NAME';
const API_VERSION = 'AZURE_OPENAI_API_VERSION';

export const AZURE: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'azure',
  aliases: ['azure_openai', 'azure-openai'],
  package: { name: '@langchain/openai', version: '1.6.0' },
  docs: 'https://learn.microsoft.com/azure/ai-foundry/openai/reference',
  keyVariables: ['AZURE_OPENAI_API_KEY'],
  baseUrlVariables: ['AZURE_OPENAI_ENDPOINT'],
  baseUrl: '',
  isBaseUrlRequired: true,
  normaliseBaseUrl: (text) => text.replace(/\/openai(?:\/v1)?$/, ''),
  extraVariables: [DEPLOYMENT, API_VERSION],
  defaultModel: undefined,
  modelVariable: DEPLOYMENT,
  toolImages: 'beside',
  reachability: ({ baseUrl, apiKey, extra }) => ({
    url: `${baseUrl}/openai/models?api-version=${encodeURIComponent(extra[API_VERSION] ?? DEFAULT_API_VERSION)}`,
    headers: { 'api-key': apiKey },
  }),
  mendRequest: (body) => leaveOutToolNames(leaveOutModel(body)),
  load: async () => {
    const { AzureChatOpenAI } = await import('@langchain/openai');
    return (settings, transport) => {
      const { apiKey, configuration, ...fields } = openaiFields(settings, transport);
      return new AzureChatOpenAI({
        ...fields,
        azureOpenAIApiKey: apiKey,
        azureOpenAIEndpoint: settings.baseUrl,
        // The client takes a base path before an endpoint, and would find one in the process environment.
        azureOpenAIBasePath: `${settings.baseUrl}/openai/deployments`,
        azureOpenAIApiDeploymentName: settings.extra[DEPLOYMENT] ?? settings.model,
        azureOpenAIApiVersion: settings.extra[API_VERSION] ?? DEFAULT_API_VERSION,
        // The endpoint comes from the fields above; one in `configuration` would be taken for OpenAI's.
        configuration: { fetch: configuration.fetch, organization: null, project: null },
      });
    };
  },
};

/** The address says which deployment is meant, and Azure's own schema has no such field. */
function leaveOutModel({ model: _, ...body }: JsonBody): JsonBody {
  return body;
}
