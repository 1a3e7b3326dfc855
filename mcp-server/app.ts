// The HTTP surface of the resource server: host and origin guard, well-known document, health, bearer gate, rate limit,
// /mcp. A pure request → response function; it opens no socket.

import { Hono } from 'hono';
import { principalKey } from './admitted-request.ts';
import { refusalResponse } from './auth/challenge.ts';
import { createProofCheck } from './auth/dpop.ts';
import { admit, authInfoOf } from './auth/gate.ts';
import type { Verdict } from './auth/principal.ts';
import { createChangeFeed } from './change-feed.ts';
import type { ServerConfig } from './config.ts';
import { createServerFactory, type RegisterExtras, SERVER_INFO } from './create-server.ts';
import { checkHost } from './host-guard.ts';
import type { Log } from './log.ts';
import { createMcpEndpoint } from './mcp-endpoint.ts';
import type { Notebook } from './notebook/notebook.ts';
import { createRateLimit } from './rate-limit.ts';
import { countMessages, isDeclaredTooLarge, MAX_BODY_BYTES, parseBody, type RefusedBody } from './request-body.ts';
import { requestIdOf } from './request-id.ts';
import { resourceAt, resourceMetadata, resourceMetadataUrl, WELL_KNOWN_PATH } from './resource-metadata.ts';
import { describeRequest, NO_TRACING, type Tracing } from './tracing.ts';

export interface AppOptions {
  readonly config: ServerConfig;
  readonly verify: (token: string) => Promise<Verdict>;
  readonly log: Log;
  /** The notes of all callers; whoever opened it closes it. */
  readonly notebook: Notebook;
  /** Whether tokens can be verified now, for `/readyz`; default always. */
  readonly isReady?: () => Promise<boolean>;
  /** Default none. */
  readonly tracing?: Tracing;
  /** Clock in milliseconds, for the rate limit and proofs of possession; default the system's. */
  readonly now?: () => number;
  /** What the server offers besides its own tools; default nothing. */
  readonly extras?: RegisterExtras | undefined;
}

export interface App {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Ends the streams that only wait for news; calls in flight go on. The first step of an orderly stop. */
  endStandingStreams(): void;
  /** Ends sessions and exchanges in flight. */
  close(): Promise<void>;
}

const MCP_PATH = '/mcp';

export function createApp(options: AppOptions): App {
  const { config, verify, log, isReady = async () => true, tracing = NO_TRACING, now } = options;
  const changes = createChangeFeed();
  const factory = createServerFactory({
    log,
    changes,
    notebook: options.notebook,
    toolVisibility: config.toolVisibility,
    extras: options.extras,
  });
  const endpoint = createMcpEndpoint({ factory, changes, log });
  const checkProof = createProofCheck(now);
  const waitSecondsOf = createRateLimit({ perMinute: config.rateLimitPerMinute, now });
  const app = new Hono<{ Variables: { requestId: string; log: Log } }>();

  app.use(async (context, next) => {
    const startedAtMs = performance.now();
    const requestId = requestIdOf(context.req.header('x-request-id'));
    context.set('requestId', requestId);
    context.set('log', log.with({ request_id: requestId }));
    await next();
    context.res.headers.set('x-request-id', requestId);
    context.var.log.debug('request', {
      method: context.req.method,
      route: ROUTES.includes(context.req.path) ? context.req.path : 'other',
      status: context.res.status,
      duration_ms: Math.round((performance.now() - startedAtMs) * 10) / 10,
    });
  });

  app.use(async (context, next) => {
    const checked = checkHost(context.req.raw, config);
    if (checked.ok) return next();
    context.var.log.warn('request-refused', { reason: checked.reason, hint: checked.hint });
    return checked.response;
  });

  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', async (context) =>
    (await isReady()) ? context.json({ status: 'ok' }) : context.json({ status: 'issuer_unavailable' }, 503),
  );

  for (const path of METADATA_PATHS) {
    app.options(path, (context) => context.body(null, 204, { ...CORS, 'access-control-allow-methods': 'GET, HEAD' }));
    app.get(path, (context) => {
      const resource = resourceAt(config, context.req.url);
      const issuers = config.issuers.map(({ issuer }) => issuer);
      const headers = { ...CORS, 'cache-control': 'public, max-age=300' };
      return context.json(resourceMetadata(resource, issuers, SERVER_INFO.title), 200, headers);
    });
  }

  app.all(MCP_PATH, async (context) => {
    const request = context.req.raw;
    // What is said to be too large is refused by its word; of everything else nothing is read before the token is known.
    if (isDeclaredTooLarge(request))
      return context.json(problem('too_large', `The limit is ${MAX_BODY_BYTES} bytes`), 413);
    const resource = resourceAt(config, request.url);
    const metadataUrl = resourceMetadataUrl(resource);
    const admission = await admit(request, verify, { resource, checkProof });
    if (!admission.ok) {
      const { refusal, reason, hint } = admission;
      context.var.log.warn('request-refused', { refusal, reason, hint });
      return refusalResponse(refusal, metadataUrl);
    }
    const authInfo = authInfoOf(admission, resource, metadataUrl, context.var.requestId);
    const limited = (waitSeconds: number) => {
      context.var.log.warn('request-refused', { reason: 'rate_limit', hint: authInfo.clientId });
      const body = problem('rate_limited', `Too many requests. Wait ${waitSeconds} s`);
      return context.json(body, 429, { 'retry-after': String(waitSeconds) });
    };
    const principal = principalKey(authInfo);
    const waitSeconds = waitSecondsOf(principal);
    if (waitSeconds > 0) return limited(waitSeconds);
    const parsed = await parseBody(request);
    if (!parsed.ok) return context.json(rpcError(parsed), parsed.status);
    const further = countMessages(parsed.body) - 1;
    const waitLongerSeconds = further > 0 ? waitSecondsOf(principal, further) : 0;
    if (waitLongerSeconds > 0) return limited(waitLongerSeconds);
    const describe = () => describeRequest(parsed.body, request.headers);
    return tracing.trace(describe, () =>
      endpoint.handle({ request, authInfo, parsedBody: parsed.body, recheck: admission.recheck }),
    );
  });

  app.onError((error, context) => {
    // Who hangs up in the middle of a body has done nothing wrong, and gets no answer any more.
    if (context.req.raw.signal.aborted || isConnectionLoss(error)) {
      context.var.log.debug('request-aborted');
      return context.body(null, 400);
    }
    log.error('request-failed', { request_id: context.var.requestId, error });
    return context.json(problem('server_error', 'The server failed; it has logged why'), 500);
  });

  return {
    fetch: (request) => app.fetch(request),
    endStandingStreams: () => endpoint.endStandingStreams(),
    close: () => endpoint.close(),
  };
}

const METADATA_PATHS = [WELL_KNOWN_PATH, `${WELL_KNOWN_PATH}${MCP_PATH}`];
/** Known paths, so that a caller cannot fill the metrics with names of its own. */
const ROUTES = [MCP_PATH, '/healthz', '/readyz', ...METADATA_PATHS];
const CORS = { 'access-control-allow-origin': '*' };

function problem(error: string, description: string): { error: string; error_description: string } {
  return { error, error_description: description };
}

/** @see JSON-RPC 2.0 §5.1 */
function rpcError({ id, code, message }: Pick<RefusedBody, 'id' | 'code' | 'message'>) {
  return { jsonrpc: '2.0', id, error: { code, message } };
}

function isConnectionLoss(error: Error): boolean {
  return 'code' in error && ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(error.code));
}
