// The HTTP surface of the resource server: host and origin guard, well-known document, health, bearer gate, /mcp.
// A pure request → response function; it opens no socket.

import { originValidationResponse, validateHostHeader } from '@modelcontextprotocol/server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { refusalResponse } from './auth/challenge.ts';
import { admit, authInfoOf } from './auth/gate.ts';
import type { Verdict } from './auth/principal.ts';
import type { ServerConfig } from './config.ts';
import { createServerFactory, SERVER_INFO } from './create-server.ts';
import type { Log } from './log.ts';
import { createMcpEndpoint } from './mcp-endpoint.ts';
import { resourceAt, resourceMetadata, resourceMetadataUrl, WELL_KNOWN_PATH } from './resource-metadata.ts';

export interface AppOptions {
  readonly config: Pick<
    ServerConfig,
    'resource' | 'resourceAliases' | 'allowedHostnames' | 'allowedOriginHostnames' | 'issuers'
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
/** A tool call is small; the body is read before the caller's scopes are known. */
const MAX_BODY_BYTES = 1024 * 1024;
const PARSE_ERROR = {
  jsonrpc: '2.0',
  id: null,
  error: { code: -32_700, message: 'Parse error: the body is not JSON' },
};

export function createApp({ config, verify, log }: AppOptions): App {
  const endpoint = createMcpEndpoint(createServerFactory({ log }), log);
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

  for (const path of [WELL_KNOWN_PATH, `${WELL_KNOWN_PATH}${MCP_PATH}`])
    app.get(path, (context) => {
      const resource = resourceAt(config, context.req.url);
      context.header('access-control-allow-origin', '*');
      context.header('cache-control', 'public, max-age=300');
      return context.json(
        resourceMetadata(
          resource,
          config.issuers.map(({ issuer }) => issuer),
          SERVER_INFO.title,
        ),
      );
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
      const metadataUrl = resourceMetadataUrl(resource);
      const admission = await admit(context.req.raw, verify);
      if (!admission.ok) {
        const { refusal, reason, hint } = admission;
        log.warn('request-refused', { refusal, reason, hint });
        return refusalResponse(refusal, metadataUrl);
      }
      const parsed = await parseBody(context.req.raw, () => context.req.text());
      if (!parsed.ok) return context.json(PARSE_ERROR, 400);
      return endpoint.handle({
        request: context.req.raw,
        authInfo: authInfoOf(admission.principal, resource, metadataUrl),
        parsedBody: parsed.body,
      });
    },
  );

  app.onError((error, context) => {
    log.error('request-failed', { error });
    return context.json({ error: 'server_error', error_description: 'The server failed; it has logged why' }, 500);
  });

  return { fetch: (request) => app.fetch(request), close: () => endpoint.close() };
}

/** Parses a JSON body once, for the handler and its scope check alike; other media types are the handler's to refuse. */
async function parseBody(
  request: Request,
  readText: () => Promise<string>,
): Promise<{ readonly ok: true; readonly body?: unknown } | { readonly ok: false }> {
  const isJson = /^application\/json\b/i.test(request.headers.get('content-type') ?? '');
  if (request.method !== 'POST' || !isJson) return { ok: true };
  try {
    return { ok: true, body: JSON.parse(await readText()) };
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false };
    throw error;
  }
}
