// Google's Gemini API, with a key from AI Studio. The package has no place for a transport, so its calls are caught
// where they leave; and it sends the results of parallel calls in a form that the API refuses, which is mended there.

import { debuglog } from 'node:util';
import { installScopedFetch } from '../call-scope.ts';
import { googleSchema } from '../google-schema.ts';
import { type JsonSchema, listOf, mapSchemas, recordOf } from '../plain-schema.ts';
import { type JsonBody, PROVIDER_DEFAULTS, type Provider } from '../provider.ts';

const debug = debuglog('agent-models');

interface Content {
  readonly role?: string;
  readonly parts?: readonly Readonly<Record<string, unknown>>[];
}

export const GOOGLE: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'google',
  aliases: ['gemini', 'google-genai', 'google_genai'],
  package: { name: '@langchain/google-genai', version: '2.3.2' },
  docs: 'https://ai.google.dev/gemini-api/docs/models',
  keyVariables: ['GOOGLE_API_KEY', 'GEMINI_API_KEY'],
  baseUrlVariables: ['GOOGLE_BASE_URL'],
  baseUrl: 'https://generativelanguage.googleapis.com',
  normaliseBaseUrl: (text) => text.replace(/\/v1(?:beta)?$/, ''),
  defaultModel: 'gemini-2.5-flash',
  recognises: /^(?:gemini|gemma)-/,
  toolImages: 'beside',
  reachability: ({ baseUrl, apiKey }) => ({ url: `${baseUrl}/v1beta/models`, headers: { 'x-goog-api-key': apiKey } }),
  load: async () => {
    const { ChatGoogleGenerativeAI } = await import('@langchain/google-genai');
    installScopedFetch();
    return (settings) => {
      const model = new ChatGoogleGenerativeAI({
        model: settings.model,
        apiKey: settings.apiKey,
        baseUrl: settings.baseUrl,
        maxRetries: 0,
        ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
        ...(settings.maxTokens === undefined ? {} : { maxOutputTokens: settings.maxTokens }),
      });
      // Private by its type only.
      settleWholeResponses((model as unknown as { client: StreamingClient }).client);
      return model;
    };
  },
  adaptSchema: googleSchema,
  mendRequest: (body) => mergeResponses(declareFunctions(body)),
};

/** What we touch of the SDK's client. */
interface StreamingClient {
  generateContentStream(...args: unknown[]): Promise<{ readonly response: Promise<unknown> }>;
}

/**
 * The SDK gives every answer twice, as a stream and as a promise of the whole. Nobody takes the promise, so that a
 * stream that breaks off would end the process as an unhandled rejection.
 */
function settleWholeResponses(client: StreamingClient): void {
  const generate = client.generateContentStream.bind(client);
  client.generateContentStream = async (...args) => {
    const answer = await generate(...args);
    answer.response.catch((error: unknown) => debug('whole response: %o', error));
    return answer;
  };
}

/**
 * Puts the results of one turn's calls into one content: the API wants as many of them there as there were calls, and
 * the package makes a content of each.
 */
function mergeResponses(body: JsonBody): JsonBody {
  if (!Array.isArray(body['contents'])) return body;
  const merged: Content[] = [];
  // The body is the package's own request, in the shape that Google documents.
  for (const content of body['contents'] as readonly Content[]) {
    const last = merged.at(-1);
    if (last && hasResponses(last) && hasResponses(content))
      merged[merged.length - 1] = { ...last, parts: [...(last.parts ?? []), ...(content.parts ?? [])] };
    else merged.push(content);
  }
  return { ...body, contents: merged };
}

/**
 * The functions as Google describes them: types in capitals, and none without properties, since an object without any is
 * refused, and a function without parameters is not.
 */
function declareFunctions(body: JsonBody): JsonBody {
  const tools = listOf(body['tools']).map((tool) => ({
    ...tool,
    functionDeclarations: listOf(tool['functionDeclarations']).map(({ parameters, ...declaration }) =>
      Object.keys(recordOf(recordOf(parameters)['properties'])).length === 0
        ? declaration
        : { ...declaration, parameters: withTypesInCapitals(parameters) },
    ),
  }));
  return tools.length === 0 ? body : { ...body, tools };
}

function withTypesInCapitals(schema: unknown): JsonSchema {
  return mapSchemas(recordOf(schema), (part) =>
    typeof part['type'] === 'string' ? { ...part, type: part['type'].toUpperCase() } : part,
  );
}

function hasResponses({ parts }: Content): boolean {
  return parts !== undefined && parts.length > 0 && parts.every((part) => 'functionResponse' in part);
}
