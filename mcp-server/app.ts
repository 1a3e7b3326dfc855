// The HTTP surface of the resource server: host and origin guard, well-known document, health, bearer gate, /mcp.
// A pure request → response function; it opens no socket.

import {
  createMcpHandler,
  McpServer,
  originValidationResponse,
  validateHostHeader,
} from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type Refusal, readCredential, refusalResponse } from './auth/challenge.ts';
import { SCOPES } from './auth/scopes.ts';
import type { Principal, Verdict } from './auth/verify.ts';
import type { ServerConfig } from './config.ts';
import type { Log } from './log.ts';
import { tools } from './tools/index.ts';

export interface AppOptions {
  readonly config: Pick<
    ServerConfig,
    'resource' | 'resourceAliases' | 'allowedHostnames' | 'allowedOriginHostnames' | 'issuer'
  >;
  readonly verify: (token: string) => Promise<Verdict>;
  readonly log: Log;
}

export interface App {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Ends exchanges in flight. */
  close(): Promise<void>;
}

const MCP_PATH = '/mcp';
const WELL_KNOWN = '/.well-known/oauth-protected-resource';
/** A tool call is small; the body is read before the caller's scopes are known. */
const MAX_BODY_BYTES = 1024 * 1024;
const SERVER_INFO = { name: 'authorized-mcp-server', title: 'Authorized MCP server', version: '0.1.0' };

export function createApp({ config, verify, log }: AppOptions): App {
  const mcp = createMcpHandler(() => createServer(log), {
    onerror: (error) => log.warn('mcp-request-rejected', { error }),
  });
  const app = new Hono();

  app.use(async (context, next) => {
    // The URL is built from the Host header by the HTTP adapter; in a Request without one the URL is all there is.
    const host = context.req.header('host') ?? new URL(context.req.url).host;
    const checked = validateHostHeader(host, [...config.allowedHostnames]);
    if (!checked.ok) {
      log.warn('request-refused', { reason: checked.errorCode, host });
      return context.json({ error: 'forbidden', error_description: 'This server does not answer for that Host' }, 403);
    }
    const refused = originValidationResponse(context.req.raw, [...config.allowedOriginHostnames]);
    if (refused) {
      log.warn('request-refused', { reason: 'invalid_origin', origin: context.req.header('origin') });
      return refused;
    }
    return next();
  });

  app.get('/healthz', (context) => context.json({ status: 'ok' }));

  for (const path of [WELL_KNOWN, `${WELL_KNOWN}${MCP_PATH}`])
    app.get(path, (context) => {
      const resource = resourceAt(config, context.req.url);
      context.header('access-control-allow-origin', '*');
      context.header('cache-control', 'public, max-age=300');
      return context.json(protectedResourceMetadata(resource, config.issuer.issuer));
    });

  app.all(
    MCP_PATH,
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (context) =>
        context.json({ error: 'too_large', error_description: `The limit is ${MAX_BODY_BYTES} bytes` }, 413),
    }),
    async (context) => {
      const resource = resourceAt(config, context.req.url);
      const resourceMetadataUrl = metadataUrl(resource);
      const gate = await admit(context.req.raw, verify);
      if (!gate.ok) {
        log.warn('request-refused', { refusal: gate.refusal, reason: gate.reason, hint: gate.hint });
        return refusalResponse(gate.refusal, resourceMetadataUrl);
      }
      const { principal } = gate;
      const parsed = await parseBody(context.req.raw, () => context.req.text());
      if (!parsed.ok) return context.json(PARSE_ERROR, 400);
      return mcp.fetch(context.req.raw, {
        authInfo: {
          // The token itself stops here: no tool can pass it on (MCP security best practices, "Token Passthrough").
          token: '',
          clientId: principal.clientId,
          scopes: [...principal.scopes],
          expiresAt: principal.expiresAt,
          resource: new URL(resource),
          resourceMetadataUrl,
          extra: { issuer: principal.issuer, subject: principal.subject },
        },
        ...(parsed.body === undefined ? {} : { parsedBody: parsed.body }),
      });
    },
  );

  app.onError((error, context) => {
    log.error('request-failed', { error });
    return context.json({ error: 'server_error', error_description: 'The server failed; it has logged why' }, 500);
  });

  return { fetch: (request) => app.fetch(request), close: () => mcp.close() };
}

/** One server instance; the handler makes one per request, so nothing a caller does outlives its request. */
function createServer(log: Log): McpServer {
  const server = new McpServer(SERVER_INFO, { capabilities: { tools: {} } });
  for (const register of tools) register(server, log);
  return server;
}

type Gate =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly refusal: Refusal; readonly reason: string; readonly hint?: string };

async function admit(request: Request, verify: (token: string) => Promise<Verdict>): Promise<Gate> {
  const credential = readCredential(request);
  if (credential.kind === 'none') return { ok: false, refusal: 'no_credential', reason: 'no_credential' };
  if (credential.kind === 'malformed') return { ok: false, refusal: 'invalid_request', reason: credential.reason };
  const verdict = await verify(credential.token);
  if (verdict.ok) return verdict;
  const refusal = verdict.fault === 'keys_unavailable' ? 'temporarily_unavailable' : 'invalid_token';
  return { ok: false, refusal, reason: verdict.fault, hint: verdict.hint };
}

const PARSE_ERROR = {
  jsonrpc: '2.0',
  id: null,
  error: { code: -32_700, message: 'Parse error: the body is not JSON' },
};

/** Parses a JSON body once, for the handler and its scope check alike; other media types are the handler's to refuse. */
async function parseBody(
  request: Request,
  readText: () => Promise<string>,
): Promise<{ readonly ok: true; readonly body?: unknown } | { readonly ok: false }> {
  if (request.method !== 'POST' || !/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    return { ok: true };
  try {
    return { ok: true, body: JSON.parse(await readText()) };
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false };
    throw error;
  }
}

/** The resource as this caller addresses it: a loopback alias from the closed list, or the canonical name. */
function resourceAt(config: AppOptions['config'], requestUrl: string): string {
  const { host } = new URL(requestUrl);
  return config.resourceAliases.find((alias) => new URL(alias).host === host) ?? config.resource;
}

/** Where the metadata of `resource` is: the well-known name goes between host and path (RFC 9728 §3.1). */
function metadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}${WELL_KNOWN}${pathname.replace(/\/$/, '')}`;
}

/** @see RFC 9728 §2 */
function protectedResourceMetadata(resource: string, issuer: string): Record<string, unknown> {
  return {
    resource,
    authorization_servers: [issuer],
    scopes_supported: SCOPES.map((scope) => scope.name),
    bearer_methods_supported: ['header'],
    resource_name: SERVER_INFO.title,
  };
}
