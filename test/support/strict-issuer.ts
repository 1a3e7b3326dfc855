// An issuer and a resource in one, as strict as the specifications allow and bent out of shape by a test where it wants:
// PKCE, rotation of refresh tokens with detection of reuse, DPoP with nonces, registration, device codes, revocation. The
// resource takes exactly the tokens that are good. Imports neither half.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { serve } from './ports.ts';
import { createStrictTokens, refusal, type StrictTokenSettings } from './strict-tokens.ts';

export interface TokenCall {
  readonly body: URLSearchParams;
  readonly authorization: string | undefined;
  readonly proof: string | undefined;
}

/** What a test may bend at any time. */
export interface StrictIssuerSettings extends StrictTokenSettings {
  /** Laid over the metadata; `undefined` takes a member away. */
  metadata: Record<string, unknown>;
  resourceMetadata: Record<string, unknown>;
  /** What the 401 says besides the scheme; `undefined` says nothing. */
  challenge: string | undefined;
  /** Parameters of the redirect, laid over `code`, `state` and `iss`; `undefined` takes one away. */
  redirect: Record<string, string | undefined>;
  /** Answers a token request instead of the issuer. */
  token:
    | ((body: URLSearchParams) => { status: number; body: unknown; headers?: Record<string, string> } | undefined)
    | undefined;
  /** Called before a token is answered; the test may kill the asker then. */
  beforeAnswer: (() => Promise<void>) | undefined;
  /** Scopes that a token needs for each request. */
  scopes: readonly string[];
  registration: ((body: Record<string, unknown>) => { status: number; body: unknown }) | undefined;
  /** Laid over the answer to a request for a device code. */
  device: Record<string, unknown>;
  /** What polling for a device code is answered, one after the other; then tokens. */
  deviceAnswers: { status: number; error: string }[];
}

export interface StrictIssuer {
  readonly origin: string;
  readonly mcpUrl: string;
  readonly settings: StrictIssuerSettings;
  readonly requests: string[];
  readonly tokenCalls: TokenCall[];
  readonly registrations: Record<string, unknown>[];
  readonly authorizations: URLSearchParams[];
  readonly revocations: URLSearchParams[];
  /** Makes every access token worthless at once. */
  expireAll(): void;
  /** How many refresh tokens were used a second time. */
  readonly reuses: () => number;
  close(): Promise<void>;
}

export async function createStrictIssuer(): Promise<StrictIssuer> {
  const clients = new Map<string, string | undefined>([['known', undefined]]);
  const [requests, tokenCalls, registrations, authorizations, revocations]: [
    string[],
    TokenCall[],
    Record<string, unknown>[],
    URLSearchParams[],
    URLSearchParams[],
  ] = [[], [], [], [], []];
  const settings: StrictIssuerSettings = {
    metadata: {},
    resourceMetadata: {},
    challenge: undefined,
    leewayMs: 0,
    expiresInSeconds: 600,
    redirect: {},
    token: undefined,
    beforeAnswer: undefined,
    nonce: undefined,
    scopes: [],
    grantable: undefined,
    registration: undefined,
    device: {},
    deviceAnswers: [],
  };
  const { issue, start, refresh, redeem, thumbprintOf, addCode, familyOf, revoke, expireAll, reuses } =
    createStrictTokens(settings);

  const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

  const answerToken = async (call: TokenCall) => {
    const { body, proof } = call;
    const bent = settings.token?.(body);
    if (bent) return bent;
    const clientId = body.get('client_id') ?? '';
    if (!clients.has(clientId) && !call.authorization) return refusal('invalid_client', 401);
    let jkt: string | undefined;
    if (proof !== undefined)
      try {
        jkt = await thumbprintOf(proof, 'POST', `${server.origin}/token`);
      } catch (error) {
        return error instanceof Error && error.message === 'nonce'
          ? { ...refusal('use_dpop_nonce'), headers: { 'dpop-nonce': settings.nonce ?? '' } }
          : refusal('invalid_dpop_proof');
      }
    if (body.get('resource') !== `${server.origin}/mcp`) return refusal('invalid_target');
    switch (body.get('grant_type')) {
      case 'authorization_code':
        return redeem(body, jkt);
      case 'refresh_token':
        return refresh(body, jkt);
      case 'urn:ietf:params:oauth:grant-type:device_code': {
        const next = settings.deviceAnswers.shift();
        if (next) return refusal(next.error, next.status);
        const family = start(clientId, 'read', jkt);
        return issue(family, { refresh_token: family.refreshToken });
      }
      default:
        return issue(start(clientId, body.get('scope') ?? '', jkt));
    }
  };

  const answerResource = async (request: IncomingMessage, response: ServerResponse) => {
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
    const family = familyOf(token);
    const proof = request.headers['dpop'];
    let isGood = family !== undefined && !family.isRevoked && scheme === (family.jkt === undefined ? 'Bearer' : 'DPoP');
    if (isGood && family?.jkt !== undefined)
      try {
        isGood =
          family.jkt === (await thumbprintOf(String(proof), request.method ?? '', `${server.origin}/mcp`, token));
      } catch (error) {
        isGood = false;
        if (error instanceof Error && error.message === 'nonce') {
          const challenge = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': settings.nonce ?? '' };
          return json(response, 401, {}, challenge);
        }
      }
    if (!isGood)
      return json(response, 401, {}, { 'www-authenticate': settings.challenge ?? 'Bearer error="invalid_token"' });
    const held = family?.scope.split(' ') ?? [];
    if (!settings.scopes.every((scope) => held.includes(scope))) {
      const challenge = `Bearer error="insufficient_scope", scope="${settings.scopes.join(' ')}"`;
      return json(response, 403, {}, { 'www-authenticate': challenge });
    }
    return json(response, 200, { answer: 42 });
  };

  const server = await serve(async (request, response) => {
    const url = new URL(request.url ?? '/', server.origin);
    requests.push(`${request.method} ${url.pathname}`);
    switch (url.pathname) {
      case '/mcp':
        return void (await answerResource(request, response));
      case '/.well-known/oauth-protected-resource/mcp':
        return void json(response, 200, {
          resource: `${server.origin}/mcp`,
          authorization_servers: [server.origin],
          scopes_supported: ['read'],
          ...settings.resourceMetadata,
        });
      case '/.well-known/oauth-authorization-server':
        return void json(response, 200, {
          issuer: server.origin,
          authorization_endpoint: `${server.origin}/authorize`,
          token_endpoint: `${server.origin}/token`,
          registration_endpoint: `${server.origin}/register`,
          revocation_endpoint: `${server.origin}/revoke`,
          device_authorization_endpoint: `${server.origin}/device`,
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['none', 'client_secret_post'],
          authorization_response_iss_parameter_supported: true,
          ...settings.metadata,
        });
      case '/authorize': {
        const asked = url.searchParams;
        authorizations.push(asked);
        const code = crypto.randomUUID();
        addCode(code, asked);
        const target = new URL(asked.get('redirect_uri') ?? '');
        const parameters = { code, state: asked.get('state') ?? '', iss: server.origin, ...settings.redirect };
        for (const [name, value] of Object.entries(parameters))
          if (value !== undefined) target.searchParams.set(name, value);
        return void response.writeHead(302, { location: target.href }).end();
      }
      case '/token': {
        const call = {
          body: new URLSearchParams(await text(request)),
          authorization: request.headers.authorization,
          proof: request.headers['dpop'] === undefined ? undefined : String(request.headers['dpop']),
        };
        tokenCalls.push(call);
        const answer = await answerToken(call);
        await settings.beforeAnswer?.();
        return void json(response, answer.status, answer.body, 'headers' in answer ? answer.headers : {});
      }
      case '/register': {
        const body = JSON.parse(await text(request));
        registrations.push(body);
        const bent = settings.registration?.(body);
        if (bent) return void json(response, bent.status, bent.body);
        const clientId = `registered-${registrations.length}`;
        clients.set(clientId, undefined);
        return void json(response, 201, { client_id: clientId, ...body });
      }
      case '/revoke': {
        const body = new URLSearchParams(await text(request));
        revocations.push(body);
        revoke(body.get('token'));
        return void response.writeHead(200).end();
      }
      case '/device':
        return void json(response, 200, {
          device_code: 'device-code',
          user_code: 'ABCD-EFGH',
          verification_uri: `${server.origin}/activate`,
          expires_in: 600,
          interval: 0.01,
          ...settings.device,
        });
      default:
        return void json(response, 404, {});
    }
  });
  return {
    origin: server.origin,
    mcpUrl: `${server.origin}/mcp`,
    settings,
    requests,
    tokenCalls,
    registrations,
    authorizations,
    revocations,
    expireAll,
    reuses,
    close: server.close,
  };
}
