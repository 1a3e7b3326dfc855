// Amazon Bedrock, through its Converse API. A Bedrock API key, a pair of AWS keys, or whatever AWS's own chain of
// credentials finds: profile, SSO, role.

import { Readable } from 'node:stream';
import { anthropicSchema } from '../plain-schema.ts';
import { type ModelSettings, PROVIDER_DEFAULTS, type Provider } from '../provider.ts';

const DEFAULT_REGION = 'us-east-1';
const REGION = ['AWS_REGION', 'AWS_DEFAULT_REGION'];
const PAIR = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** What AWS's client hands to a request handler. */
interface AwsRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array | string;
}

/** What we read of a message. */
interface Turn {
  readonly role: string | undefined;
  readonly content: readonly unknown[] | undefined;
}

export const BEDROCK: Provider = {
  ...PROVIDER_DEFAULTS,
  id: 'bedrock',
  aliases: ['aws'],
  package: { name: '@langchain/aws', version: '1.4.5' },
  docs: 'https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html',
  // The pair is not among them: many have it set for other things, and it shall not choose a model.
  keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
  isKeyOptional: true,
  baseUrlVariables: ['BEDROCK_BASE_URL'],
  baseUrl: '',
  baseUrlFor: (extra) => `https://bedrock-runtime.${regionOf(extra)}.amazonaws.com`,
  extraVariables: [...REGION, ...PAIR],
  defaultModel: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  recognises: /^(?:[a-z]{2,6}\.)?(?:amazon|anthropic|meta|mistral|cohere)\./,
  toolImages: (model) => (/anthropic\.claude|amazon\.nova-(?:lite|pro|premier)/.test(model) ? 'in-result' : 'none'),
  adaptSchema: anthropicSchema,
  load: async () => {
    const { ChatBedrockConverse } = await import('@langchain/aws');
    return (settings, transport) => {
      const model = new ChatBedrockConverse({
        model: settings.model,
        region: regionOf(settings.extra),
        ...credentialsOf(settings),
        // The host that requests are signed for.
        ...(settings.isCustomBaseUrl ? { endpointHost: new URL(settings.baseUrl).host } : {}),
        clientOptions: { maxAttempts: 1, requestHandler: createHandler(transport, settings.baseUrl) },
        maxRetries: 0,
        // Ours is in the transport.
        streamIdleTimeout: 0,
        ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
        ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
      });
      // Before the request is signed: what is changed in the transport would not fit its signature.
      model.client.middlewareStack.add(
        (next) => (args) => {
          if ('messages' in args.input && args.input.messages)
            Object.assign(args.input, { messages: joinTurns(args.input.messages) });
          return next(args);
        },
        { step: 'initialize' },
      );
      return model;
    };
  },
};

/**
 * Puts messages of one role that follow each other into one, as after a turn that was cancelled: the API refuses them ("A
 * conversation must alternate between user and assistant roles").
 */
function joinTurns(messages: readonly Turn[]): Turn[] {
  const joined: Turn[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last && last.role === message.role)
      joined[joined.length - 1] = { ...message, content: [...(last.content ?? []), ...(message.content ?? [])] };
    else joined.push(message);
  }
  return joined;
}

function regionOf(extra: ModelSettings['extra']): string {
  return REGION.map((name) => extra[name]).find((value) => value !== undefined) ?? DEFAULT_REGION;
}

function credentialsOf({ apiKey, extra }: ModelSettings) {
  if (apiKey !== '') return { bedrockBearerToken: apiKey };
  const [accessKeyId, secretAccessKey, sessionToken] = PAIR.map((name) => extra[name]);
  if (!accessKeyId || !secretAccessKey) return {};
  return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } };
}

/** AWS's idea of a transport around ours. */
function createHandler(transport: typeof fetch, baseUrl: string) {
  return {
    handle: async (request: AwsRequest, { abortSignal }: { abortSignal?: unknown } = {}) => {
      const { host: _, ...headers } = request.headers;
      const response = await transport(`${baseUrl}${request.path}`, {
        method: request.method,
        headers,
        // AWS's client writes bodies as text or bytes.
        ...(request.body === undefined ? {} : { body: request.body as BodyInit }),
        ...(abortSignal instanceof AbortSignal ? { signal: abortSignal } : {}),
      });
      // Node's web streams and those in TypeScript's DOM library are the same thing under two types.
      const body = (response.body ?? new Blob([]).stream()) as Parameters<typeof Readable.fromWeb>[0];
      return {
        response: {
          statusCode: response.status,
          headers: Object.fromEntries(response.headers),
          body: Readable.fromWeb(body),
        },
      };
    },
    metadata: { handlerProtocol: 'h1' },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}
