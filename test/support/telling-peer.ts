// Everybody that the agent talks to, in one: an issuer, an MCP server and a model's vendor that show back whatever they are
// sent, in answers, in errors and in places where nobody looks. Notes each secret that has reached it. Imports neither half.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { toolCallDeltas } from './chat-completions.ts';
import { serve } from './ports.ts';

export interface TellingPeer {
  readonly origin: string;
  readonly mcpUrl: string;
  /** Secrets that were seen on the wire, or were made here, by what they are. */
  readonly secrets: Map<string, string>;
  /** Those of them that were sent here, and what they were sent as. */
  readonly sent: Set<string>;
  /** What the next token requests are refused with, showing back what was sent; then tokens. */
  readonly refusals: { readonly status: number; readonly error: string }[];
  /** Makes every access token worthless at once. */
  expireAll(): void;
  close(): Promise<void>;
}

/** Form parameters of a token request that nobody else may learn. */
const SECRET_PARAMETERS = [
  'client_secret',
  'client_assertion',
  'code',
  'code_verifier',
  'refresh_token',
  'device_code',
  'assertion',
];

export async function createTellingPeer(): Promise<TellingPeer> {
  const secrets = new Map<string, string>();
  const sent = new Set<string>();
  const good = new Set<string>();
  const refusals: { status: number; error: string }[] = [];
  let serial = 0;
  /** What is told as a scope, and as part of an issuer's name, to whoever asks which there are. */
  let lastToken: string | undefined;
  const make = (what: string) => {
    serial += 1;
    const value = `${what}-canary-${serial}-${crypto.randomUUID()}`;
    secrets.set(`${what} ${serial}`, value);
    return value;
  };
  /** A token as most issuers make them, short enough to pass for a scope. */
  const makeToken = () => {
    const { origin } = server;
    const claims = { aud: `${origin}/mcp`, exp: Math.floor(Date.now() / 1000) + 600, scope: 'read' };
    const encoded = [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    serial += 1;
    const token = [...encoded, `token-canary-${serial}-${crypto.randomUUID()}`].join('.');
    secrets.set(`access-token ${serial}`, token);
    return token;
  };
  const note = (what: string, value: string | undefined) => {
    if (!value) return;
    sent.add(what).add(value);
    if (![...secrets.values()].includes(value)) secrets.set(`${what} ${secrets.size}`, value);
  };
  const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

  const answerToken = async (request: IncomingMessage, response: ServerResponse) => {
    const body = new URLSearchParams(await text(request));
    const { authorization = '' } = request.headers;
    for (const name of SECRET_PARAMETERS) note(name, body.get(name) ?? undefined);
    if (authorization.startsWith('Basic '))
      note(
        'client_secret',
        decodeURIComponent(Buffer.from(authorization.slice(6), 'base64').toString().split(':')[1] ?? ''),
      );
    const refusal = refusals.shift();
    if (refusal) {
      // Short enough to be repeated whole.
      const shown = SECRET_PARAMETERS.map((name) => body.get(name))
        .filter(Boolean)
        .toReversed();
      return json(response, refusal.status, {
        error: refusal.error,
        error_description: [...shown, authorization].join(' '),
      });
    }
    const isBound = request.headers['dpop'] !== undefined;
    const token = makeToken();
    good.add(token);
    return json(response, 200, {
      access_token: token,
      token_type: isBound ? 'DPoP' : 'Bearer',
      expires_in: 600,
      scope: `${body.get('scope') ?? 'read'} ${token}`,
      ...(body.get('grant_type') === 'client_credentials' ? {} : { refresh_token: make('refresh-token') }),
    });
  };

  const answerMcp = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method !== 'POST') return void response.writeHead(request.method === 'DELETE' ? 200 : 405).end();
    const message = JSON.parse(await text(request));
    const token = request.headers.authorization?.split(' ')[1];
    if (token === undefined || !(good.has(token) || FIXED.test(token))) {
      const challenge = `Bearer error="invalid_token", error_description="refused: ${token}"`;
      return json(response, 401, { told: request.headers }, { 'www-authenticate': challenge });
    }
    note('presented token', token);
    lastToken = token;
    if (message.id === undefined) return void response.writeHead(202).end();
    const told = Object.entries(request.headers).flat().join(' ');
    const answer = (result: unknown) => json(response, 200, { jsonrpc: '2.0', id: message.id, result });
    const refuse = (what: string) =>
      json(response, 200, { jsonrpc: '2.0', id: message.id, error: { code: -32000, message: what } });
    switch (message.method) {
      case 'initialize':
        return answer({
          protocolVersion: '2025-11-25',
          capabilities: { tools: {}, resources: {}, prompts: {} },
          serverInfo: { name: told, version: told },
          instructions: told,
        });
      case 'tools/list':
        return answer({
          tools: ['tell', 'fail', 'break', 'forbid'].map((name) => ({
            name,
            description: `Tells ${token}`,
            inputSchema: { type: 'object', properties: { [`p ${token}`]: { type: 'string', description: token } } },
            annotations: { readOnlyHint: true },
          })),
        });
      case 'tools/call':
        if (message.params.name === 'fail') return refuse(`It broke while serving ${told}`);
        if (message.params.name === 'forbid') {
          const challenge = `Bearer error="insufficient_scope", scope="write ${token}"`;
          return json(response, 403, { told }, { 'www-authenticate': challenge });
        }
        // The middle of the token is where messages are cut.
        if (message.params.name === 'break')
          return void response
            .writeHead(500)
            .end(`${'x'.repeat(Number(message.params.arguments.padding ?? 0))}${token}`);
        return answer({
          content: [
            { type: 'text', text: `You sent ${told}` },
            { type: 'text', text: Buffer.from(`You sent ${told}`).toString('base64') },
          ],
          structuredContent: { told, [`key ${token}`]: token },
        });
      default:
        return refuse(`no ${message.method} for ${told}`);
    }
  };

  /** Calls a tool for `use NAME`, and says what it was told; fails for `refuse`. */
  const answerModel = async (request: IncomingMessage, response: ServerResponse) => {
    const { messages, tools = [], stream } = JSON.parse(await text(request));
    const key = request.headers.authorization?.split(' ')[1];
    note('model key', key);
    const { role, content } = messages.at(-1);
    const said = typeof content === 'string' ? content : JSON.stringify(content);
    if (/refuse/.test(said) && role === 'user')
      return json(response, 401, { error: { message: `Incorrect API key provided: ${key}`, code: 'invalid_api_key' } });
    const wanted = /use (\w+)/.exec(said)?.[1];
    const tool = tools.find((one: { function: { name: string } }) => one.function.name === wanted);
    const deltas = role === 'user' && tool ? toolCallDeltas(wanted ?? '', {}) : [{ content: `I was told: ${said}` }];
    if (!stream) return json(response, 400, { error: { message: 'only streams' } });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const id = `chatcmpl-${crypto.randomUUID()}`;
    const send = (delta: unknown, finish: string | null = null) =>
      response.write(
        `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 0, model: 'double', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
      );
    send({ role: 'assistant', content: '' });
    for (const delta of deltas) send(delta);
    send({}, 'tool_calls' in (deltas[0] ?? {}) ? 'tool_calls' : 'stop');
    response.end('data: [DONE]\n\n');
  };

  const server = await serve(async (request, response) => {
    const url = new URL(request.url ?? '/', server.origin);
    const { origin } = server;
    switch (url.pathname) {
      case '/mcp':
        return void (await answerMcp(request, response));
      case '/v1/chat/completions':
        return void (await answerModel(request, response));
      case '/.well-known/oauth-protected-resource/mcp':
        return json(response, 200, {
          resource: `${origin}/mcp`,
          authorization_servers: lastToken === undefined ? [origin] : [origin, `${origin}/${lastToken}`],
          scopes_supported: lastToken === undefined ? ['read'] : ['read', lastToken],
        });
      case '/.well-known/oauth-authorization-server':
        return json(response, 200, {
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          revocation_endpoint: `${origin}/revoke`,
          device_authorization_endpoint: `${origin}/device`,
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
          dpop_signing_alg_values_supported: ['ES256'],
          authorization_response_iss_parameter_supported: true,
        });
      case '/authorize': {
        const target = new URL(url.searchParams.get('redirect_uri') ?? '');
        const parameters = { code: make('code'), state: url.searchParams.get('state') ?? '', iss: origin };
        for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
        return void response.writeHead(302, { location: target.href }).end();
      }
      case '/token':
        return void (await answerToken(request, response));
      case '/register': {
        const body = JSON.parse(await text(request));
        return json(response, 201, { ...body, client_id: 'registered', client_secret: make('registered-secret') });
      }
      case '/device':
        return json(response, 200, {
          device_code: make('device-code'),
          user_code: 'ABCD-EFGH',
          verification_uri: `${origin}/activate`,
          expires_in: 600,
          interval: 0.01,
        });
      case '/revoke': {
        const body = new URLSearchParams(await text(request));
        return json(response, 503, { error: 'temporarily_unavailable', error_description: body.get('token') });
      }
      default:
        return json(response, 404, {});
    }
  });
  return {
    origin: server.origin,
    mcpUrl: `${server.origin}/mcp`,
    secrets,
    sent,
    refusals,
    expireAll: () => good.clear(),
    close: server.close,
  };
}

/** Tokens that the agent has from its configuration. */
const FIXED = /^fixed-canary-/;
